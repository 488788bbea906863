"""Pairwise ranking loss: every positive label scores above every negative one, by a margin."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasmm.losses.known_value import known_value
from kerasmm.losses.pairwise_loss import PairwiseLoss, with_gradient
from kerasmm.losses.weighted_hinges import looped_hinges, sorted_hinges

FEW_POSITIVES = 12
"""Up to so many of a row, going through them takes less time than sorting the labels."""


@keras.saving.register_keras_serializable(package="kerasmm")
class PairwiseRankingLoss(PairwiseLoss):
    """Sum of the hinges of all pairs of a positive and a negative label.

    Formula (equation 3 of the paper), for each row:

        loss = Σ_p Σ_n max(0, margin + s_n - s_p)

    over the positives p and the negatives n of the row, where s are the scores. Without positives or without negatives a
    row has no pairs and loss 0; it still counts in a mean over rows. The paper takes the mean over rows (equation 2).

    No table of pairs is formed. Where a row has more than a dozen positives the labels are sorted, else the positives are
    gone through: time is O(batch · labels · log labels), memory O(batch · labels). It can be differentiated once. Computed
    in float32.

    Args:
        margin: α, the gap asked for; not negative.
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
        ValueError: If `margin` is negative or not finite, `negatives` is not a positive integer, or the arguments have
            other ranks.

    Example:

    >>> loss = PairwiseRankingLoss(margin=1.0)
    >>> round(float(loss([[1.0, 0.0, 0.0]], [[2.0, 1.5, 0.0]])), 6)  # 0.5 for the first negative, 0 for the second
    0.5

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        3.2, after Cao et al. (2007), "Learning to Rank: From Pairwise Approach to Listwise Approach", ICML.
    """

    def __init__(
        self,
        margin: float = 1.0,
        negatives: int | None = None,
        seed: int | None = None,
        name: str | None = "pairwise_ranking_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(negatives=negatives, seed=seed, name=name, reduction=reduction, dtype=dtype)
        if not 0.0 <= margin < math.inf:
            raise ValueError(f"`margin` must be non-negative and finite. Received: margin={margin}")
        self.margin = margin

    def pairs(self, positive: Any, scores: Any, negative: Any, against: Any) -> Any:
        fixed, others = ops.stop_gradient(scores), ops.stop_gradient(against)

        def loop() -> tuple[Any, Any, Any]:
            return looped_hinges(positive, fixed, negative, others, self.margin, self.weight)

        if against is not scores:
            value, down, up = loop()
            return with_gradient(value, (scores, down), (against, up))

        def add_up() -> tuple[Any, Any]:
            value, down, up = loop()
            return value, down + up

        def sort() -> tuple[Any, Any]:
            return sorted_hinges(positive, negative, fixed, self.margin, self.weight)

        paired = ops.logical_and(positive, ops.any(negative, axis=1, keepdims=True))
        most = ops.max(ops.sum(ops.cast(paired, "int32"), axis=1), initial=0)
        if (known := known_value(most)) is None:
            value, slopes = ops.cond(most <= FEW_POSITIVES, add_up, sort)
        else:
            value, slopes = add_up() if known <= FEW_POSITIVES else sort()
        return with_gradient(value, (scores, slopes))

    def weight(self, violators: Any) -> Any:
        """What the hinges of a positive weigh, given how many of its negatives violate the margin, 1 or more."""
        return ops.ones_like(violators)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "margin": self.margin}
