"""Recall at k of labels: how many of the true ones stand on top."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.metrics.label_metric_at_k import LabelMetricAtK


@keras.saving.register_keras_serializable(package="kerasmm")
class RecallAtK(LabelMetricAtK):
    """Mean over posts of the share of true labels among the k best-scored ones.

    Formula (7), with X the k best-scored labels of a post and Y its true ones:

        R@k = |X ∩ Y| / |Y|

    A post with more than k true labels can't reach 1. Ties are broken by position, the first label ranks higher.
    `RetrievalRecallAtK` is another one: there one true item is enough.

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

    >>> metric = RecallAtK(k=2)
    >>> metric.update_state([[1, 0, 1, 0]], [[0.9, 0.8, 0.1, 0.0]])
    >>> float(metric.result())  # one of two
    0.5

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        4.2.1.
    """

    prefix = "recall_at"

    def value(self, both: Any, shown: Any, true: Any, labels: Any) -> Any:
        return both / ops.maximum(true, 1.0)
