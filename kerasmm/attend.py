"""`python -m kerasmm.attend`: where a word looks in a picture, asked of an export."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import Parser, console, guarded, progress

if TYPE_CHECKING:
    from kerasmm.asking.attention import Attention
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.asking.picture_files import BadPicture
    from kerasmm.drawing.sheet import Row


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
    made.add_argument("--image", type=Path, nargs="+", action="extend", required=True, help="JPEG or PNG pictures")
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
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.asking.picture_files import say_bad
    from kerasmm.asking.query import known_words

    export = LoadedExport(arguments.model)
    require_attention(export)
    words = list(dict.fromkeys(known_words(export, {"tags": arguments.word})["tags"]))
    bad: list[BadPicture] = []
    answered, rows = _answered(export, arguments.image, words, bad, bool(arguments.output), arguments.quiet)
    say_bad(bad, len(arguments.image))
    if arguments.json:
        _print_json(export, answered, bad)
    else:
        _print_table(answered)
    if arguments.output:
        from kerasmm.drawing.sheet import draw_sheet

        draw_sheet(rows, arguments.output, "Before a word: its confidence.")
        console(arguments.quiet).print(f"wrote {arguments.output}", soft_wrap=True)
    return 0


Answered = list[tuple[Path, list["Attention"]]]


def _answered(
    export: LoadedExport, paths: list[Path], words: list[str], bad: list[BadPicture], drawn: bool, quiet: bool
) -> tuple[Answered, list[Row]]:
    """Attention by picture, and its row of the sheet where one is drawn; pictures that can't be read go to `bad`."""
    from kerasmm.asking.attention import attention
    from kerasmm.asking.picture_files import read_pictures, undecodable

    answered: Answered = []
    rows: list[Row] = []
    with progress(quiet) as bar:
        task = bar.add_task("looking at the pictures", total=len(paths) * len(words), note="")
        for some in read_pictures(paths, bad):
            found = attention(export, [content for _, content in some], words, lambda asked: bar.advance(task, asked))
            for (path, content), looks in zip(some, found, strict=True):
                if looks is None:
                    bad.append(undecodable(path))
                    continue
                answered.append((path, looks))
                rows += [_row(path, content, looks)] if drawn else []
        bar.update(task, completed=len(paths) * len(words))
    return answered, rows


def _row(path: Path, content: bytes, looks: list[Attention]) -> Row:
    from kerasmm.asking.looks import caption
    from kerasmm.drawing.heat import picture_pixels
    from kerasmm.drawing.sheet import PIXELS, Panel, Row

    pixels = picture_pixels(content, PIXELS)
    maps = (Panel(pixels, caption(one, named=True), one.weights) for one in looks)
    return Row(path.name, (Panel(pixels), *maps), begins=True)


def _print_json(export: LoadedExport, answered: Answered, bad: list[BadPicture]) -> None:
    def one(path: Path, found: Attention) -> dict[str, Any]:
        row, column = found.peak
        place = {"weight": found.largest, "row": row, "column": column, "box": list(found.box)}
        return {"image": str(path), "word": found.word, "score": found.score, **place, "map": found.weights.tolist()}

    content = {
        "model": str(export.folder),
        "results": [one(path, found) for path, looks in answered for found in looks],
        "bad": [{"image": str(one.path), "problem": one.problem} for one in bad],
    }
    print(json.dumps(content, indent=2, ensure_ascii=False))


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
