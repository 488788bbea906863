"""Keywords of a clean data set: the most frequent lemmas of its training sentences (webly, section 4.1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import apache_beam as beam
import numpy as np

from data_prep.annotate import tagger
from data_prep.split.plan import TRAIN
from data_prep.work.chunks import Ticker, Work
from kerasmm.console import UserError
from kerasmm.data.dataset import Dataset, open_dataset
from kerasmm.data.post import Post
from kerasmm.data.records import Records


def clean_dataset(folder: str) -> Dataset:
    """The data set whose sentences give the keywords.

    Raises:
        UserError: When there is none, or its training posts have no sentences.
    """
    path = Path(folder).resolve()
    try:
        dataset = open_dataset(path)
    except UserError as error:
        raise UserError(f"collect.clean: {error}") from error
    if not dataset.manifest.fields.get(TRAIN, {}).get("sentences"):
        raise UserError(f"collect.clean: {path}: no training post has sentences to take keywords from")
    return dataset


def keywords_file(work: Work) -> Path:
    """Where the passes after counting find the keywords, one a line."""
    return work.folder / "keywords.txt"


def read_keywords(work: Work) -> list[str]:
    """The keywords, most frequent first."""
    return [line.rstrip("\n") for line in work.lines(keywords_file(work))]


class WriteKeywords(beam.PTransform):
    """Numbers of training shards of a clean data set → `keywords.txt`.

    All words that carry meaning count, as their lemmas: nouns, verbs, adjectives and adverbs without stop words. Equal
    counts stand in alphabetical order.

    Args:
        work: The work folder.
        clean: The clean data set.
        most: How many keywords.
    """

    def __init__(self, work: Work, clean: Dataset, most: int) -> None:
        super().__init__()
        self._work, self._folder, self._most = work, clean.folder, most

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        counts = numbers | beam.FlatMap(_counted, self._work, self._folder) | beam.CombinePerKey(sum)
        first = counts | beam.combiners.Top.Of(self._most, key=_place, reverse=True)
        return first | beam.Map(_write, self._work)


def _counted(number: int, work: Work, folder: Path) -> Iterator[tuple[str, int]]:
    # One shard alone: no worker checks and indexes the others.
    records = Records(folder, [open_dataset(folder).manifest.splits[TRAIN][number]])
    counts: Counter[str] = Counter()
    with Ticker(work, "keywords", number) as tick:
        for row in range(len(records)):
            post = Post.from_bytes(records.read(np.array([row]))[0])
            for sentence in post.sentences:
                counts.update(tagger.chosen(tagger.tagged(sentence[: tagger.LONGEST_TEXT]), tagger.CONTENT))
            tick()
    yield from counts.items()


def _place(item: tuple[str, int]) -> tuple[int, str]:
    word, count = item
    return -count, word


def _write(counts: list[tuple[str, int]], work: Work) -> None:
    work.write_lines(keywords_file(work), (word for word, _ in counts))
