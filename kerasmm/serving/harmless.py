"""Whether an export may be loaded: it runs no foreign code, and touches nothing outside of its folder.

Asked before TensorFlow sees any of it, whenever one is loaded. A graph that wasn't seen before is told of in one line.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kerasmm.console import UserError, console
from kerasmm.files.reading import is_regular, read_regular
from kerasmm.files.within import require_within, within
from kerasmm.files.writing import write_whole

GRAPH = "saved_model.pb"
GRAPH_BYTES = 1 << 28
"""Weights and rows lie in the checkpoint; the largest graph that we made has 3 MB."""
RULES = 1
"""Of `graph_audit`; what passed other rules is told of again."""
_REMEMBERED, _LINE = 1000, len(f"{RULES} {hashlib.sha256().hexdigest()}\n") + 8


def require_harmless(version: Path, quiet: bool = False) -> set[str]:
    """Refuses an export that could read or write what isn't its own.

    Args:
        version: `saved_models/<name>/<version>`.
        quiet: Don't say that a new graph was audited.

    Returns:
        The kinds of its ops.

    Raises:
        UserError: When a link or an asset leads out of the folder, something in it is neither file nor folder, or the graph
            holds what no export does.
    """
    from kerasmm.serving.graph_audit import asset_names, graph_problems, op_kinds

    require_within(version)
    path = version / GRAPH
    for other in sorted(child.name for child in version.iterdir() if child.name.startswith("saved_model.")):
        if other != GRAPH:
            raise UserError(f"{version / other}: a second graph; expected {GRAPH} alone")
    content = read_regular(path, GRAPH_BYTES, "graph of an export")
    if problems := graph_problems(content):
        more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
        raise UserError(f"{path}: {problems[0]}{more}")
    for asset in asset_names(content):
        if not is_regular(within(version / "assets", asset, path)):
            raise UserError(f"{path}: names an asset that is not there, {asset!r}; export again")
    count, kinds = op_kinds(content)
    if _is_new(hashlib.sha256(content).hexdigest()):
        told = f"audited {path}: {count:,} ops, none of which touches other files"
        console(quiet).print(told, soft_wrap=True)
    return kinds


def audited_file() -> Path:
    """Where the graphs that passed are remembered: in the user's cache, since the export is the stranger's."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "kerasmm" / "audited"


def _is_new(digest: str) -> bool:
    """Whether a graph is told of for the first time, and remembers it; only the telling depends on it."""
    line = f"{RULES} {digest}"
    try:
        path = audited_file()
        lines = []
        if path.exists():
            lines = read_regular(path, _REMEMBERED * _LINE, "list of audited graphs").decode("ascii").split("\n")[:-1]
        if line in lines:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, "".join(f"{one}\n" for one in [*lines, line][-_REMEMBERED:]))
    except (UserError, OSError, RuntimeError, ValueError):
        # A home that is read-only, or none: then it is told of every time.
        pass
    return True
