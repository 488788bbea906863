"""The split: training, validation and test, as the plan says."""

from __future__ import annotations

import apache_beam as beam

from data_prep.split.plan import BY_USER, Plan
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
        self._work, self._plan = work, plan

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        if self._plan.method in BY_USER:
            numbers |= LastActs(self._work, self._plan)
        return numbers if self._plan.method == "time" else numbers | CutRanking(self._work, self._plan)
