"""Copies: posts of the same words as another one, and shared posts that are no more than the beginning of one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.draft import Draft
from data_prep.near_duplicates.connected import Order
from data_prep.near_duplicates.word_sequences import SequenceReader, SequenceWriter, Span
from data_prep.pruning import post_text
from data_prep.route import Route
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import fingerprint

SHARED = "retweet of another post"
SAME_TEXT = "same text as another post"

Entry = tuple[Order, Span, bytes, bytes, bool]
"""Order, words, hash of the text, hash of its first words, whether its end is cut off."""

_NO_TIME = 1 << 62
_OPENING = 6


class Copies(beam.PTransform):
    """Numbers of clean chunks → the words of their texts in files, and two notes.

    `copies/NNNNN.json` maps the index of each dropped post of a chunk to the reason; `texts/NNNNN.json` lists the order
    and the words of those that stay.

    Args:
        route: Where the posts are.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        prune, work = self._route.config.prune, self._route.work
        entries = numbers | "words" >> beam.FlatMap(_entries, self._route)
        keyed = entries | "by text" >> beam.Map(lambda entry: (entry[2], entry)) | "same text" >> beam.GroupByKey()
        copies = keyed | "copies" >> beam.FlatMap(_copies, prune.near_duplicates is not None).with_outputs(
            "dropped", main="kept"
        )
        kept, dropped = copies.kept, [copies.dropped]
        if prune.fold_retweets:
            keyed = kept | "by opening" >> beam.Map(lambda entry: (entry[3], entry)) | "openings" >> beam.GroupByKey()
            cut = keyed | "cut ones" >> beam.ParDo(_FoldCut(work)).with_outputs("dropped", main="kept")
            kept, dropped = cut.kept, [*dropped, cut.dropped]
        verdicts = dropped | "all dropped" >> beam.Flatten() | "dropped of a chunk" >> beam.GroupByKey()
        texts = kept | beam.Map(_by_chunk) | "kept of a chunk" >> beam.GroupByKey()
        done = verdicts | beam.Map(_write_verdicts, work), texts | beam.Map(_write_texts, work)
        return done | "done" >> beam.Flatten()


def _entries(number: int, route: Route) -> Iterator[Entry]:
    entries: list[Entry] = []
    writer = SequenceWriter(route.work, number)
    with Ticker(route.work, "compare", number) as tick:
        for index, candidate in enumerate(route.comparable(number)):
            tick()
            if isinstance(candidate, Draft) and (words := _compared(candidate)):
                text, time = candidate.post.text or "", candidate.post.time
                is_shared = route.config.prune.fold_retweets and post_text.is_shared(text)
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


def _by_chunk(entry: Entry) -> tuple[int, tuple[Order, Span]]:
    order, span, *_ = entry
    return span[0], (order, span)


class _FoldCut(beam.DoFn):
    """Entries that begin alike → those that are not merely the beginning of a longer one."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def setup(self) -> None:
        self._words = SequenceReader(self._work)

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


def _write_verdicts(group: tuple[int, Iterable[tuple[int, str]]], work: Work) -> None:
    work.write_note("copies", group[0], {str(index): reason for index, reason in sorted(group[1])})


def _write_texts(group: tuple[int, Iterable[tuple[Order, Span]]], work: Work) -> None:
    work.write_note("texts", group[0], sorted(group[1]))
