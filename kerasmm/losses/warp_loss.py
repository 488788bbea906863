"""WARP loss: hinges of pairs that weigh more the more negatives stand above a positive."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.losses.pairwise_ranking_loss import PairwiseRankingLoss


@keras.saving.register_keras_serializable(package="kerasmm")
class WARPLoss(PairwiseRankingLoss):
    """Weighted approximate-rank pairwise loss, over all negatives in place of a sample.

    Formula (equation 4 of the paper), for each row:

        loss = Σ_p w(r_p) Σ_n max(0, margin + s_n - s_p),    w(r) = Σ_{j=1}^{r} 1/j

    over the positives p and the negatives n of the row, where s are the scores and r_p is the number of negatives that
    violate p's margin: margin + s_n - s_p > 0. No gradient flows through w.

    As printed (`normalize=False`), a positive counts its r violators and weighs each by w(r). Weston et al. draw negatives
    until one violates and weigh that one's hinge by w. Every violator is as likely to be that one, so for the weight w(r)
    the mean over draws is w(r)/r times the sum of hinges: the default, `normalize=True`, in which w(r_p)/r_p stands for
    w(r_p). Weston et al. don't know r and estimate it from the number of draws, as ⌊(labels - 1) / draws⌋; here it is
    counted.

    No table of pairs is formed. Where a row has more than a dozen positives the labels are sorted, else the positives are
    gone through: time is O(batch · labels · log labels), memory O(batch · labels). It can be differentiated once. Computed
    in float32.

    Args:
        margin: α, the gap asked for; not negative.
        normalize: Whether to divide by the number of violators. False: equation 4 as printed.
        negatives: How many negatives to draw for each row in each call; the sum is over those drawn, not scaled up. None,
            as printed: all of them. See `PairwiseLoss`. r then
            counts those drawn.
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

    >>> y_true, y_pred = [[1.0, 0.0, 0.0, 0.0]], [[2.0, 2.0, 1.5, 0.0]]  # hinges 1 and 0.5: two violators
    >>> round(float(WARPLoss(margin=1.0)(y_true, y_pred)), 6)  # (1 + 1/2) / 2 · 1.5
    1.125
    >>> round(float(WARPLoss(margin=1.0, normalize=False)(y_true, y_pred)), 6)  # (1 + 1/2) · 1.5
    2.25

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        3.2.1, after Weston et al. (2010), "Large Scale Image Annotation: Learning to Rank with Joint Word-Image
        Embeddings", Machine Learning 81(1).
    """

    def __init__(
        self,
        margin: float = 1.0,
        normalize: bool = True,
        negatives: int | None = None,
        seed: int | None = None,
        name: str | None = "warp_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(margin=margin, negatives=negatives, seed=seed, name=name, reduction=reduction, dtype=dtype)
        self.normalize = normalize

    def weight(self, violators: Any) -> Any:
        return harmonic(violators) / violators if self.normalize else harmonic(violators)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "normalize": self.normalize}


def harmonic(number: Any) -> Any:
    """1 + 1/2 + … + 1/number, of whole numbers from 1 on as floats, to float32's digits.

    The asymptotic series in 1/(number + 1/2)², after four steps up from `number`, where it is that exact.
    """
    middle = number + 4.5
    square = 1.0 / ops.square(middle)
    series = square * (1 / 24 - square * (7 / 960 - square * (31 / 8064)))
    return ops.log(middle) + _EULER + series - sum(1.0 / (number + step) for step in range(1, 5))


_EULER = 0.5772156649015329
