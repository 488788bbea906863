"""Who may import whom, downwards only."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the top down; a part may import parts of lower levels, and its own.
LEVELS = [
    {"fit", "compare", "evaluate", "export", "search", "attend", "classify", "sentences", "annotate", "connotations"},
    {"serving", "evaluation", "training"},
    {"systems"},
    {"registration"},
    {"models", "text", "encoders", "data"},
    {"layers", "losses", "metrics"},
    {"named_configs", "settings", "settings_list"},
    {"console", "lazy", "rows"},
]
DATA_PREP_MAY = {"data", "encoders", "settings", "settings_list", "console"}


def imported(path: Path) -> set[str]:
    """Modules of ours that a file imports anywhere, also inside functions and for type checking only."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


def part(module: str) -> str | None:
    """`kerasmm.data.post` → `data`."""
    pieces = module.split(".")
    return pieces[1] if pieces[0] == "kerasmm" and len(pieces) > 1 and level(pieces[1]) is not None else None


def level(name: str) -> int | None:
    return next((place for place, names in enumerate(LEVELS) if name in names), None)


FILES = sorted((ROOT / "kerasmm").rglob("*.py"))


def test_every_part_has_a_level():
    parts = {path.relative_to(ROOT / "kerasmm").parts[0].removesuffix(".py") for path in FILES} - {"__init__"}
    assert {name for name in parts if level(name) is None} == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_downwards(path):
    own = path.relative_to(ROOT / "kerasmm").parts[0].removesuffix(".py")
    if own == "__init__":
        return  # the door: it opens every room, when asked
    for module in imported(path):
        other = part(module)
        if other is None or other == own:
            continue
        if level(own) == level(other) == 0:
            continue  # fit calls evaluate and export
        assert level(other) > level(own), f"{own} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_layers_losses_and_metrics_run_on_any_backend(path):
    if path.relative_to(ROOT / "kerasmm").parts[0].removesuffix(".py") in LEVELS[5] | {"rows"}:
        assert not {module for module in imported(path) if module.split(".")[0] in ("tensorflow", "jax", "torch")}


@pytest.mark.parametrize(
    "path", sorted((ROOT / "data_prep").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_data_prep_shares_only_posts_and_encoders(path):
    assert {part(module) for module in imported(path)} - {None} <= DATA_PREP_MAY


def test_only_fit_reaches_data_prep():
    users = {
        str(path.relative_to(ROOT)) for path in FILES if any(m.split(".")[0] == "data_prep" for m in imported(path))
    }
    assert users <= {"kerasmm/fit.py"}
