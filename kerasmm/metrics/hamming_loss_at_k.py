"""Hamming loss at k: how many labels are wrongly given or wrongly missing."""

from __future__ import annotations

from typing import Any

import keras

from kerasmm.metrics.label_metric_at_k import LabelMetricAtK


@keras.saving.register_keras_serializable(package="kerasmm")
class HammingLossAtK(LabelMetricAtK):
    """Mean over posts of the share of all labels that the k best-scored ones get wrong; lower is better.

    Formula (9), with X the k best-scored labels of a post, Y its true ones and N labels in the row:

        HL@k = (|X − Y| + |Y − X|) / N

    All N labels are counted, not only the k first, so it is small where labels are many: a post with m true labels has at
    least |k - m| / N and at most (k + m) / N. Labels that take no part aren't counted. Ties are broken by position, the
    first label ranks higher.

    Args:
        k: How many labels are given; positive. A row with fewer is given all it has.
        empty_rows: What becomes of rows without a true label: `"skip"` leaves them out, `"count"` takes k / N for them,
            all given labels being wrong. Rows without any present label are always left out.
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

    >>> metric = HammingLossAtK(k=2)
    >>> metric.update_state([[1, 0, 1, 0]], [[0.9, 0.8, 0.1, 0.0]])
    >>> float(metric.result())  # one too many, one too few, of four
    0.5

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        4.2.3.
    """

    prefix = "hamming_loss_at"

    def value(self, both: Any, shown: Any, true: Any, labels: Any) -> Any:
        return (shown + true - 2.0 * both) / labels
