"""`python -m kerasmm.sentences`: the sentence that each stage's weights find first for some photos, on a sheet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, nearest, progress

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.evaluation.first_sentences import FirstSentence
    from kerasmm.systems.system import System

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
    made.add_argument("--data", type=Path, help="data set (default: the one that the run was trained on)")
    made.add_argument("--split", default="test", help="split whose sentences are ranked (default: test)")
    made.add_argument("--posts", nargs="+", metavar="ID", help="photos to show, by the ids of their posts")
    made.add_argument("-n", type=int, default=6, help="how many random photos, without --posts (default: 6)")
    made.add_argument("--seed", type=int, default=0, help="seeds which photos (default: 0)")
    made.add_argument(
        "--weights", nargs="+", metavar="NAME[=TITLE]",
        help="weights of the run to compare, and how the sheet calls them (default: all that it has)",
    )  # fmt: skip
    made.add_argument("--output", type=Path, required=True, metavar="FILE", help="the sheet: .png, .pdf, .svg")
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    from kerasmm.serving.sheet import check_sheet_path, check_sheet_size

    check_sheet_path(arguments.output)
    if arguments.n < 1 or arguments.seed < 0:
        raise UserError(
            f"-n must be at least 1 and --seed at least 0. Received: -n {arguments.n} --seed {arguments.seed}"
        )
    check_sheet_size(len(arguments.posts or range(arguments.n)), 1)
    from kerasmm.training.run import check_vocabularies, read_run

    system, content = read_run(arguments.run)
    if KIND not in system.kinds:
        raise UserError(f"{arguments.run}: {system.name} embeds no sentences; expected a run of webly")
    titles = _titles(system, arguments.weights)
    from kerasmm.data.dataset import Dataset

    dataset = Dataset(arguments.data or Path(content["data"]))
    check_vocabularies(system, dataset)
    rows = _rows(dataset, arguments.split, arguments.posts, arguments.n, arguments.seed)
    found = {
        title: _found(arguments.run, name, dataset, arguments.split, rows, arguments.quiet)
        for name, title in titles.items()
    }
    _draw(dataset, arguments.split, rows, found, arguments.output)
    console(arguments.quiet).print(f"wrote {arguments.output}", soft_wrap=True)
    return 0


def _titles(system: System, asked: list[str] | None) -> dict[str, str]:
    """Names of weights and how the sheet calls them."""
    from kerasmm.training.run import BEST

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


def _rows(dataset: Dataset, split: str, ids: list[str] | None, count: int, seed: int) -> list[int]:
    from kerasmm.evaluation.first_sentences import draw_posts, read_post

    if ids is None:
        drawn = draw_posts(dataset, split, count, seed)
        if not drawn:
            raise UserError(f"{dataset.folder}: no post of split {split!r} has sentences")
        return drawn
    rows: list[int] = dataset.records(split).rows_of([post_id.encode() for post_id in ids]).tolist()
    for post_id, row in zip(ids, rows, strict=True):
        if row < 0:
            raise UserError(f"--posts {post_id}: split {split!r} of {dataset.folder} has no such post")
        if not read_post(dataset, split, row).sentences:
            raise UserError(f"--posts {post_id}: has no sentences")
    return list(dict.fromkeys(rows))


def _found(run: Path, weights: str, dataset: Dataset, split: str, rows: list[int], quiet: bool) -> list[FirstSentence]:
    from kerasmm.evaluation.first_sentences import first_sentences
    from kerasmm.training.run import open_run

    opened = open_run(run, weights)
    with progress(quiet) as bar:
        task = bar.add_task(f"sentences by {weights}", total=None, note="")
        return first_sentences(
            opened.system, opened.model, dataset, split, rows, lambda embedded: bar.advance(task, embedded)
        )


def _draw(dataset: Dataset, split: str, rows: list[int], found: dict[str, list[FirstSentence]], path: Path) -> None:
    from kerasmm.evaluation.first_sentences import read_post
    from kerasmm.serving.sentence_sheet import FoundSentence, SentenceRow, draw_sentence_sheet

    shown = []
    for place, row in enumerate(rows):
        post = read_post(dataset, split, row)
        answers = {title: of_weights[place] for title, of_weights in found.items()}
        said = tuple(FoundSentence(title, answer.rank, answer.sentence) for title, answer in answers.items())
        shown.append(SentenceRow(_pixels(post), post.sentences[0], said))
    draw_sentence_sheet(shown, path)


def _pixels(post: Post) -> np.ndarray | None:
    from kerasmm.serving.heat import picture_pixels
    from kerasmm.serving.sheet import PIXELS

    return None if post.image is None else picture_pixels(post.image, PIXELS)


if __name__ == "__main__":
    sys.exit(guarded(main))
