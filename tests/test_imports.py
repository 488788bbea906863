"""Who may import whom, downwards only."""

from __future__ import annotations

import ast
import re
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# From the top down; a part may import parts of lower levels, and its own.
LEVELS = [
    {"__main__"},
    {"fit", "compare", "evaluate", "export", "index", "search", "attend", "label", "users", "draw"}
    | {"classify", "sentences", "annotate", "connotations"},  # former names
    {"runs", "asking"},
    {"serving"},
    {"systems"},
    {"evaluation", "drawing"},
    {"registration"},
    {"models", "text", "tag_vectors", "encoders", "data"},
    {"layers", "losses", "metrics"},
    {"named_configs", "settings_list"},
    {"settings"},
    {"files"},
    {"console", "lazy", "rows"},
    {"terminal"},
    {"printable"},
    {"faults"},
]
ANY_BACKEND = {"layers", "losses", "metrics", "rows"}
DATA_PREP_MAY = {
    "data",
    "encoders",
    "settings",
    "settings_list",
    "named_configs",
    "files",
    "console",
    "faults",
    "printable",
}

# What names no paper is what a further paper needn't touch. Docstrings and comments may cite the paper that a formula is
# from, and commands show an example; the rest of the code is held. Benchmarks measure one paper each, as tests do.
REGISTRIES = {"kerasmm/systems/__init__.py"}
"""Where a paper is entered. `kerasmm/models` has a function a network, named after its paper."""
IN_MESSAGES = {
    "kerasmm/export.py",
    "kerasmm/index.py",
    "kerasmm/serving/check.py",
    "kerasmm/fit.py",
    "kerasmm/compare.py",
}
"""Their help and errors say `e.g. saved_models/dman`, so that one sees what such a folder is."""


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
        if level(own) == level(other) == 1:
            continue  # fit calls evaluate and export
        assert level(other) > level(own), f"{own} imports {module}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_layers_losses_and_metrics_run_on_any_backend(path):
    if path.relative_to(ROOT / "kerasmm").parts[0].removesuffix(".py") in ANY_BACKEND:
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


class Bare(ast.NodeTransformer):
    """Code without docstrings and without the `example` that a command shows."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        return None if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str) else node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        node.keywords = [keyword for keyword in node.keywords if keyword.arg != "example"]
        return self.generic_visit(node)


ORDINARY = {"hashtag"}
"""Papers named by a word that others need, too."""


def naming_lines(code: str, papers: set[str]) -> list[str]:
    """Lines of code, without comments, docstrings and examples, that name a paper."""
    # A name that is a word of the field names the paper only as a module, or where it is compared with.
    named = [rf"systems\.{name}|{name}_model|[=!]= '{name}'" if name in ORDINARY else name for name in sorted(papers)]
    word = re.compile("|".join(named), re.IGNORECASE)
    return [line.strip() for line in ast.unparse(Bare().visit(ast.parse(code))).splitlines() if word.search(line)]


def of_a_paper(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    own = parts[:2] == ("kerasmm", "systems") and path.parent.name in PAPERS
    return own or parts[:2] in (("kerasmm", "models"), ("kerasmm", "configs"))


PAPERS = {path.parent.name for path in (ROOT / "kerasmm" / "systems").glob("*/system.py")}


@pytest.mark.parametrize(
    "path",
    [path for path in [*FILES, *sorted((ROOT / "data_prep").rglob("*.py"))] if not of_a_paper(path)],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_only_its_own_folder_names_a_paper(path):
    if str(path.relative_to(ROOT)) not in REGISTRIES | IN_MESSAGES:
        assert naming_lines(path.read_text(encoding="utf-8"), PAPERS) == []


def test_names_are_found_in_code_alone():
    assert {"cmem", "dman", "webly"} <= PAPERS
    code = '''
        """As CMEM's paper has it."""
        # DMAN, section 4.3
        import a.dman.b
        made = Parser(example="fit --model dman", help="dman or so")
        class Webly:
            """webly"""
            said: str
            """CMEM"""
        key = f"x{1}cmem"
        import a.systems.hashtag.b
        columns = ("hashtag", "hashtags")
        if name == "hashtag":
            pass
    '''
    found = naming_lines(textwrap.dedent(code), PAPERS)
    assert found == [
        "import a.dman.b",
        "made = Parser(help='dman or so')",
        "class Webly:",
        "key = f'x{1}cmem'",
        "import a.systems.hashtag.b",
        "if name == 'hashtag':",
    ]
