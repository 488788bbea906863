"""`python -m kerasmm.search`: finds the posts of an export, or their sentences, by tags, words or a picture."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import Parser, UserError, console, finite, guarded, show, whole
from kerasmm.files.writing import check_file_path, write_whole
from kerasmm.printable import in_a_line

if TYPE_CHECKING:
    import argparse

    from kerasmm.asking.answers import Answer, Found
    from kerasmm.asking.export import Export
    from kerasmm.asking.looks import Looks


def parser() -> Parser:
    """The command line."""
    from kerasmm.systems.signature_inputs import INPUTS, USERS_HELP

    made = Parser(
        prog="python -m kerasmm.search",
        description="Searches the posts of an export, or their sentences, by tags, by words, by a picture, or by whatever "
        "else the export answers.",
        example="python -m kerasmm.search --model saved_models/dman --tag snow --tag dog -k 10 --html found.html\n"
        "  python -m kerasmm.search --model saved_models/dman --tag sea --tag dog --each -k 5 --sheet sheet.png\n"
        "  python -m kerasmm.search --model saved_models/webly --text 'a dog runs on grass' --html found.html\n"
        "  python -m kerasmm.search --model saved_models/webly --image photo.jpg -k 5\n"
        "  python -m kerasmm.search --model saved_models/hashtag --tag rock --users users.npz --user ann",
    )
    made.add_argument(
        "--model", type=Path, required=True, help="an export: its newest version, or one version's folder"
    )
    made.add_argument("--image", type=Path, help=INPUTS["image"].help)
    made.add_argument("--vector", type=Path, metavar="FILE", help=f"{INPUTS['vector'].help}: a .npy file")
    made.add_argument("--text", help=INPUTS["text"].help)
    made.add_argument("--tag", action="append", metavar="T", help=INPUTS["tags"].help)
    made.add_argument("--each", action="store_true", help="each --tag is a question of its own")
    made.add_argument("--plus", action="append", metavar="WORD", help=INPUTS["plus"].help)
    made.add_argument("--minus", action="append", metavar="WORD", help=INPUTS["minus"].help)
    made.add_argument("--weight", type=finite, metavar="W", help=INPUTS["weight"].help)
    made.add_argument("--user", metavar="U", help=INPUTS["user"].help)
    made.add_argument("--users", type=Path, metavar="FILE", help=USERS_HELP)
    made.add_argument("-k", type=whole(), default=10, help=f"{INPUTS['k'].help} (default: 10)")
    made.add_argument(
        "--json", action="store_true", help="print JSON instead of a table; a list of answers with --each"
    )
    made.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page of pictures here, with heat maps of the tags"
    )
    made.add_argument(
        "--sheet",
        type=Path,
        metavar="FILE",
        help="draw the photos and the heat maps of the tags here: .png, .pdf, .svg",
    )
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    from kerasmm.asking.export import Export
    from kerasmm.asking.fitted_users import asked_user, say_unknown_user
    from kerasmm.systems.signature_inputs import MOST

    if not 1 <= arguments.k <= MOST:
        raise UserError(f"-k must lie in 1 … {MOST}. Received: -k {arguments.k}")
    questions = _questions(arguments)
    _check_outputs(arguments)
    export = Export(arguments.model, quiet=arguments.quiet)
    if arguments.sheet:
        from kerasmm.asking.attention import require_attention

        require_attention(export)
    asker = asked_user(export, arguments.users, arguments.user)
    answers = [export.search(**question, **asker, k=arguments.k) for question in questions]
    if any(answer.known is False for answer in answers):
        say_unknown_user(export, arguments.user, arguments.quiet)
    if arguments.json:
        _print_json(export, answers, arguments.each)
    else:
        _print_tables(answers)
    _draw(arguments, export, answers)
    return 0


def _questions(arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """What is asked, by the names that `Export.search` has for it."""
    from kerasmm.asking.query import as_given

    if arguments.text is not None and not arguments.text.strip():
        raise UserError("--text holds no words; expected a sentence, e.g. --text 'a dog runs on grass'")
    options = {
        "image": arguments.image,
        "vector": None if arguments.vector is None else _vector(arguments.vector),
        "text": None if arguments.text is None else as_given(arguments.text),
        "tags": arguments.tag,
        "plus": arguments.plus,
        "minus": arguments.minus,
        "weight": arguments.weight,
    }
    question = {name: value for name, value in options.items() if value is not None}
    if not set(question) - {"weight"}:
        raise UserError(
            "nothing to search for: give --tag, --image, --vector or --text (see `python -m kerasmm.search --help`)"
        )
    if not arguments.each:
        return [question]
    if not arguments.tag:
        raise UserError("--each makes a question of each --tag; give at least one")
    return [{**question, "tags": [tag]} for tag in arguments.tag]


def _vector(path: Path) -> Any:
    from kerasmm.data.npy import load_npy

    try:
        return load_npy(path)
    except (OSError, ValueError, EOFError, MemoryError) as error:
        raise UserError(f"--vector: {path}: can't be read as a .npy file ({str(error).splitlines()[0]})") from error


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuses what can't be written or drawn, before anything is asked."""
    page = arguments.html
    if page:
        check_file_path(page)
    if arguments.sheet:
        from kerasmm.drawing.sheet import check_sheet_path, check_sheet_size

        check_sheet_path(arguments.sheet)
        if not arguments.tag:
            raise UserError("--sheet draws where a tag looks; give at least one --tag")
        check_sheet_size(len(arguments.tag) * (2 if arguments.each else 1) + (not arguments.each), arguments.k)


def _draw(arguments: argparse.Namespace, export: Export, answers: list[Answer]) -> None:
    """The page and the sheet."""
    from kerasmm.asking.attention import has_attention
    from kerasmm.asking.looks import draw_search_sheet, looks

    if not (arguments.html or arguments.sheet):
        return
    asked = any(answer.words for answer in answers) and has_attention(export)
    found = looks(export, answers, arguments.quiet) if asked else []
    if arguments.html:
        _write_page(arguments.html, export, answers, found)
        console(arguments.quiet).print(f"wrote {arguments.html}", soft_wrap=True)
    if arguments.sheet:
        draw_search_sheet(arguments.sheet, answers, found)
        console(arguments.quiet).print(f"wrote {arguments.sheet}", soft_wrap=True)


def _write_page(path: Path, export: Export, answers: list[Answer], found: list[Looks]) -> None:
    from kerasmm.asking.page import results_page

    write_whole(path, results_page(answers, str(export.folder), found))


def _print_json(export: Export, answers: list[Answer], several: bool) -> None:
    def one(found: Found) -> dict[str, Any]:
        post = found.post
        belongs = {} if found.sentence is None else {"post": found.post_id, "text": found.sentence}
        about = {"tags": list(post.tags), "labels": list(post.labels), "text": found.text} if post else {}
        return {"rank": found.rank, "id": found.id, "score": found.score, **belongs, **about}

    def content(answer: Answer) -> dict[str, Any]:
        return {
            "model": str(export.folder),
            "signature": answer.signature,
            **({} if answer.known is None else {"known": answer.known}),
            "query": {
                name: value
                for name, value in answer.values.items()
                if not isinstance(value, bytes) and name not in ("vector", "user_vector")
            },
            "results": [one(found) for found in answer.found],
        }

    contents = [content(answer) for answer in answers]
    show(json.dumps(contents if several else contents[0], indent=2, ensure_ascii=False))


def _print_tables(answers: list[Answer]) -> None:
    for place, answer in enumerate(answers):
        if len(answers) > 1:
            show(("\n" if place else "") + in_a_line(answer.title))
        _print_table(answer.found, answer.words)


def _print_table(results: list[Found], asked: Sequence[str] = ()) -> None:
    from kerasmm.asking.page import first_tags
    from kerasmm.asking.table import print_table

    def in_cell(tags: Sequence[str]) -> str:
        shown, rest = first_tags(tags, asked)
        return ", ".join(shown) + (f" +{rest}" if rest else "")

    # The words of its photo say nothing of a sentence, which has their room; --json has them.
    sentences = any(found.sentence is not None for found in results)
    rows = []
    for found in results:
        post = found.post
        words = (in_cell(post.tags), ", ".join(post.labels)) if post else ("", "")
        rows.append((str(found.rank), found.id, f"{found.score:.4f}", *(() if sentences else words), found.text or ""))
    columns = ("rank", "id", "score", *(() if sentences else ("tags", "labels")), "text")
    print_table(columns, rows, right=("rank", "score"), cut="text")


if __name__ == "__main__":
    sys.exit(guarded(main))
