"""LSEP loss: a smooth maximum over the pairs of positives and negatives."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.losses.pairwise_loss import PairwiseLoss


@keras.saving.register_keras_serializable(package="kerasmm")
class LSEPLoss(PairwiseLoss):
    """Log-sum-exp pairwise loss.

    Formula (equation 5 of the paper), for each row:

        loss = log(1 + Σ_p Σ_n exp(s_n - s_p)) = log(1 + Σ_n exp(s_n) · Σ_p exp(-s_p))

    over the positives p and the negatives n of the row, where s are the scores. The factors are computed as logarithms,
    so nothing overflows, and time and memory are O(batch · labels). Without positives or without negatives a row has no
    pairs and loss 0; it still counts in a mean over rows. Computed in float32.

    Args:
        negatives: How many negatives to draw for each row in each call; the sum is over those drawn, not scaled up. None,
            as printed: all of them. See `PairwiseLoss`.
        seed: Integer seed of the draws.
        name: Optional name.
        reduction: Keras' reduction over rows.
        dtype: Precision; half precision is raised to float32.

    Call arguments:
        y_true: `(batch, labels)`: 1 for a positive, 0 for a negative, below 0 for a label that takes no part.
        y_pred: `(batch, labels)` scores. Labels that its Keras mask leaves out take no part.
        sample_weight: Optional `(batch,)`, one weight a row.

    Returns:
        `(batch,)` reduced by `reduction`.

    Raises:
        ValueError: If `negatives` is not a positive integer, or the arguments have other ranks.

    Example:

    >>> round(float(LSEPLoss()([[1.0, 0.0, 0.0]], [[0.0, 0.0, 0.0]])), 3)  # log(1 + 2)
    1.099

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        3.2.2, after Li et al. (2017), "Improving Pairwise Ranking for Multi-label Image Classification", CVPR.
    """

    def __init__(
        self,
        negatives: int | None = None,
        seed: int | None = None,
        name: str | None = "lsep_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(negatives=negatives, seed=seed, name=name, reduction=reduction, dtype=dtype)

    def pairs(self, positive: Any, scores: Any, negative: Any, against: Any) -> Any:
        above = ops.logsumexp(ops.where(negative, against, _NOTHING), axis=1)
        below = ops.logsumexp(ops.where(positive, -scores, _NOTHING), axis=1)
        return ops.softplus(above + below)


_NOTHING = -1e38
"""Exponent of what is not there. Twice it is still finite, unlike -inf, whose gradient is not a number."""
