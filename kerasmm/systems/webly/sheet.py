"""Sheets of photos and the sentences that models find for them, as in figure 4 of the webly paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, nearest, progress
from kerasmm.drawing.photo_sheet import Entry, PhotoRow, Said, draw_photo_sheet
from kerasmm.systems.sheets import Photos, Sheet, Trained, photo_pixels

if TYPE_CHECKING:
    import argparse

    import keras
    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.systems.system import System

KIND = "sentences"

RIGHT, WRONG = "#1a7a2e", "#b3261e"
"""Of about the same lightness on paper; who can't tell them apart has the ranks."""

TRUTH = "GT"

_FOOT = (
    f"{TRUTH}: a sentence that was written about the photo. In brackets: the rank of the first such sentence. "
    "Green: the model found such a one first; red: it found one of another photo."
)


class SentenceSheet(Sheet):
    """What weights of a run find first among the sentences of a split, beside a sentence of the photo's own."""

    name = "sentences"
    shows = "photos with the sentence that each stage's weights find first"
    description = (
        "Draws photos of a split with a sentence that was written about them, and what weights of a run find\n"
        "first among all sentences of the split, with the rank of the first true one (in green where that is 1)."
    )
    example = "--run runs/webly --weights 'clean=without web' 'best=with web' --output sheet.png"
    split_help = "split whose sentences are ranked"
    needs = "sentences"

    def add_arguments(self, parser: Parser) -> None:
        """Which weights."""
        parser.add_argument(
            "--weights", nargs="+", metavar="NAME[=TITLE]",
            help="weights of the run to compare, and how the sheet calls them (default: all that it has)",
        )  # fmt: skip

    def check_runs(self, runs: Sequence[Trained], arguments: argparse.Namespace) -> None:
        """Refuses a run without sentences, and weights that it doesn't have."""
        (run,) = runs
        if KIND not in run.system.kinds:
            raise UserError(f"{run.folder}: {run.system.name} embeds no sentences; expected a run of webly")
        _titles(run.weights, arguments.weights)

    def has(self, post: Post) -> bool:
        """Whether something was written about it."""
        return bool(post.sentences)

    def draw(self, runs: Sequence[Trained], photos: Photos, arguments: argparse.Namespace) -> None:
        """Ranks all sentences of the split for each photo, by each of the weights."""
        (run,) = runs
        titles = _titles(run.weights, arguments.weights)
        found = {title: _found(run, name, photos, arguments.quiet) for name, title in titles.items()}
        rows = []
        for place, post in enumerate(photos.posts.values()):
            answers = {title: of_weights[place] for title, of_weights in found.items()}
            said = tuple(FoundSentence(title, answer.rank, answer.sentence) for title, answer in answers.items())
            rows.append(SentenceRow(photo_pixels(post), post.sentences[0], said))
        draw_sentence_sheet(rows, arguments.output)


def _titles(known: Sequence[str], asked: Sequence[str] | None) -> dict[str, str]:
    """Names of weights and how the sheet calls them."""
    titles = {}
    for one in asked or known:
        name, _, title = one.partition("=")
        if name not in known:
            raise UserError(f"--weights {one}: the run has {', '.join(known)}.{nearest(name, known)}")
        titles[name] = title or name
    if len(set(titles.values())) < len(titles):
        raise UserError(f"--weights {' '.join(asked or ())}: titles must differ")
    return titles


def _found(run: Trained, weights: str, photos: Photos, quiet: bool) -> list[FirstSentence]:
    system, model = run.open(weights)
    with progress(quiet) as bar:
        task = bar.add_task(f"sentences by {weights}", total=None, note="")
        return first_sentences(
            system, model, photos.dataset, photos.split, photos.rows, lambda embedded: bar.advance(task, embedded)
        )


@dataclasses.dataclass(frozen=True)
class FoundSentence:
    """The sentence that a model finds first.

    Args:
        name: Of the model.
        rank: Of the first true sentence, from 1.
        sentence: The first one, which is true where the rank is 1.
    """

    name: str
    rank: int
    sentence: str


@dataclasses.dataclass(frozen=True)
class SentenceRow:
    """A photo with what was written about it, and what models find.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        truth: A true sentence.
        found: One a model.
    """

    picture: np.ndarray | None
    truth: str
    found: tuple[FoundSentence, ...]


def draw_sentence_sheet(rows: Sequence[SentenceRow], path: Path) -> None:
    """Draws a row a photo: a true sentence, and a line a model with its name, the rank and what it finds.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    draw_photo_sheet([PhotoRow(row.picture, _entries(row)) for row in rows], _FOOT, path)


def _entries(row: SentenceRow) -> tuple[Entry, ...]:
    found = (
        Entry(one.name, (Said(one.sentence, RIGHT if one.rank == 1 else WRONG),), f" ({one.rank})") for one in row.found
    )
    return (Entry(TRUTH, (Said(row.truth),)), *found)


# === What is found ===


@dataclasses.dataclass(frozen=True)
class FirstSentence:
    """What a model answers for one photo.

    Args:
        sentence: The one that it finds first.
        rank: Of the first true sentence, from 1; so the found one is true where it is 1.
        among: How many sentences were ranked.
    """

    sentence: str
    rank: int
    among: int


def first_sentences(
    system: System,
    model: keras.Model,
    dataset: Dataset,
    split: str,
    rows: Sequence[int],
    advance: Callable[[int], None] = lambda sentences: None,
) -> list[FirstSentence]:
    """Ranks all sentences of a split for some of its photos.

    Ranks as `kerasmm.evaluation.retrieval.true_ranks`, with products in float32. The sentences' vectors are not kept: what
    is in memory is their words and a score for each photo.

    Args:
        system: A system that embeds sentences.
        model: Its model.
        dataset: With the model's vocabularies.
        split: Whose sentences are ranked.
        rows: Rows of posts with sentences.
        advance: Called with the number of sentences of each batch.

    Returns:
        One for each of `rows`.
    """
    import numpy as np

    from kerasmm.evaluation.best_first import best_first
    from kerasmm.evaluation.search import similarities
    from kerasmm.systems.outputs import picked_rows

    images = picked_rows(system.outputs(model, dataset, split), "vectors", rows)
    scores, posts, texts = [], [], []
    for batch in system.outputs(model, dataset, split, "sentences"):
        scores.append(similarities(images, batch["vectors"], "inner"))
        posts.append(batch["post"])
        texts += batch["text"].tolist()
        advance(len(batch["id"]))
    owner, table = np.concatenate(posts), np.concatenate(scores, axis=1)
    found = []
    for row, of_photo in zip(rows, table, strict=True):
        order = best_first(of_photo)
        rank = int(np.flatnonzero(owner[order] == row)[0]) + 1
        found.append(FirstSentence(texts[order[0]].decode(), rank, len(order)))
    return found
