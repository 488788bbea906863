"""Mean rank of cross-modal retrieval."""

from __future__ import annotations

from typing import Any

import keras

from kerasmm.metrics.retrieval_metric import RetrievalMetric


@keras.saving.register_keras_serializable(package="kerasmm")
class MeanRank(RetrievalMetric):
    """Mean over queries of the rank of the best-ranked relevant item; 1 is perfect.

    Formula:

        mean rank = 1/Q Σ_q rank_q

    Ties are broken by position, the first item ranks higher; queries without a relevant item are left out. A few queries
    that fail move it far; see `MedianRank`.

    Args:
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.

    Call arguments:
        y_true: `(queries, items)`: 1 relevant, 0 not, below 0 for an item that takes no part.
        y_pred: `(queries, items)` similarities. Items that its Keras mask leaves out take no part.
        sample_weight: Optional `(queries,)`, one weight a query.

    Returns:
        Scalar: the weighted mean over the queries seen since the last reset; 0 before any.

    Raises:
        ValueError: If the arguments have other ranks.

    Example:

    >>> metric = MeanRank()
    >>> metric.update_state([[1, 1, 0], [0, 0, 1]], [[0.1, 0.9, 0.8], [0.5, 0.4, 0.3]])
    >>> float(metric.result())  # (1 + 3) / 2
    2.0

    Reference:
        Faghri et al. (2018), "VSE++: Improving Visual-Semantic Embeddings with Hard Negatives", section 4.
    """

    def __init__(self, name: str | None = "mean_rank", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def value(self, rank: Any) -> Any:
        return rank
