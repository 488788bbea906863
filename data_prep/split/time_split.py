"""Splits by time: what a user did last is what a model has to foresee."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.route import SELECTED
from data_prep.split.plan import TEST, TEST_UNSEEN, TRAIN, VALIDATION, Plan, place, rounded
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import rank

Act = tuple[int, int, int, bool, int, int]
"""Time, tie breaker, hash of the group, whether it is a real group, and where the act stands."""


_EARLIEST = -(1 << 63)
"""The time of a post that has none: training sees it."""


class LastActs(beam.PTransform):
    """Numbers of selected chunks → the same, with `splits/NNNNN.json`: per user the last acts are test, those before validation.

    With the method `latest` none validate yet: these are drawn from the last ones. Acts of the same time, or of none, stand
    in an order drawn from the seed. Test posts of a group that training never saw, e.g. acts on a film that is new, are a split of their own.

    Args:
        work: The work folder.
        plan: The shares.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        super().__init__()
        self._work, self._plan = work, plan

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[int]:
        acts = numbers | beam.FlatMap(_acts, self._work, self._plan)
        by_user = acts | "by user" >> beam.GroupByKey() | beam.FlatMap(_last_acts_are_test, self._plan)
        by_group = by_user | "by group" >> beam.GroupByKey() | beam.FlatMap(_unseen_apart)
        return by_group | "by chunk" >> beam.GroupByKey() | beam.Map(_write_splits, self._work)


def _acts(number: int, work: Work, plan: Plan) -> Iterator[tuple[int, Act]]:
    with Ticker(work, "split", number) as tick:
        for index, draft in enumerate(work.drafts(SELECTED, number)):
            tick()
            grouped, tie = draft.group is not None, rank(plan.seed, "tie", draft.post.id)
            time = _EARLIEST if draft.post.time is None else draft.post.time
            act = (time, tie, place(draft, plan.seed), grouped, number, index)
            yield rank(plan.seed, "user", draft.post.user or ""), act


def by_time(acts: int, test: float, validation: float) -> list[str]:
    """The split of each of a user's acts, oldest first; the oldest is always for training."""
    last = min(rounded(test * acts), acts - 1)
    middle = min(rounded(validation * (acts - last)), acts - last - 1)
    return [TRAIN] * (acts - last - middle) + [VALIDATION] * middle + [TEST] * last


def _last_acts_are_test(
    user: tuple[int, Iterable[Act]], plan: Plan
) -> Iterator[tuple[int, tuple[str, bool, int, int]]]:
    acts = sorted(user[1])
    splits = by_time(len(acts), plan.test, plan.validation if plan.method == "time" else 0)
    for (_, _, group, grouped, number, index), split in zip(acts, splits, strict=True):
        yield group, (split, grouped, number, index)


def _unseen_apart(group: tuple[int, Iterable[tuple[str, bool, int, int]]]) -> Iterator[tuple[int, tuple[int, str]]]:
    """Test posts of a group that training never saw stand apart; a post without a group can't be unseen."""
    posts = list(group[1])
    seen = any(split == TRAIN for split, *_ in posts)
    for split, grouped, number, index in posts:
        yield number, (index, TEST_UNSEEN if grouped and not seen and split == TEST else split)


def _write_splits(chunk: tuple[int, Iterable[tuple[int, str]]], work: Work) -> int:
    work.write_note("splits", chunk[0], [split for _, split in sorted(chunk[1])])
    return chunk[0]
