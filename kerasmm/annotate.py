"""`python -m kerasmm.annotate`: the connotations of image-tweet pairs, asked of an export."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, guarded

if TYPE_CHECKING:
    import argparse

    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.asking.pairs import Pair
    from kerasmm.asking.picture_files import BadPicture

SIGNATURE = "annotate"


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.annotate",
        description="Prints what pictures and the tweets with them connote: labels, best first, with their scores, which say\n"
        "which of two labels of a pair fits better, and are no probabilities.",
        example="python -m kerasmm.annotate --model saved_models/cmem --image photo.jpg --text 'Leave or remain?' -k 3\n"
        "  python -m kerasmm.annotate --model saved_models/cmem --image a.jpg b.jpg --text 'first tweet' 'second tweet'\n"
        "  python -m kerasmm.annotate --model saved_models/cmem --pairs tweets/pairs.csv --json",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument("--image", type=Path, nargs="+", action="extend", help="JPEG or PNG pictures")
    made.add_argument(
        "--text", nargs="+", action="extend", metavar="TWEET",
        help="what is said with each picture, in their order; '' where nothing is",
    )  # fmt: skip
    made.add_argument(
        "--pairs", type=Path, metavar="FILE",
        help="many pairs: a .csv file with a header line, or a .jsonl file, with the columns image and text; "
        "pictures lie in its folder",
    )  # fmt: skip
    made.add_argument("-k", type=int, default=5, help="how many connotations a pair (default: 5)")
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
    from kerasmm.asking.picture_files import say_bad

    export = LoadedExport(arguments.model)
    if SIGNATURE not in export.inputs:
        raise UserError(
            f"{export.folder}: has no signature {SIGNATURE!r}; expected an export of cmem (it has: {', '.join(export.inputs)})"
        )
    pairs = _pairs(arguments, export)
    bad: list[BadPicture] = []
    answered = ask_labels(export, SIGNATURE, pairs, arguments.k, bad, arguments.quiet)
    say_bad(bad, len(pairs))
    if arguments.json:
        print_labels_json(export, answered, bad)
    else:
        print_labels(answered, "connotation", "score")
    return 0


def _pairs(arguments: argparse.Namespace, export: LoadedExport) -> list[Pair]:
    """What is asked; it has what the signature takes."""
    from kerasmm.asking.pairs import paired, read_pairs
    from kerasmm.asking.query import as_given

    takes = sorted(export.inputs[SIGNATURE])
    given = [name for name in ("image", "text") if getattr(arguments, name) is not None]
    if arguments.pairs:
        if given:
            raise UserError(f"--pairs names pictures and texts; leave --{given[0]} out")
        return read_pairs(arguments.pairs, takes)
    if given != takes:
        expected = " and ".join(f"--{name}" for name in takes)
        received = " and ".join(f"--{name}" for name in given) or "neither"
        raise UserError(f"{export.folder}: is asked by {expected} together, or --pairs. Received: {received}")
    if takes == ["text"] and not all(text.strip() for text in arguments.text):
        raise UserError("--text holds no words; expected a tweet, e.g. --text 'Leave or remain?'")
    return paired(arguments.image, arguments.text and [as_given(text) for text in arguments.text])


if __name__ == "__main__":
    sys.exit(guarded(main))
