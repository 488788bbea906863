"""`python -m kerasmm COMMAND …`, the same as `python -m kerasmm.COMMAND …`; without a command: what there is."""

from __future__ import annotations

import importlib
import sys

import kerasmm
from kerasmm.console import Parser, UserError, guarded, nearest, show

COMMANDS = ("fit", "evaluate", "compare", "export", "index", "search", "label", "attend", "users", "draw")
"""In the order of use. What a command does is said by the first line of its module."""

ALIASES = ("annotate", "classify", "sentences", "connotations")
"""Former names, for one version."""


def parser() -> Parser:
    """The command line, up to the command."""
    made = Parser(
        prog="python -m kerasmm",
        description=listing(),
        usage="%(prog)s [-h] [--version] COMMAND …",
        example="python -m kerasmm search --model saved_models/dman --tag snow   # as python -m kerasmm.search …",
    )
    made.add_argument(
        "command", nargs="?", metavar="COMMAND", help="one of these; `COMMAND --help` has its options and an example"
    )
    made.add_argument("--version", action="store_true", help="versions of kerasmm, TensorFlow and Keras")
    return made


def listing() -> str:
    """What there is, a line each."""
    abouts = {name: _about(f"kerasmm.{name}") for name in COMMANDS}
    abouts["python -m data_prep"] = "builds the data sets that these are about, from posts as publishers lay them out"
    width = max(map(len, abouts))
    return "\n".join(["commands:", *(f"  {name:{width}}  {about}" for name, about in abouts.items())])


def _about(module: str) -> str:
    """What a command does, from the first line of its module: "`python -m …`: does this."."""
    first = (importlib.import_module(module).__doc__ or "").partition("\n")[0]
    return first.partition("`: ")[2].rstrip(".")


def version() -> str:
    """Versions that matter in a report, without importing the packages."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    found = {"kerasmm": kerasmm.__version__}
    for name in ("TensorFlow", "Keras"):
        try:
            found[name] = installed(name.lower())
        except PackageNotFoundError:
            found[name] = "not installed"
    return ", ".join(f"{name} {number}" for name, number in found.items())


def main(argv: list[str]) -> int:
    """Calls the command that is named first."""
    if not argv:
        show(f"{listing()}\n\n`python -m kerasmm COMMAND --help` has a command's options and an example.")
        return 0
    if argv[0] == "--version":
        show(version())
        return 0
    name = argv[0]
    if name.startswith("-"):
        parser().parse_args(argv)
    if name not in (*COMMANDS, *ALIASES):
        raise UserError(f"no command {name!r}; there are: {', '.join(COMMANDS)}.{nearest(name, COMMANDS)}")
    code: int = importlib.import_module(f"kerasmm.{name}").main(argv[1:])
    return code


def run() -> int:
    """The console script `kerasmm`."""
    return guarded(main)


if __name__ == "__main__":
    sys.exit(run())
