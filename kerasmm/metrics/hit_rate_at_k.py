"""Hit rate at k, the papers' accuracy at k: how often a true label is among the k best-scored ones."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.metrics.label_metric_at_k import LabelMetricAtK


@keras.saving.register_keras_serializable(package="kerasmm")
class HitRateAtK(LabelMetricAtK):
    """Share of posts of which a true label is among the k best-scored ones: A@k, accuracy at k of hashtags.

    Formula (7), with R_k the k highest-scoring hashtags of image n of N and H_n its own:

        A@k = (1 / N) Σ_n [R_k ∩ H_n ≠ ∅]

    The paper prints a second division by N, with which no accuracy could exceed 1 / N. It isn't that of
    `MultiLabelAccuracyAtK`, and one of a post's labels is enough, unlike in `RecallAtK`. Ties are broken by position, the
    first label ranks higher.

    Args:
        k: How many labels are given; positive. A row with fewer is given all it has.
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
        ValueError: If `k` is not a positive integer or `empty_rows` is another word, or the arguments have other ranks.

    Example:

    >>> metric = HitRateAtK(k=2)
    >>> metric.update_state([[1, 0, 1, 0], [0, 0, 0, 1]], [[0.9, 0.8, 0.1, 0.0], [0.9, 0.8, 0.1, 0.0]])
    >>> float(metric.result())  # the first of two
    0.5

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 4.2.
    """

    prefix = "hit_rate_at"

    def value(self, both: Any, shown: Any, true: Any, labels: Any) -> Any:
        return ops.cast(both > 0.5, self.dtype)
