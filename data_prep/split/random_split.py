"""Random splits of exact size, without holding the posts.

Every group of posts (or every post without a group) has a place by hash, and the ranking is cut where the wanted
number of posts is reached. The cut is found by counting 65,536 bins of the ranking first and then looking only into
the bin that it falls in, so that no worker holds the ranking. What the method `latest` held out, each post for itself, is
cut in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.route import SELECTED
from data_prep.split.plan import TEST, TRAIN, VALIDATION, Plan, by_user, cut_file, held_out_place, place, rounded
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import BITS

_BIN = BITS - 16

Cut = tuple[str, float, int, int]
"""Split, posts below the cut, the bin that the cut falls in, posts in the bins below that bin."""


class CutRanking(beam.PTransform):
    """Numbers of selected chunks → `cuts/SPLIT`: groups placed below it are in that split or an earlier one.

    Args:
        work: The work folder.
        plan: How many posts.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        super().__init__()
        self._work, self._plan = work, plan

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        sizes = numbers | beam.FlatMap(_places, self._work, self._plan) | "group sizes" >> beam.CombinePerKey(sum)
        bins = sizes | beam.MapTuple(lambda place, size: (place >> _BIN, size)) | "bin sizes" >> beam.CombinePerKey(sum)
        counted = bins | beam.Map(lambda item: (None, item)) | "all bins" >> beam.GroupByKey()
        cuts = beam.pvalue.AsIter(counted | beam.FlatMap(_cut_bins, self._plan))
        near = sizes | beam.FlatMap(_near_a_cut, cuts)
        return near | "cuts" >> beam.GroupByKey() | beam.Map(_write_cut, self._work)


def cut_at(target: float, before: int, sizes: Iterable[tuple[int, int]]) -> int:
    """The place at which the ranking is cut: groups below it make up `target` posts, as nearly as whole groups can.

    Args:
        target: Wanted number of posts below the cut.
        before: Posts in the bins below.
        sizes: `(place, posts)` of each group in the bin that the target falls in.
    """
    best, where, total = abs(before - target), None, before
    ordered = sorted(sizes)
    for number, (_, size) in enumerate(ordered):
        total += size
        if abs(total - target) < best:
            best, where = abs(total - target), number
    if where is not None:
        return ordered[where][0] + 1
    return ordered[0][0] if ordered else 0


def _places(number: int, work: Work, plan: Plan) -> Iterator[tuple[int, int]]:
    if plan.method == "latest":
        yield from ((held_out_place(draft, plan.seed), 1) for draft, split in by_user(work, number) if split != TRAIN)
        return
    with Ticker(work, "split", number) as tick:
        for draft in work.drafts(SELECTED, number):
            tick()
            if plan.method == "random" or draft.split == TRAIN:
                yield place(draft, plan.seed), 1


def _cut_bins(bins: tuple[None, Iterable[tuple[int, int]]], plan: Plan) -> Iterator[Cut]:
    counted = sorted(bins[1])
    ends = {TEST: plan.test, VALIDATION: plan.test + plan.validation}
    if plan.method == "latest":
        ends = {VALIDATION: rounded(plan.validation * sum(size for _, size in counted))}
    if plan.train is not None:
        ends[TRAIN] = plan.test + plan.train
    for name, target in ends.items():
        before = 0
        for number, size in counted:
            if target and before + size >= target:
                yield name, target, number, before
                break
            before += size


def _near_a_cut(item: tuple[int, int], cuts: Iterable[Cut]) -> Iterator[tuple[tuple[str, float, int], tuple[int, int]]]:
    for name, target, number, before in cuts:
        if item[0] >> _BIN == number:
            yield (name, target, before), item


def _write_cut(cut: tuple[tuple[str, float, int], Iterable[tuple[int, int]]], work: Work) -> None:
    (name, target, before), sizes = cut
    work.write_lines(cut_file(work, name), [str(cut_at(target, before, sizes))])
