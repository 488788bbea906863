"""Links that the source gave: those that lead from a training post to another training post stay."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.split.plan import TRAIN, Plan, assigned
from data_prep.work.chunks import Position, Ticker, Work
from data_prep.work.hashing import fingerprint

_Wish = tuple[Position, int] | None
"""Where a post stands and the place of the link in its list; None is the linked post itself, saying "I train"."""


class FilterLinks(beam.PTransform):
    """Numbers of selected chunks → `links/NNNNN.json`: per training post of a chunk, the places of links that stay.

    Args:
        work: The work folder.
        plan: The split.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        super().__init__()
        self._work, self._plan = work, plan

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        wishes = numbers | beam.FlatMap(_wishes, self._work, self._plan)
        granted = wishes | "by linked post" >> beam.GroupByKey() | beam.FlatMap(_granted)
        return granted | "by chunk" >> beam.GroupByKey() | beam.Map(_write, self._work)


def _wishes(number: int, work: Work, plan: Plan) -> Iterator[tuple[bytes, _Wish]]:
    with Ticker(work, "links", number) as tick:
        for index, (draft, split) in enumerate(assigned(work, plan, number)):
            tick()
            if split == TRAIN:
                yield fingerprint(draft.post.id), None
                for place, link in enumerate(draft.post.links):
                    if link != draft.post.id and link not in draft.post.links[:place]:
                        yield fingerprint(link), ((number, index), place)


def _granted(linked: tuple[bytes, Iterable[_Wish]]) -> Iterator[tuple[int, tuple[int, int]]]:
    wishes = list(linked[1])
    if None in wishes:
        for wish in filter(None, wishes):
            (number, index), place = wish
            yield number, (index, place)


def _write(chunk: tuple[int, Iterable[tuple[int, int]]], work: Work) -> None:
    by_post = itertools.groupby(sorted(chunk[1]), key=lambda granted: granted[0])
    work.write_note("links", chunk[0], {str(index): [place for _, place in granted] for index, granted in by_post})
