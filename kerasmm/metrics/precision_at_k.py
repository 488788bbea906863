"""Precision at k: how much of what stands on top is relevant."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.metrics.ranking_metric import RankingMetric


@keras.saving.register_keras_serializable(package="kerasmm")
class PrecisionAtK(RankingMetric):
    """Mean over rows of the share of relevant entries among the k best-scored ones.

    Formula:

        P@k = |{i : relevant_i, rank_i ≤ k}| / min(k, n)

    with n entries in the row: where k is larger than n, it is the share of all. Ties are broken by position, the first
    entry ranks higher.

    `keras_rs.metrics.PrecisionAtK` (0.4) has the same formula, but shuffles ties even with `shuffle_ties=False`, and
    weights a row without relevant entries by the other rows of its batch; here a result is a function of its rows.

    Args:
        k: How many entries to look at; positive.
        empty_rows: What becomes of rows without a relevant entry: `"count"` as 0, or `"skip"`. Rows without any
            present entry are always left out.
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.

    Call arguments:
        y_true: `(batch, entries)`: 1 relevant, 0 not, below 0 for an entry that takes no part.
        y_pred: `(batch, entries)` scores, higher is better. Entries that its Keras mask leaves out take no part.
        sample_weight: Optional `(batch,)`, one weight a row.

    Returns:
        Scalar: the weighted mean over the rows seen since the last reset; 0 before any.

    Raises:
        ValueError: If `k` is not a positive integer or `empty_rows` is another word, or the arguments have other ranks.

    Example:

    >>> metric = PrecisionAtK(k=2)
    >>> metric.update_state([[1, 0, 1]], [[0.9, 0.8, 0.1]])
    >>> float(metric.result())
    0.5

    Reference:
        Huang et al. (2017), "Learning Social Image Embedding with Deep Multimodal Attention Networks", section 4.4.
    """

    def __init__(self, k: int, empty_rows: str = "count", name: str | None = None, dtype: Any = None) -> None:
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"`k` must be a positive integer. Received: k={k}")
        super().__init__(empty_rows=empty_rows, name=name or f"precision_at_{k}", dtype=dtype)
        self.k = k

    def row_values(self, relevant: Any, rank: Any) -> Any:
        hits = ops.sum(ops.where(rank <= self.k, relevant, 0.0), axis=1)
        shown = ops.minimum(ops.max(rank, axis=1, initial=1.0), float(self.k))
        return hits / shown

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}
