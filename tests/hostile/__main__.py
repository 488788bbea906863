"""`python -m tests.hostile DIR`: writes hostile files, to try a command on them by hand."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from kerasmm.console import OK, UserError, guarded
from tests.hostile.recipes import recipes, written


def main(argv: list[str]) -> int:
    """Writes the recipes and prints where each lies."""
    parser = argparse.ArgumentParser(prog="python -m tests.hostile", description="Write hostile files.")
    parser.add_argument("folder", type=Path, nargs="?", metavar="DIR", help="where to; a folder each")
    parser.add_argument("--only", metavar="NAME", help="just those whose name begins so, e.g. `pictures/`")
    parser.add_argument("--list", action="store_true", help="print their names and what they are")
    options = parser.parse_args(argv)
    chosen = {name: make for name, make in recipes().items() if name.startswith(options.only or "")}
    if not chosen:
        raise UserError(f"no recipe begins with {options.only!r}; `--list` prints them")
    if options.list:
        for name, make in chosen.items():
            print(f"{name:40} {(make.__doc__ or '').splitlines()[0]}")
        return OK
    if options.folder is None:
        raise UserError("expected a folder to write to, or `--list`")
    for name in chosen:
        print(written(name, options.folder))
    return OK


if __name__ == "__main__":
    sys.exit(guarded(main))
