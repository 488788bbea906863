"""Vocabularies of tags and labels: the most frequent words of all posts that can qualify."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import apache_beam as beam

from data_prep.config import BuildConfig, Words
from data_prep.draft import Draft
from data_prep.route import Route
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import rank
from kerasmm.data.dataset import Dataset

VOCABULARIES = "vocabularies.json"
"""Where the passes after counting find the vocabularies, in the work folder."""

_BOTH, _SIZES = "both", "sizes"
_COUNT_FILES = 16


def cut(counts: Mapping[str, int], words: Words) -> list[str]:
    """Words by falling count, equal counts in alphabetical order, cut as configured."""
    frequent = sorted((word for word, count in counts.items() if count >= words.minimum), key=lambda w: (-counts[w], w))
    return frequent[: words.most]


@dataclasses.dataclass(frozen=True)
class Vocabularies:
    """The words that the data set keeps.

    Args:
        tags: Most frequent first.
        labels: Most frequent first.
        from_tags: Tags that become labels.
        keep_in_tags: Whether those stay tags, too.
        hidden: Whether the labels are hashtags, which neither tags nor texts may show.
    """

    tags: list[str]
    labels: list[str]
    from_tags: list[str]
    keep_in_tags: bool
    hidden: bool = False

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, Mapping[str, int]], config: BuildConfig, hidden: bool = False
    ) -> Vocabularies:
        """Cuts counted words: `counts` has how many posts have a word as `tags`, as `labels`, and as `both`."""
        annotate, tags, given, both = config.annotate, counts["tags"], counts["labels"], counts[_BOTH]
        from_tags = cut(tags, Words(most=annotate.labels_from_tags)) if annotate.labels_from_tags else []
        taken = set() if annotate.keep_in_tags else set(from_tags)
        counted = {**given, **{word: given.get(word, 0) + tags[word] - both.get(word, 0) for word in from_tags}}
        labels = cut(counted, config.labels)
        if hidden:
            taken.update(labels)
        remaining = {word: count for word, count in tags.items() if word not in taken}
        return cls(cut(remaining, config.tags), labels, from_tags, annotate.keep_in_tags, hidden)

    @classmethod
    def given(cls, config: BuildConfig, hidden: bool = False) -> Vocabularies:
        """Those of the data set that `config.vocabularies_of` names."""
        old = Dataset(Path(str(config.vocabularies_of)))
        labels = old.vocabulary("labels")
        # Which of the labels came from tags is not kept; a tag that is one of them is one.
        from_tags = labels if config.annotate.labels_from_tags else []
        return cls(old.vocabulary("tags"), labels, from_tags, config.annotate.keep_in_tags, hidden)

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def read(cls, path: Path) -> Vocabularies:
        """Reads what `to_json` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class CountWords(beam.PTransform):
    """Numbers of clean chunks → `((field, word), posts)`.

    The fields are `tags`, `labels`, words that are `both` in one post, and `sizes`, whose word is the number of labels
    of a post that has any.

    Args:
        route: Where the posts are.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[tuple[tuple[str, str], int]]:
        return numbers | beam.FlatMap(_words, self._route) | beam.CombinePerKey(sum)


def _words(number: int, route: Route) -> Iterator[tuple[tuple[str, str], int]]:
    with Ticker(route.work, "count", number) as tick:
        for draft in route.qualified(number):
            tick()
            if isinstance(draft, Draft):
                tags, labels = set(draft.post.tags), set(draft.post.labels)
                sizes = {str(len(labels))} if labels else set()
                for field, words in (("tags", tags), ("labels", labels), (_BOTH, tags & labels), (_SIZES, sizes)):
                    for word in words:
                        yield (field, word), 1


class WriteCounts(beam.PTransform):
    """`((field, word), posts)` → files in `counts/`, spread so that no worker holds all words.

    Args:
        work: The work folder.
    """

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def expand(self, counts: beam.PCollection[tuple[tuple[str, str], int]]) -> beam.PCollection[None]:
        return counts | beam.Map(_bucketed) | beam.GroupByKey() | beam.Map(_write_counts, self._work)


def _bucketed(item: tuple[tuple[str, str], int]) -> tuple[int, tuple[str, str, int]]:
    (field, word), count = item
    return rank(0, field, word) % _COUNT_FILES, (field, word, count)


def _write_counts(group: tuple[int, Iterable[tuple[str, str, int]]], work: Work) -> None:
    work.write_lines(work.path("counts", group[0]), map(json.dumps, sorted(group[1])))


def read_counts(work: Work) -> dict[str, dict[str, int]]:
    """What `WriteCounts` wrote: how many posts have a word, by field of `CountWords`."""
    counts: dict[str, dict[str, int]] = {"tags": {}, "labels": {}, _BOTH: {}, _SIZES: {}}
    for number in range(_COUNT_FILES):
        for field, word, count in map(json.loads, work.lines(work.path("counts", number))):
            counts[field][word] = count
    return counts
