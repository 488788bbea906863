"""`python -m kerasmm.sentences`: the sentence that each stage's weights find first for some photos, on a sheet."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, nearest, progress
from kerasmm.serving.shown_posts import add_shown_posts, check_shown_posts, photo_pixels, shown_posts

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.systems.system import System
    from kerasmm.systems.webly.first_sentences import FirstSentence

KIND = "sentences"


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.sentences",
        description="Draws photos of a split with a sentence that was written about them, and what weights of a run find\n"
        "first among all sentences of the split, with the rank of the first true one (in green where that is 1).",
        example="python -m kerasmm.sentences --run runs/webly --weights 'clean=without web' 'best=with web' --output sheet.png",
    )
    made.add_argument("--run", type=Path, required=True, help="folder of a trained run")
    add_shown_posts(made, "split whose sentences are ranked")
    made.add_argument(
        "--weights", nargs="+", metavar="NAME[=TITLE]",
        help="weights of the run to compare, and how the sheet calls them (default: all that it has)",
    )  # fmt: skip
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    check_shown_posts(arguments)
    from kerasmm.runs.run import check_vocabularies, read_run

    system, content = read_run(arguments.run)
    if KIND not in system.kinds:
        raise UserError(f"{arguments.run}: {system.name} embeds no sentences; expected a run of webly")
    titles = _titles(system, arguments.weights)
    from kerasmm.data.dataset import Dataset

    dataset = Dataset(arguments.data or Path(content["data"]))
    check_vocabularies(system, dataset)
    posts = shown_posts(dataset, arguments, lambda post: post.sentences, "sentences")
    found = {
        title: _found(arguments.run, name, dataset, arguments.split, list(posts), arguments.quiet)
        for name, title in titles.items()
    }
    _draw(list(posts.values()), found, arguments.output)
    console(arguments.quiet).print(f"wrote {arguments.output}", soft_wrap=True)
    return 0


def _titles(system: System, asked: list[str] | None) -> dict[str, str]:
    """Names of weights and how the sheet calls them."""
    from kerasmm.runs.run import BEST

    known = (*system.other_weights, BEST)
    titles = {}
    for one in asked or known:
        name, _, title = one.partition("=")
        if name not in known:
            raise UserError(f"--weights {one}: the run has {', '.join(known)}.{nearest(name, known)}")
        titles[name] = title or name
    if len(set(titles.values())) < len(titles):
        raise UserError(f"--weights {' '.join(asked or ())}: titles must differ")
    return titles


def _found(run: Path, weights: str, dataset: Dataset, split: str, rows: list[int], quiet: bool) -> list[FirstSentence]:
    from kerasmm.runs.run import open_run
    from kerasmm.systems.webly.first_sentences import first_sentences

    opened = open_run(run, weights)
    with progress(quiet) as bar:
        task = bar.add_task(f"sentences by {weights}", total=None, note="")
        return first_sentences(
            opened.system, opened.model, dataset, split, rows, lambda embedded: bar.advance(task, embedded)
        )


def _draw(posts: Sequence[Post], found: dict[str, list[FirstSentence]], path: Path) -> None:
    from kerasmm.systems.webly.sheet import FoundSentence, SentenceRow, draw_sentence_sheet

    shown = []
    for place, post in enumerate(posts):
        answers = {title: of_weights[place] for title, of_weights in found.items()}
        said = tuple(FoundSentence(title, answer.rank, answer.sentence) for title, answer in answers.items())
        shown.append(SentenceRow(photo_pixels(post), post.sentences[0], said))
    draw_sentence_sheet(shown, path)


if __name__ == "__main__":
    sys.exit(guarded(main))
