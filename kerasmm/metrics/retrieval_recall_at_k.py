"""Recall at k of cross-modal retrieval: how often something right is among the first k."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.metrics.retrieval_metric import RetrievalMetric


@keras.saving.register_keras_serializable(package="kerasmm")
class RetrievalRecallAtK(RetrievalMetric):
    """Share of queries with a relevant item among the k best-scored ones.

    Formula:

        R@k = |{q : rank_q ≤ k}| / |{q}|

    with the rank of the best-ranked relevant item of a query. This is the R@k of image-sentence retrieval, where one of a
    picture's sentences is enough; the recall of information retrieval, the share of relevant items that are found, is
    another one as soon as several are relevant. Ties are broken by position, the first item ranks higher; queries
    without a relevant item are left out.

    A row ranks all its items, so give it the whole list: within a batch it would be the recall among the batch.
    `kerasmm.evaluation.retrieval` has the same figure of whole splits.

    Args:
        k: How many items to look at; positive.
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.

    Call arguments:
        y_true: `(queries, items)`: 1 relevant, 0 not, below 0 for an item that takes no part.
        y_pred: `(queries, items)` similarities. Items that its Keras mask leaves out take no part.
        sample_weight: Optional `(queries,)`, one weight a query.

    Returns:
        Scalar: the weighted mean over the queries seen since the last reset; 0 before any.

    Raises:
        ValueError: If `k` is not a positive integer, or the arguments have other ranks.

    Example:

    >>> metric = RetrievalRecallAtK(k=1)
    >>> metric.update_state([[1, 1, 0], [0, 1, 0]], [[0.1, 0.9, 0.8], [0.5, 0.4, 0.3]])
    >>> float(metric.result())
    0.5

    Reference:
        Mithun et al. (2018), "Webly Supervised Joint Embedding for Cross-Modal Image-Text Retrieval", section 4.1.
    """

    def __init__(self, k: int, name: str | None = None, dtype: Any = None) -> None:
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"`k` must be a positive integer. Received: k={k}")
        super().__init__(name=name or f"retrieval_recall_at_{k}", dtype=dtype)
        self.k = k

    def value(self, rank: Any) -> Any:
        return ops.cast(rank <= self.k, self.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}
