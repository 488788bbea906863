"""PLSP loss: LSEP with truncated exponents, so that no pair can cost much."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasmm.losses.over_positives import over_positives
from kerasmm.losses.pairwise_loss import PairwiseLoss, entries, with_gradient
from kerasmm.rows import mark_absent


@keras.saving.register_keras_serializable(package="kerasmm")
class PLSPLoss(PairwiseLoss):
    """Penalized-logistic-sum pairwise loss.

    Formula (equation 6 of the paper, as printed), for each row:

        loss = log(1 + Σ_p Σ_n exp(min(s_n - s_p, s) / max(s_n - s_p, -s)))

    over the positives p and the negatives n of the row, where s_n and s_p are scores and s < 0 is the truncation. With
    d = s_n - s_p the exponent is

        d / |s|     where d < s: the positive leads by more than |s|,
        -1          where |d| ≤ |s|: no gradient,
        -|s| / d    where d > |s|: it stays below 0, however wrong the pair is, and its slope |s| / d² fades.

    So a pair never costs more than a term of 1, and pairs within |s| of each other aren't trained at all. **Scores that
    start near zero sit on this flat part, and the loss can't move them**: start from scores that are spread wider than
    |s|, or make |s| small; `flat_share` tells how many pairs lie there. Without positives or without negatives a row has
    no pairs and loss 0; it still counts in a mean over rows.

    Terms of the last kind don't factorise: time is O(batch · most positives of a row · labels), memory
    O(batch · labels). It can be differentiated once. Computed in float32.

    Args:
        truncation: s, negative.
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
        ValueError: If `truncation` is not negative and finite, `negatives` is not a positive integer, or the arguments
            have other ranks.

    Example:

    >>> loss = PLSPLoss(truncation=-1.0)
    >>> round(float(loss([[1.0, 0.0, 0.0]], [[0.0, 0.5, 2.0]])), 4)  # log(1 + exp(-1) + exp(-1/2))
    0.6803
    >>> float(loss.flat_share([[1.0, 0.0, 0.0]], [[0.0, 0.5, 2.0]]))
    0.5

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        3.2.3.
    """

    def __init__(
        self,
        truncation: float = -1.0,
        negatives: int | None = None,
        seed: int | None = None,
        name: str | None = "plsp_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(negatives=negatives, seed=seed, name=name, reduction=reduction, dtype=dtype)
        if not -math.inf < truncation < 0.0:
            raise ValueError(f"`truncation` must be negative and finite. Received: truncation={truncation}")
        self.truncation = truncation

    def pairs(self, positive: Any, scores: Any, negative: Any, against: Any) -> Any:
        width = -self.truncation
        fixed = ops.where(negative, ops.stop_gradient(against), -math.inf)

        def add(score: Any, total: Any, slopes: Any) -> tuple[Any, ...]:
            gaps = fixed - score
            inverse = 1.0 / ops.maximum(gaps, width)
            terms = ops.exp(ops.minimum(gaps, -width) * inverse)
            steep = ops.where(ops.abs(gaps) > width, width * ops.square(inverse) * terms, 0.0)
            down = -ops.sum(steep, axis=1, keepdims=True)
            return down, total + ops.sum(terms, axis=1, keepdims=True), slopes + steep

        positive = ops.logical_and(positive, ops.any(negative, axis=1, keepdims=True))
        start = ops.zeros((ops.shape(scores)[0], 1), dtype=scores.dtype), ops.zeros_like(against)
        down, total, up = over_positives(positive, ops.stop_gradient(scores), add, *start)
        value = ops.squeeze(ops.log1p(total), 1)
        return with_gradient(value, (scores, down / (1.0 + total)), (against, up / (1.0 + total)))

    def flat_pairs(self, y_true: Any, y_pred: Any) -> tuple[Any, Any]:
        """How many pairs of a positive and a negative are on the flat part, |d| ≤ |s|, and how many there are.

        Args:
            y_true: As in a call.
            y_pred: As in a call.

        Returns:
            Two tensors `(batch,)`.
        """
        positive, negative, scores = entries(*mark_absent(y_true, y_pred, self.dtype))
        against = ops.where(negative, scores, -math.inf)

        def add(score: Any, flat: Any) -> tuple[Any, ...]:
            there = ops.cast(ops.abs(against - score) <= -self.truncation, self.dtype)
            return ops.zeros_like(score), flat + ops.sum(there, axis=1, keepdims=True)

        _, flat = over_positives(positive, scores, add, ops.zeros((ops.shape(scores)[0], 1), dtype=scores.dtype))
        positives, negatives = (ops.sum(ops.cast(there, self.dtype), axis=1) for there in (positive, negative))
        return ops.squeeze(flat, 1), positives * negatives

    def flat_share(self, y_true: Any, y_pred: Any) -> Any:
        """The share of all pairs of the batch that are on the flat part, where nothing is trained; 0 without pairs.

        Over batches, sum `flat_pairs`.
        """
        flat, pairs = (ops.sum(count) for count in self.flat_pairs(y_true, y_pred))
        return flat / ops.maximum(pairs, 1.0)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "truncation": self.truncation}
