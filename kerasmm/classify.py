"""`python -m kerasmm.classify`: the labels of pictures, asked of an export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, guarded

if TYPE_CHECKING:
    from kerasmm.asking.picture_files import BadPicture

SIGNATURE = "classify"


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.classify",
        description="Prints the most likely labels of pictures, best first, with their confidences.",
        example="python -m kerasmm.classify --model saved_models/dman --image photo.jpg other.jpg -k 3",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument("--image", type=Path, nargs="+", action="extend", required=True, help="JPEG or PNG pictures")
    made.add_argument("-k", type=int, default=5, help="how many labels a picture (default: 5)")
    made.add_argument("--json", action="store_true", help="print JSON instead of a table")
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    if arguments.k < 1:
        raise UserError(f"-k must be at least 1. Received: -k {arguments.k}")
    from kerasmm.asking.labels import ask_labels, print_labels, print_labels_json
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.asking.pairs import Pair
    from kerasmm.asking.picture_files import say_bad

    export = LoadedExport(arguments.model)
    if "image" not in export.inputs.get(SIGNATURE, ()):
        raise UserError(
            f"{export.folder}: has no signature {SIGNATURE!r}: its training posts have no labels, or it was exported by an "
            f"older version (it has: {', '.join(export.inputs)})"
        )
    bad: list[BadPicture] = []
    answered = ask_labels(
        export, SIGNATURE, [Pair(path) for path in arguments.image], arguments.k, bad, arguments.quiet
    )
    say_bad(bad, len(arguments.image))
    if arguments.json:
        print_labels_json(export, answered, bad)
    else:
        print_labels(answered, "label", "confidence")
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
