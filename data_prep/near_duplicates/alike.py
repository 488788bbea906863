"""Alike texts: those that share most of their words, found where their MinHashes meet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.near_duplicates.connected import Groups, Order
from data_prep.near_duplicates.min_hash import MinHash, bands_for
from data_prep.near_duplicates.word_sequences import SequenceReader, Span
from data_prep.work.chunks import Work
from data_prep.work.hashing import fingerprint

EDGE_FILES = 16

_WINDOW = 500


class Alike(beam.PTransform):
    """Numbers of chunks that went through `Copies` → `edges/BAND/NN.jsonl`, pairs of posts that are alike.

    Args:
        work: The work folder.
        threshold: Least Jaccard similarity of the sets of words.
        bands: The bands of the signature that are looked at in this pass.
    """

    def __init__(self, work: Work, threshold: float, bands: range) -> None:
        super().__init__()
        self._work, self._threshold, self._bands = work, threshold, bands

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        met = numbers | beam.ParDo(_Bands(self._work, self._threshold, self._bands)) | "bands" >> beam.GroupByKey()
        edges = met | beam.ParDo(_Compare(self._work, self._threshold)) | "edges" >> beam.GroupByKey()
        return edges | beam.Map(_write_edges, self._work, self._bands.start)


class _OnWords(beam.DoFn):
    def __init__(self, work: Work) -> None:
        self._work = work

    def setup(self) -> None:
        self._words = SequenceReader(self._work)


class _Bands(_OnWords):
    """Number of a chunk → one pair for each of its texts and each band."""

    def __init__(self, work: Work, threshold: float, bands: range) -> None:
        super().__init__(work)
        self._hash, self._bands = MinHash(bands_for(threshold), bands), bands

    def process(self, number: int) -> Iterator[tuple[bytes, tuple[Order, Span]]]:
        for order, span in self._work.note("texts", number, []):
            for key in self._hash.keys(self._words.read(tuple(span))):
                # Eight bytes of a band are enough: what meets is compared.
                yield fingerprint(key.hex())[:8], (tuple(order), tuple(span))


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
                    yield (order[2] + order[3]) % EDGE_FILES, (other, order)
            window = [*window[-_WINDOW + 1 :], (order, words)]

    def _alike(self, words: frozenset[int], others: frozenset[int]) -> bool:
        shared = len(words & others)
        return shared >= self._threshold * (len(words) + len(others) - shared)


def _write_edges(group: tuple[int, Iterable[tuple[Order, Order]]], work: Work, band: int) -> None:
    # A pair may have met in several bands.
    work.write_lines(work.path(f"edges/{band}", group[0]), map(json.dumps, sorted(set(group[1]))))


def edges(work: Work) -> Iterator[tuple[Order, Order]]:
    """The pairs of all passes."""
    for path in sorted((work.folder / "edges").glob("*/*.jsonl")):
        for line in work.lines(path):
            one, other = json.loads(line)
            yield tuple(one), tuple(other)
