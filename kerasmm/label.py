"""`python -m kerasmm.label`: asks an export what pictures are called, or pictures and their texts."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, guarded, progress, show, whole

if TYPE_CHECKING:
    import argparse

    from kerasmm.asking.export import Export
    from kerasmm.asking.labels import Labelled
    from kerasmm.asking.pairs import Pair
    from kerasmm.asking.pictures import BadPicture

HEADINGS = {"annotate": ("connotation", "score"), "classify": ("label", "confidence")}
"""What the columns of labels and scores are called, by the signature that answered."""

ASKERS = {"user": "--user", "user_vector": "--users"}
"""Inputs that say for whom, and their options."""

_SHOWN_LETTERS = 40


def parser() -> Parser:
    """The command line."""
    from kerasmm.systems.signature_inputs import INPUTS, USERS_HELP

    made = Parser(
        prog="python -m kerasmm.label",
        description="Prints what pictures are called, or pictures and the texts with them: labels, best first, with their\n"
        "scores. Where the model has a classifier these are confidences; else they say which of two labels fits better,\n"
        "and are no probabilities.",
        example="python -m kerasmm.label --model saved_models/dman --image photo.jpg other.jpg -k 3\n"
        "  python -m kerasmm.label --model saved_models/cmem --image photo.jpg --text 'Leave or remain?' -k 3\n"
        "  python -m kerasmm.label --model saved_models/cmem --image a.jpg b.jpg --text 'first tweet' 'second tweet'\n"
        "  python -m kerasmm.label --model saved_models/cmem --pairs tweets/pairs.csv --json\n"
        "  python -m kerasmm.label --model saved_models/hashtag --image photo.jpg --user ann",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument("--image", type=Path, nargs="+", action="extend", help="pictures: JPEG, PNG, GIF, BMP or WebP")
    made.add_argument(
        "--text", nargs="+", action="extend",
        help="what is said with each picture, in their order; '' where nothing is",
    )  # fmt: skip
    made.add_argument(
        "--pairs", type=Path, metavar="FILE",
        help="many pairs: a .csv file with a header line, or a .jsonl file, with the columns image and text; "
        "pictures lie in its folder",
    )  # fmt: skip
    made.add_argument("--user", metavar="U", help=INPUTS["user"].help)
    made.add_argument("--users", type=Path, metavar="FILE", help=USERS_HELP)
    made.add_argument("-k", type=whole(), default=5, help="how many labels a picture or pair (default: 5)")
    made.add_argument("--json", action="store_true", help="print JSON instead of a table")
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    if arguments.k < 1:
        raise UserError(f"-k must be at least 1. Received: -k {arguments.k}")
    from kerasmm.asking.export import Export
    from kerasmm.asking.fitted_users import asked_user, say_unknown_user
    from kerasmm.asking.pictures import bad_pictures, say_bad

    export = Export(arguments.model, quiet=arguments.quiet)
    asker = asked_user(export, arguments.users, arguments.user)
    signature, pairs = _asked(arguments, export, list(asker))
    images = None if pairs[0].image is None else [pair.image for pair in pairs if pair.image is not None]
    texts = None if pairs[0].text is None else [pair.text or "" for pair in pairs]
    with progress(arguments.quiet) as bar:
        task = bar.add_task("asking for labels", total=len(pairs), note="")
        answers = export.label(images, texts, **asker, k=arguments.k, advance=lambda asked: bar.advance(task, asked))
    bad = bad_pictures((pair.image, answer.problem) for pair, answer in zip(pairs, answers, strict=True))
    say_bad(bad, len(pairs))
    answered = [(pair, answer) for pair, answer in zip(pairs, answers, strict=True) if not answer.problem]
    if any(answer.known is False for _, answer in answered):
        say_unknown_user(export, arguments.user, arguments.quiet)
    if arguments.json:
        _print_json(export, answered, bad)
    else:
        _print_table(answered, *HEADINGS.get(signature, ("label", "score")))
    return 0


def _asked(arguments: argparse.Namespace, export: Export, asker: list[str]) -> tuple[str, list[Pair]]:
    """The signature that answers, and what it is asked: each pair has what it takes."""
    from kerasmm.asking.labels import label_signatures
    from kerasmm.asking.pairs import paired, read_pairs
    from kerasmm.asking.query import as_given
    from kerasmm.systems.signature_inputs import INPUTS

    takes = {
        name: [one for one in ("image", "text", *ASKERS) if one in export.inputs[name]]
        for name in sorted(label_signatures(export))
    }
    needs = {name: [one for one in of_one if INPUTS[one].neutral is None] for name, of_one in takes.items()}
    of_pictures = [name for name in ("image", "text") if getattr(arguments, name) is not None]
    pairs = arguments.pairs
    if pairs and of_pictures:
        raise UserError(f"--pairs names pictures and texts; leave --{of_pictures[0]} out")
    asked = {*asker, *of_pictures}
    # A file holds all that a model can be asked by.
    offered = asked | {"image", "text"} if pairs else asked
    fitting = [name for name in takes if set(needs[name]) <= offered and asked <= set(takes[name])]
    if not fitting:
        expected = " or ".join(
            dict.fromkeys(" and ".join(ASKERS.get(one, f"--{one}") for one in of_one) for of_one in needs.values())
        )
        received = " and ".join(ASKERS.get(name, f"--{name}") for name in [*of_pictures, *asker]) or "neither"
        raise UserError(f"{export.folder}: is asked by {expected} together, or --pairs. Received: {received}")
    signature = max(fitting, key=lambda name: len(takes[name]))
    if pairs:
        return signature, read_pairs(pairs, [one for one in takes[signature] if one not in ASKERS])
    if arguments.image is None and not all(text.strip() for text in arguments.text):
        raise UserError("--text holds no words; expected a text, e.g. --text 'Leave or remain?'")
    return signature, paired(arguments.image, arguments.text and [as_given(text) for text in arguments.text])


Answered = Sequence[tuple["Pair", "Labelled"]]


def _print_json(export: Export, answered: Answered, bad: Sequence[BadPicture]) -> None:
    """Prints every pair with its labels, and the pictures that were set aside."""

    def one(pair: Pair, labelled: Labelled) -> dict[str, object]:
        image = {} if pair.image is None else {"image": str(pair.image)}
        text = {} if pair.text is None else {"text": pair.text}
        known = {} if labelled.known is None else {"known": labelled.known}
        return {
            **image,
            **text,
            **known,
            "labels": [{"label": one.name, "score": one.score} for one in labelled.labels],
        }

    content = {
        "model": str(export.folder),
        "results": [one(pair, labelled) for pair, labelled in answered],
        "bad": [{"image": str(one.path), "problem": one.problem} for one in bad],
    }
    show(json.dumps(content, indent=2, ensure_ascii=False))


def _print_table(answered: Answered, label: str, score: str) -> None:
    """Prints a line a label: picture, the beginning of the text, label, score; without a column that would be empty."""
    from kerasmm.asking.table import print_table

    images = any(pair.image is not None for pair, _ in answered)
    texts = any(pair.text is not None for pair, _ in answered)
    rows = []
    for pair, labelled in answered:
        about = [*([str(pair.image)] * images), *([_shortened(pair.text or "")] * texts)]
        rows += [(*about, one.name, f"{one.score:.4f}") for one in labelled.labels]
    print_table([*(["picture"] * images), *(["text"] * texts), label, score], rows, right=(score,))


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _SHOWN_LETTERS else f"{plain[: _SHOWN_LETTERS - 1].rstrip()}…"


if __name__ == "__main__":
    sys.exit(guarded(main))
