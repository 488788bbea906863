"""Near duplicates: posts that say what another one says, and shared posts whose original is there.

The texts are compared as sequences of words without links, mentions, `RT @name:`, punctuation and case, in three steps:

1. texts of the same words in the same order: GroupByKey on their hash;
2. `RT @name: …` cut to 140 characters: GroupByKey on the first words, then dropped where another text begins like it;
3. texts whose sets of words A, B are alike, |A ∩ B| / |A ∪ B| ≥ threshold: GroupByKey on the bands of a MinHash
   (`data_prep.min_hash`), then the exact similarity of those that meet.

Of each group connected by step 3 the earliest post stays: by time where there is one, then in reading order, originals
before shared ones. Words stay in files (`data_prep.word_sequences`); positions and hashes travel. What grows with the
input in one place is a record for each post that is nearly another one, 200 bytes or so, in the driver. Languages
that are written without spaces have few words in this sense, so that there only copies are found.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep import post_text
from data_prep.chunks import Ticker, Work
from data_prep.config import BuildConfig
from data_prep.draft import Draft
from data_prep.hashing import fingerprint
from data_prep.min_hash import MinHash, bands_for
from data_prep.needs import comparable
from data_prep.word_sequences import SequenceReader, SequenceWriter, Span

SHARED = "retweet of another post"
SAME_TEXT = "same text as another post"
NEARLY_SAME_TEXT = "nearly the same text as another post"

Order = tuple[int, int, int, int]
"""1 for a shared post; time; chunk; index in the chunk. The smallest of a group stays."""

Entry = tuple[Order, Span, bytes, bytes, bool]
"""Order, words, hash of the text, hash of its first words, whether its end is cut off."""

_NO_TIME = 1 << 62
_OPENING = 6
_WINDOW = 500
_EDGE_FILES = 16


class NearDuplicates(beam.PTransform):
    """Numbers of clean chunks → what `settle` makes verdicts of.

    Args:
        work: The work folder.
        config: The build configuration.
    """

    def __init__(self, work: Work, config: BuildConfig) -> None:
        super().__init__()
        self._work, self._config = work, config

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        prune, work = self._config.prune, self._work
        entries = numbers | "words" >> beam.FlatMap(_entries, work, self._config)
        keyed = entries | "by text" >> beam.Map(lambda entry: (entry[2], entry)) | "same text" >> beam.GroupByKey()
        copies = keyed | "copies" >> beam.FlatMap(_copies, prune.near_duplicates is not None).with_outputs(
            "dropped", main="kept"
        )
        kept, dropped = copies.kept, [copies.dropped]
        if prune.fold_retweets:
            keyed = kept | "by opening" >> beam.Map(lambda entry: (entry[3], entry)) | "openings" >> beam.GroupByKey()
            cut = keyed | "cut ones" >> beam.ParDo(_FoldCut(work)).with_outputs("dropped", main="kept")
            kept, dropped = cut.kept, [*dropped, cut.dropped]
        verdicts = dropped | "all dropped" >> beam.Flatten() | "by chunk" >> beam.GroupByKey()
        done = [verdicts | beam.Map(_write_verdicts, work)]
        if prune.near_duplicates is not None:
            met = kept | beam.ParDo(_Bands(work, prune.near_duplicates)) | "bands" >> beam.GroupByKey()
            edges = met | beam.ParDo(_Compare(work, prune.near_duplicates)) | "edges" >> beam.GroupByKey()
            done.append(edges | beam.Map(_write_edges, work))
        return done | "done" >> beam.Flatten()


def _entries(number: int, work: Work, config: BuildConfig) -> Iterator[Entry]:
    entries: list[Entry] = []
    writer = SequenceWriter(work, number)
    with Ticker(work, "compare", number) as tick:
        for index, candidate in enumerate(comparable(work, number, config)):
            tick()
            if isinstance(candidate, Draft) and (words := _compared(candidate)):
                text, time = candidate.post.text or "", candidate.post.time
                is_shared = config.prune.fold_retweets and post_text.is_shared(text)
                is_cut = is_shared and post_text.is_cut(text)
                if is_cut and len(words) > 1:
                    words.pop()
                order = int(is_shared), _NO_TIME if time is None else time, number, index
                entries.append((order, writer.add(words), fingerprint(*words), fingerprint(*words[:_OPENING]), is_cut))
    writer.close()
    yield from entries


def _compared(draft: Draft) -> list[str]:
    return [word.replace("’", "'") for word in post_text.words(post_text.said(draft.post))]


def _dropped(entry: Entry, reason: str) -> object:
    (_, _, number, index), *_ = entry
    return beam.pvalue.TaggedOutput("dropped", (number, (index, reason)))


def _copies(group: tuple[bytes, Iterable[Entry]], drop_all: bool) -> Iterator[object]:
    first, *others = sorted(group[1])
    yield first
    for entry in others:
        is_shared = bool(entry[0][0])
        yield _dropped(entry, SHARED if is_shared else SAME_TEXT) if is_shared or drop_all else entry


class _OnWords(beam.DoFn):
    def __init__(self, work: Work) -> None:
        self._work = work

    def setup(self) -> None:
        self._words = SequenceReader(self._work)


class _FoldCut(_OnWords):
    """Entries that begin alike → those that are not merely the beginning of a longer one."""

    def process(self, group: tuple[bytes, Iterable[Entry]]) -> Iterator[object]:
        entries = sorted(group[1])
        lengths = {span[2] for _, span, *_, is_cut in entries if is_cut}
        openings: set[bytes] = set()
        for _, span, *_ in entries if lengths else ():
            text = self._words.read(span)
            openings.update(text[:length].tobytes() for length in lengths if length < len(text))
        for entry in entries:
            is_opening = entry[-1] and self._words.read(entry[1]).tobytes() in openings
            yield _dropped(entry, SHARED) if is_opening else entry


class _Bands(_OnWords):
    """Entry → one pair a band of its signature."""

    def __init__(self, work: Work, threshold: float) -> None:
        super().__init__(work)
        self._hash = MinHash(bands_for(threshold))

    def process(self, entry: Entry) -> Iterator[tuple[bytes, tuple[Order, Span]]]:
        order, span, *_ = entry
        for key in self._hash.keys(self._words.read(span)):
            # Eight bytes of a band are enough: what meets is compared.
            yield fingerprint(key.hex())[:8], (order, span)


class _Compare(_OnWords):
    """Entries that meet in a band → pairs that are alike, no more of them than connect all that are.

    Each is compared with the 500 before it, so that a phrase of millions of posts costs no more than time.
    """

    def __init__(self, work: Work, threshold: float) -> None:
        super().__init__(work)
        self._threshold = threshold

    def process(self, group: tuple[bytes, Iterable[tuple[Order, Span]]]) -> Iterator[tuple[int, tuple[Order, Order]]]:
        members = sorted(group[1])
        if len(members) == 1:
            return
        groups = Groups()
        window: list[tuple[Order, frozenset[int]]] = []
        for order, span in members:
            words = frozenset(self._words.read(span).tolist())
            for other, its_words in window:
                if groups.first(order) != groups.first(other) and self._alike(words, its_words):
                    groups.join(order, other)
                    yield (order[2] + order[3]) % _EDGE_FILES, (other, order)
            window = [*window[-_WINDOW + 1 :], (order, words)]

    def _alike(self, words: frozenset[int], others: frozenset[int]) -> bool:
        shared = len(words & others)
        return shared >= self._threshold * (len(words) + len(others) - shared)


class Groups:
    """Which posts are connected, through others too, and the first of each group (union-find)."""

    def __init__(self) -> None:
        self._before: dict[Order, Order] = {}

    def first(self, order: Order) -> Order:
        """The smallest of the group."""
        root = order
        while (before := self._before.get(root, root)) != root:
            root = before
        while order != root:
            self._before[order], order = root, self._before[order]
        return root

    def join(self, one: Order, other: Order) -> None:
        first, second = sorted((self.first(one), self.first(other)))
        self._before[second] = first

    def later(self) -> Iterator[Order]:
        """All that are not the first of their group."""
        return (order for order, before in self._before.items() if before != order)


def _write_verdicts(group: tuple[int, Iterable[tuple[int, str]]], work: Work) -> None:
    work.write_note("copies", group[0], {str(index): reason for index, reason in sorted(group[1])})


def _write_edges(group: tuple[int, Iterable[tuple[Order, Order]]], work: Work) -> None:
    # A pair may have met in several bands.
    work.write_lines(work.path("edges", group[0]), map(json.dumps, sorted(set(group[1]))))


def settle(work: Work, numbers: range) -> None:
    """Writes the verdicts: `near_duplicates/NNNNN.json` maps the index of each dropped post of a chunk to the reason."""
    groups = Groups()
    for line in itertools.chain.from_iterable(work.lines(work.path("edges", number)) for number in range(_EDGE_FILES)):
        one, other = json.loads(line)
        groups.join(tuple(one), tuple(other))
    nearly: dict[int, dict[str, str]] = {}
    for _, _, number, index in groups.later():
        nearly.setdefault(number, {})[str(index)] = NEARLY_SAME_TEXT
    for number in numbers:
        if verdicts := {**work.note("copies", number, {}), **nearly.get(number, {})}:
            work.write_note("near_duplicates", number, verdicts)
