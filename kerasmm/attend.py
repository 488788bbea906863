"""`python -m kerasmm.attend`: asks an export where a word looks in a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import Parser, console, guarded, progress, show

if TYPE_CHECKING:
    from kerasmm.asking.attention import Attention
    from kerasmm.asking.export import Attended, Export
    from kerasmm.asking.pictures import BadPicture
    from kerasmm.drawing.sheet_row import Row


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.attend",
        description="Prints where words look in pictures: how sure the model is of the word, the largest weight of its\n"
        "heat map, the cell of that weight (counted from 0), and where the cell lies in shares of the picture.",
        example="python -m kerasmm.attend --model saved_models/dman --image photo.jpg --word sea --output sheet.png",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument(
        "--image", type=Path, nargs="+", action="extend", required=True, help="pictures: JPEG, PNG, GIF, BMP or WebP"
    )
    made.add_argument("--word", action="append", required=True, metavar="W", help="a tag of the vocabulary; repeatable")
    made.add_argument("--output", type=Path, metavar="FILE", help="draw the heat maps here: .png, .pdf, .svg")
    made.add_argument("--json", action="store_true", help="print JSON, whole maps included, instead of a table")
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    if arguments.output:
        from kerasmm.drawing.sheet import check_sheet_path, check_sheet_size

        check_sheet_path(arguments.output)
        check_sheet_size(len(arguments.image), 1 + len(arguments.word))
    from kerasmm.asking.attention import require_attention
    from kerasmm.asking.export import Export
    from kerasmm.asking.pictures import bad_pictures, say_bad
    from kerasmm.asking.query import known_words

    export = Export(arguments.model, quiet=arguments.quiet)
    require_attention(export)
    words = list(dict.fromkeys(known_words(export, {"tags": arguments.word})["tags"]))
    asked, rows = _asked(export, arguments.image, words, bool(arguments.output), arguments.quiet)
    bad = bad_pictures((path, one.problem) for path, one in asked)
    say_bad(bad, len(arguments.image))
    answered = [(path, one.looks) for path, one in asked if not one.problem]
    if arguments.json:
        _print_json(export, answered, bad)
    else:
        _print_table(answered)
    if arguments.output:
        from kerasmm.drawing.sheet import draw_sheet

        draw_sheet(rows, arguments.output, "Before a word: its confidence.")
        console(arguments.quiet).print(f"wrote {arguments.output}", soft_wrap=True)
    return 0


Answered = Sequence[tuple[Path, Sequence["Attention"]]]


def _asked(
    export: Export, paths: list[Path], words: list[str], drawn: bool, quiet: bool
) -> tuple[list[tuple[Path, Attended]], list[Row]]:
    """What each picture was answered, and its row of the sheet where one is drawn."""
    from kerasmm.asking.export import Attended
    from kerasmm.asking.pictures import AT_A_TIME, bytes_or_problem

    asked: list[tuple[Path, Attended]] = []
    rows: list[Row] = []
    with progress(quiet) as bar:
        task = bar.add_task("looking at the pictures", total=len(paths) * len(words), note="")
        for start in range(0, len(paths), AT_A_TIME):
            # Read here, since a sheet shows them: a file may be a pipe, which can be read once.
            read = [(path, bytes_or_problem(path)) for path in paths[start : start + AT_A_TIME]]
            good = [content for _, content in read if isinstance(content, bytes)]
            found = iter(export.attend(good, words, advance=lambda some: bar.advance(task, some)))
            for path, content in read:
                answer = Attended((), content) if isinstance(content, str) else next(found)
                asked.append((path, answer))
                if drawn and isinstance(content, bytes) and not answer.problem:
                    rows.append(_row(path, content, answer.looks))
        bar.update(task, completed=len(paths) * len(words))
    return asked, rows


def _row(path: Path, content: bytes, looks: Sequence[Attention]) -> Row:
    from kerasmm.asking.looks import caption
    from kerasmm.drawing.heat import picture_pixels
    from kerasmm.drawing.sheet import PIXELS
    from kerasmm.drawing.sheet_row import Panel, Row

    pixels = picture_pixels(content, PIXELS)
    maps = (Panel(pixels, caption(one, named=True), one.weights) for one in looks)
    return Row(path.name, (Panel(pixels), *maps), begins=True)


def _print_json(export: Export, answered: Answered, bad: Sequence[BadPicture]) -> None:
    def one(path: Path, found: Attention) -> dict[str, Any]:
        row, column = found.peak
        place = {"weight": found.largest, "row": row, "column": column, "box": list(found.box)}
        return {"image": str(path), "word": found.word, "score": found.score, **place, "map": found.weights.tolist()}

    content = {
        "model": str(export.folder),
        "results": [one(path, found) for path, looks in answered for found in looks],
        "bad": [{"image": str(one.path), "problem": one.problem} for one in bad],
    }
    show(json.dumps(content, indent=2, ensure_ascii=False))


def _print_table(answered: Answered) -> None:
    from kerasmm.asking.table import print_table

    rows = []
    for path, looks in answered:
        for found in looks:
            (row, column), (top, left, bottom, right) = found.peak, found.box
            sure = "" if found.score is None else f"{found.score:.4f}"
            cell = (f"{found.largest:.4f}", str(row), str(column), f"{top:.2f}–{bottom:.2f}", f"{left:.2f}–{right:.2f}")
            rows.append((str(path), found.word, sure, *cell))
    columns = ("picture", "word", "confidence", "weight", "row", "column", "from the top", "from the left")
    print_table(columns, rows, right=columns[2:])


if __name__ == "__main__":
    sys.exit(guarded(main))
