"""Vocabularies of tags and labels: the most frequent words of all posts that can qualify."""

from __future__ import annotations

import dataclasses
import heapq
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import apache_beam as beam

from data_prep.config import BuildConfig, Words
from data_prep.draft import Draft
from data_prep.route import Route
from data_prep.vocabulary.numbers import is_number
from data_prep.vocabulary.runs import Counts, write_run
from data_prep.work.chunks import Ticker
from kerasmm.data.dataset import Dataset

VOCABULARIES = "vocabularies.json"
"""Where the passes after counting find the vocabularies, in the work folder."""

COUNTS, SIZES = "counts", "label_sizes"
"""What `CountWords` writes: runs of words, and a note of how many posts of a chunk have so many labels."""

_TAG, _LABEL, _BOTH = range(3)


def cut(counts: Iterable[tuple[str, int]], words: Words) -> list[str]:
    """Words by falling count, equal counts in alphabetical order, cut as configured; no more than these are held."""
    frequent = ((-count, word) for word, count in counts if count >= words.minimum)
    first = sorted(frequent) if words.most is None else heapq.nsmallest(words.most, frequent)
    return [word for _, word in first]


@dataclasses.dataclass(frozen=True)
class Vocabularies:
    """The words that the data set keeps.

    Args:
        tags: Most frequent first.
        labels: Most frequent first.
        from_tags: Tags that become labels.
        keep_in_tags: Whether those stay tags, too.
        hidden: Whether the labels are hashtags, which neither tags nor texts may show.
        too_frequent: The most frequent tags, where these are dropped (`tags.drop_most_frequent`).
    """

    tags: list[str]
    labels: list[str]
    from_tags: list[str]
    keep_in_tags: bool
    hidden: bool = False
    too_frequent: list[str] = dataclasses.field(default_factory=list)

    @classmethod
    def from_counts(cls, counts: Counts, config: BuildConfig, hidden: bool = False) -> Vocabularies:
        """Cuts counted words.

        Tags that are dropped, numbers and the most frequent of the others, are dropped first: neither do they become labels.

        Args:
            counts: A word → how many posts have it as a tag, as a label, and as both, see `CountWords`.
            config: The build configuration.
            hidden: As the attribute.
        """
        annotate = config.annotate
        too_frequent = _first(config.tags.drop_most_frequent, _tags(counts, config))
        from_tags = _first(annotate.labels_from_tags, _tags(counts, config, too_frequent))
        labels = cut(_labels(counts, from_tags), config.labels)
        taken = [*too_frequent, *(() if annotate.keep_in_tags else from_tags), *(labels if hidden else ())]
        tags = cut(_tags(counts, config, taken), config.tags)
        return cls(tags, labels, from_tags, annotate.keep_in_tags, hidden, too_frequent)

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


def _first(most: int, counts: Iterable[tuple[str, int]]) -> list[str]:
    return cut(counts, Words(most=most)) if most else []


def _tags(counts: Counts, config: BuildConfig, without: Iterable[str] = ()) -> Iterator[tuple[str, int]]:
    """Tags and how many posts have them, but for numbers where these are dropped, and for some."""
    gone, numbers = frozenset(without), config.tags.drop_numbers
    for (word,), posts in counts:
        if posts[_TAG] and word not in gone and not (numbers and is_number(word)):
            yield word, posts[_TAG]


def _labels(counts: Counts, from_tags: Iterable[str]) -> Iterator[tuple[str, int]]:
    """Labels and how many posts will have them."""
    promoted = frozenset(from_tags)
    for (word,), posts in counts:
        having = posts[_LABEL] + (posts[_TAG] - posts[_BOTH] if word in promoted else 0)
        if having:
            yield word, having


def label_counts(counts: Counts) -> Iterator[int]:
    """How many posts have each of the labels that were given."""
    return (posts[_LABEL] for _, posts in counts if posts[_LABEL])


def dropped_tags(counts: Counts, config: BuildConfig, words: Vocabularies) -> dict[str, float]:
    """How many tags were dropped as numbers, as too frequent, or beyond the vocabulary, and how often posts have them."""
    kept = {**dict.fromkeys(words.tags, "kept"), **dict.fromkeys(words.too_frequent, "too_frequent")}
    kept |= {} if words.keep_in_tags else dict.fromkeys(words.from_tags, "made_labels")
    tags, uses = Counter[str](), Counter[str]()
    for (word,), posts in counts:
        if posts[_TAG]:
            other = "numbers" if config.tags.drop_numbers and is_number(word) else "beyond_the_vocabulary"
            fate = kept.get(word, other)
            tags[fate] += 1
            uses[fate] += posts[_TAG]
    reasons = ("numbers", "too_frequent", "beyond_the_vocabulary")
    return {f"tags/{reason}{of}": found[reason] for reason in reasons for of, found in (("", tags), ("/uses", uses))}


class CountWords(beam.PTransform):
    """Numbers of clean chunks → a run of each: a word → how many posts have it as a tag, as a label, and as both.

    Beside it a note: how many posts have so many labels, of those that have any.

    Args:
        route: Where the posts are.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | beam.Map(_count_words, self._route)


def _count_words(number: int, route: Route) -> None:
    counts: dict[tuple[str, ...], list[int]] = {}
    sizes: Counter[int] = Counter()
    with Ticker(route.work, "count", number) as tick:
        for draft in route.qualified(number):
            tick()
            if isinstance(draft, Draft):
                tags, labels = set(draft.post.tags), set(draft.post.labels)
                for kind, words in ((_TAG, tags), (_LABEL, labels), (_BOTH, tags & labels)):
                    for word in words:
                        counts.setdefault((word,), [0, 0, 0])[kind] += 1
                sizes[len(labels)] += bool(labels)
    write_run(route.work, COUNTS, number, counts)
    route.work.write_note(SIZES, number, +sizes)
