"""Coverage: how far down the ranked labels the last true one stands."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.metrics.ranking_metric import RankingMetric


@keras.saving.register_keras_serializable(package="kerasmm")
class Coverage(RankingMetric):
    """Mean over posts of how many labels stand above the last true one; lower is better.

    Formula (10), with Y the true labels of a post:

        Cov = max_{l ∈ Y} rank_l - 1

    A post with m true labels has at least m - 1. Ties are broken by position, the first label ranks higher; without
    ties it is `sklearn.metrics.coverage_error` - 1, which gives a tied label the rank of the last one it is tied with.

    Args:
        empty_rows: What becomes of rows without a true label: `"skip"` leaves them out, `"count"` takes 0 for them. Rows
            without any present label are always left out.
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.

    Call arguments:
        y_true: `(batch, labels)`: 1 true, 0 not, below 0 for a label that takes no part.
        y_pred: `(batch, labels)` scores, higher is better. Labels that its Keras mask leaves out take no part.
        sample_weight: Optional `(batch,)`, one weight a row.

    Returns:
        Scalar: the weighted mean over the rows seen since the last reset; 0 before any.

    Raises:
        ValueError: If `empty_rows` is another word, or the arguments have other ranks.

    Example:

    >>> metric = Coverage()
    >>> metric.update_state([[1, 0, 1, 0]], [[0.9, 0.8, 0.1, 0.0]])
    >>> float(metric.result())  # ranks 1 and 3
    2.0

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        4.2.4; Schapire and Singer (2000), "BoosTexter: A boosting-based system for text categorization", section 2.2.
    """

    def __init__(self, empty_rows: str = "skip", name: str | None = "coverage", dtype: Any = None) -> None:
        super().__init__(empty_rows=empty_rows, name=name, dtype=dtype)

    def row_values(self, relevant: Any, rank: Any) -> Any:
        return ops.maximum(ops.max(ops.where(relevant > 0.0, rank, 0.0), axis=1, initial=0.0) - 1.0, 0.0)
