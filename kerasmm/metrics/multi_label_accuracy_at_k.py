"""Multi-label accuracy at k: the true labels and the k given ones, what is in both of what is in either."""

from __future__ import annotations

from typing import Any

import keras

from kerasmm.metrics.label_metric_at_k import LabelMetricAtK


@keras.saving.register_keras_serializable(package="kerasmm")
class MultiLabelAccuracyAtK(LabelMetricAtK):
    """Mean over posts of the Jaccard index of the k best-scored labels and the true ones.

    Formula (8), with X the k best-scored labels of a post and Y its true ones:

        ML-A@k = |X ∩ Y| / |X ∪ Y|

    It never exceeds R@k, since X ∪ Y holds all of Y; table 1 of the paper, where it does, can't follow from its
    equations. A post with m true labels reaches at most min(m, k) / max(m, k). Ties are broken by position, the first
    label ranks higher.

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

    >>> metric = MultiLabelAccuracyAtK(k=2)
    >>> metric.update_state([[1, 0, 1, 0]], [[0.9, 0.8, 0.1, 0.0]])
    >>> round(float(metric.result()), 4)  # one of three
    0.3333

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        4.2.2.
    """

    prefix = "multi_label_accuracy_at"

    def value(self, both: Any, shown: Any, true: Any, labels: Any) -> Any:
        return both / (shown + true - both)
