"""Median rank of cross-modal retrieval."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.metrics.ranking_metric import ranked
from kerasmm.metrics.retrieval_metric import first_rank
from kerasmm.rows import at_least_float32, row_weight


@keras.saving.register_keras_serializable(package="kerasmm")
class MedianRank(keras.metrics.Metric):
    """Median over queries of the rank of the best-ranked relevant item; 1 is perfect.

    Formula, with the weights w of queries, W(r) = Σ_{q : rank_q ≤ r} w_q and their total W:

        median rank = (min{r : W(r) ≥ W/2} + min{r : W(r) > W/2}) / 2

    which without weights is the middle rank, or the mean of the two middle ones. It is exact, and the same in any batches:
    the state is how many queries had each rank, `deepest` + 1 numbers however many queries there are. Ties are broken by
    position, the first item ranks higher; queries without a relevant item are left out.

    Ranks as in `RankingMetric`; it is none itself because a median is no mean.

    Args:
        deepest: Ranks past this are told apart no more; where the median lies there, it is infinite. As many as there are
            items is always enough.
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.

    Call arguments:
        y_true: `(queries, items)`: 1 relevant, 0 not, below 0 for an item that takes no part.
        y_pred: `(queries, items)` similarities. Items that its Keras mask leaves out take no part.
        sample_weight: Optional `(queries,)`, one weight a query, not negative.

    Returns:
        Scalar: the weighted median over the queries seen since the last reset; 0 before any.

    Raises:
        ValueError: If `deepest` is not a positive integer, or the arguments have other ranks.

    Example:

    >>> metric = MedianRank()
    >>> scores = [0.9, 0.8, 0.7]
    >>> metric.update_state([[1, 0, 1], [0, 1, 0], [0, 0, 1]], [scores, scores, scores])
    >>> float(metric.result())  # of 1, 2 and 3
    2.0

    Reference:
        Mithun et al. (2018), "Webly Supervised Joint Embedding for Cross-Modal Image-Text Retrieval", section 4.1.
    """

    def __init__(self, deepest: int = 100_000, name: str | None = "median_rank", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=at_least_float32(dtype))
        if not isinstance(deepest, int) or deepest < 1:
            raise ValueError(f"`deepest` must be a positive integer. Received: deepest={deepest}")
        self.deepest = deepest
        # Place r - 1 counts rank r; the last place is what lies deeper.
        self.queries = self.add_variable((deepest + 1,), "zeros", dtype=self.dtype, name="queries")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        relevant, present = ranked(y_true, y_pred, self.dtype)
        rank = first_rank(relevant, ops.cumsum(present, axis=1))
        weight = ops.cast(rank > 0.0, self.dtype)
        if sample_weight is not None:
            weight = weight * row_weight(sample_weight, self.dtype)
        place = ops.cast(ops.clip(rank - 1.0, 0.0, float(self.deepest)), "int32")
        self.queries.assign_add(ops.segment_sum(weight, place, num_segments=self.deepest + 1))

    def result(self) -> Any:
        within = ops.cumsum(self.queries)
        half = within[-1] / 2.0
        # As many ranks as lie before the first one that reaches, or passes, a half.
        lower = 1.0 + ops.sum(ops.cast(within < half, self.dtype))
        upper = 1.0 + ops.sum(ops.cast(within <= half, self.dtype))
        median = ops.where(upper > self.deepest, float("inf"), (lower + upper) / 2.0)
        return ops.where(half > 0.0, median, 0.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "deepest": self.deepest}
