"""`python -m kerasmm.classify`: the labels of pictures, asked of an export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, guarded, progress

if TYPE_CHECKING:
    from kerasmm.serving.loaded import LoadedExport
    from kerasmm.serving.picture_files import BadPicture

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
    from kerasmm.serving.loaded import LoadedExport
    from kerasmm.serving.picture_files import say_bad

    export = LoadedExport(arguments.model)
    if "image" not in export.inputs.get(SIGNATURE, ()):
        raise UserError(
            f"{export.folder}: has no signature {SIGNATURE!r}: its training posts have no labels, or it was exported by an "
            f"older version (it has: {', '.join(export.inputs)})"
        )
    bad: list[BadPicture] = []
    answered = _answered(export, arguments.image, arguments.k, bad, arguments.quiet)
    say_bad(bad, len(arguments.image))
    if arguments.json:
        content = {
            "model": str(export.folder),
            "results": [
                {"image": str(path), "labels": [{"label": label, "score": score} for label, score in labels]}
                for path, labels in answered
            ],
            "bad": [{"image": str(one.path), "problem": one.problem} for one in bad],
        }
        print(json.dumps(content, indent=2, ensure_ascii=False))
    else:
        from kerasmm.serving.table import print_table

        rows = [(str(path), label, f"{score:.4f}") for path, labels in answered for label, score in labels]
        print_table(("picture", "label", "confidence"), rows, right=("confidence",))
    return 0


def _answered(
    export: LoadedExport, paths: list[Path], k: int, bad: list[BadPicture], quiet: bool
) -> list[tuple[Path, list[tuple[str, float]]]]:
    """Labels and confidences by picture; pictures that can't be read go to `bad`."""
    import numpy as np

    from kerasmm.serving.picture_files import read_pictures, undecodable

    answered = []
    with progress(quiet) as bar:
        task = bar.add_task("classifying", total=len(paths), note="")
        for some in read_pictures(paths, bad):
            images = np.empty(len(some), object)
            images[:] = [content for _, content in some]
            answer = export.answer(SIGNATURE, {"image": images})
            for row, (path, _) in enumerate(some):
                if not answer["valid"][row]:
                    bad.append(undecodable(path))
                    continue
                labels = (label.decode() for label in answer["labels"][row][:k])
                answered.append((path, list(zip(labels, answer["scores"][row][:k].tolist(), strict=True))))
            bar.advance(task, len(some))
        bar.update(task, completed=len(paths))
    return answered


if __name__ == "__main__":
    sys.exit(guarded(main))
