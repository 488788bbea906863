"""Links that the source gave: those that lead from a training post to another training post stay, the others are counted."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.split.plan import LEFT_OUT, TRAIN, Plan, assigned
from data_prep.work.chunks import Position, Ticker, Work
from data_prep.work.hashing import fingerprint

KEPT, ELSEWHERE, NOWHERE = "kept", "to_other_splits", "to_no_post"
"""What becomes of a link: it stays, or it leads to a post outside the training split, or to none of the data set."""

TASK, NOTE, FATES = "given links", "links", "link_fates"
"""Name of the pass, and its two notes about a chunk."""

_TRAINS, _ELSEWHERE = 0, 1
_Wish = tuple[Position, int] | int
"""Where a post stands and the place of the link in its list; a number is the linked post itself, saying where it is."""


class FilterLinks(beam.PTransform):
    """Numbers of selected chunks → `links/NNNNN.json`: per training post of a chunk, the places of links that stay; and
    `link_fates/NNNNN.json`: how many links of its training posts have which fate.

    Args:
        work: The work folder.
        plan: The split.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        super().__init__()
        self._work, self._plan = work, plan

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        wishes = numbers | beam.FlatMap(_wishes, self._work, self._plan)
        fates = wishes | "by linked post" >> beam.GroupByKey() | beam.FlatMap(_fates)
        return fates | "by chunk" >> beam.GroupByKey() | beam.Map(_write, self._work)


def _wishes(number: int, work: Work, plan: Plan) -> Iterator[tuple[bytes, _Wish]]:
    with Ticker(work, TASK, number) as tick:
        for index, (draft, split) in enumerate(assigned(work, plan, number)):
            tick()
            if split != LEFT_OUT:
                yield fingerprint(draft.post.id), _TRAINS if split == TRAIN else _ELSEWHERE
            if split == TRAIN:
                seen = {draft.post.id}
                for place, link in enumerate(draft.post.links):
                    if link not in seen:
                        seen.add(link)
                        yield fingerprint(link), ((number, index), place)


def _fates(linked: tuple[bytes, Iterable[_Wish]]) -> Iterator[tuple[int, tuple[int, int, str]]]:
    wishes = list(linked[1])
    fate = KEPT if _TRAINS in wishes else ELSEWHERE if _ELSEWHERE in wishes else NOWHERE
    for wish in wishes:
        if not isinstance(wish, int):
            (number, index), place = wish
            yield number, (index, place, fate)


def _write(chunk: tuple[int, Iterable[tuple[int, int, str]]], work: Work) -> None:
    found = sorted(chunk[1])
    by_post = itertools.groupby((one for one in found if one[2] == KEPT), key=lambda one: one[0])
    work.write_note(NOTE, chunk[0], {str(index): [place for _, place, _ in kept] for index, kept in by_post})
    work.write_note(FATES, chunk[0], Counter(fate for _, _, fate in found))


def link_statistics(work: Work, numbers: Iterable[int]) -> dict[str, float]:
    """How many given links of training posts there were and how many of them lead out of the training split, by fate."""
    fates: Counter[str] = Counter()
    for number in numbers:
        fates.update(work.note(FATES, number, {}))
    return {"links/given": fates.total(), **{f"links/{fate}": fates[fate] for fate in (ELSEWHERE, NOWHERE)}}
