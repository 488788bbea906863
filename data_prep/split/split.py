"""The split: training, validation and test, as the plan says."""

from __future__ import annotations

import apache_beam as beam

from data_prep.split.plan import Plan
from data_prep.split.random_split import CutRanking
from data_prep.split.time_split import LastActs
from data_prep.work.chunks import Work


class SplitPosts(beam.PTransform):
    """Numbers of selected chunks → what `data_prep.split.plan.assigned` reads.

    Args:
        work: The work folder.
        plan: The method and the sizes.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        super().__init__()
        self._how = LastActs(work, plan) if plan.method == "time" else CutRanking(work, plan)

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | self._how
