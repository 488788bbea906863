"""The bidirectional ranking loss on a matrix of similarities: VSE with all negatives, VSE++ with the hardest."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasmm.losses.row_loss import RowLoss

NEGATIVES = ("sum", "hardest")


@keras.saving.register_keras_serializable(package="kerasmm")
class BidirectionalRankingLoss(RowLoss):
    """Asks that a pair be more similar than its negatives by a margin, in both directions.

    Formula, with similarities S (images × sentences), pairs (i, s) and margin Δ:

        sum      L = Σ_(i,s) { Σ_s⁻ max[0, Δ − S_is + S_is⁻] + Σ_i⁻ max[0, Δ − S_is + S_i⁻s] }       (1)   VSE
        hardest  L = Σ_(i,s) { max[0, Δ − S_is + max_s⁻ S_is⁻] + max[0, Δ − S_is + max_i⁻ S_i⁻s] }   (2)   VSE++

    s⁻ runs over the negatives of row i, i⁻ over those of column s. Row i holds the terms of its pairs; the default
    `reduction="sum"` is the papers'. A pair without negatives in a direction has no term there; a row without pairs is
    0. The hardest loss can stick at 2 Δ a pair, where all similarities are equal: warm up with the sum.

    Costs O(n m) for the hardest and O(n m log m + n m log n) for the sum, for any number of pairs; memory O(n m).
    Computed in float32.

    Args:
        margin: Δ, not negative. The paper's is 0.2.
        negatives: `"sum"` or `"hardest"`.
        name: Optional name.
        reduction: Keras' reduction over rows.
        dtype: Precision; half precision is raised to float32.

    Call arguments:
        y_true: `(n, m)`: 1 for a pair, 0 for a negative, below 0 for what is neither, e.g. another sentence of the same
            image, where only the row's own one is to count.
        y_pred: `(n, m)` similarities. Entries that its Keras mask leaves out are neither.
        sample_weight: Optional `(n,)`, one weight a row.

    Returns:
        `(n,)` reduced by `reduction`.

    Raises:
        ValueError: If `margin` is negative or not finite, `negatives` is another word, or the arguments have other ranks.

    Example:

    >>> loss = BidirectionalRankingLoss(margin=0.2)
    >>> # Image 0: 0.2 - 0.9 + 0.8 in its row; image 1: 0.2 - 0.5 + 0.8 in its column.
    >>> round(float(loss([[1.0, 0.0], [0.0, 1.0]], [[0.9, 0.8], [0.1, 0.5]])), 6)
    0.6

    Reference:
        Mithun et al. (2018), "Webly Supervised Joint Embedding for Cross-Modal Image-Text Retrieval", section 3.2;
        Faghri et al. (2018), "VSE++: Improving Visual-Semantic Embeddings with Hard Negatives".
    """

    def __init__(
        self,
        margin: float = 0.2,
        negatives: str = "sum",
        name: str | None = "bidirectional_ranking_loss",
        reduction: str = "sum",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0.0 <= margin < math.inf:
            raise ValueError(f"`margin` must be non-negative and finite. Received: margin={margin}")
        if negatives not in NEGATIVES:
            raise ValueError(f"`negatives` must be one of {NEGATIVES}. Received: negatives={negatives!r}")
        self.margin, self.negatives = margin, negatives

    def call(self, y_true: Any, y_pred: Any) -> Any:
        pair = y_true > 0.5
        negative = ops.logical_and(y_true >= 0.0, y_true <= 0.5)
        # Selected, not multiplied: what an absent entry holds must reach neither value nor gradient.
        similarity = ops.where(ops.logical_or(pair, negative), y_pred, 0.0)
        one_way = self._sum if self.negatives == "sum" else self._hardest
        terms = one_way(similarity, pair, negative) + ops.transpose(
            one_way(ops.transpose(similarity), ops.transpose(pair), ops.transpose(negative))
        )
        return ops.sum(ops.where(pair, terms, 0.0), axis=1)

    def _hardest(self, similarity: Any, pair: Any, negative: Any) -> Any:
        """For each pair the hinge of the row's most similar negative."""
        least = -float("inf")
        hardest = ops.max(ops.where(negative, similarity, least), axis=1, keepdims=True, initial=least)
        # Asked of the labels: similarities that are no numbers must not pass for no negatives.
        there = ops.any(negative, axis=1, keepdims=True)
        gap = self.margin - similarity + ops.where(there, hardest, 0.0)
        return ops.relu(ops.where(ops.logical_and(pair, there), gap, 0.0))

    def _sum(self, similarity: Any, pair: Any, negative: Any) -> Any:
        """For each pair the sum of the hinges of the row's negatives.

        In the order of falling keys — a pair's is lowered by the margin — the negatives with a hinge above zero stand
        before the pair, so that running sums have their number and their sum.
        """
        key = ops.where(pair, similarity - self.margin, ops.where(negative, similarity, -float("inf")))
        order = ops.argsort(-ops.stop_gradient(key), axis=1)
        place = ops.argsort(order, axis=1)
        counted = ops.take_along_axis(ops.cast(negative, similarity.dtype), order, axis=1)
        sorted_negatives = ops.take_along_axis(ops.where(negative, similarity, 0.0), order, axis=1)
        number = ops.take_along_axis(ops.cumsum(counted, axis=1), place, axis=1)
        total = ops.take_along_axis(ops.cumsum(sorted_negatives, axis=1), place, axis=1)
        return total + number * (self.margin - similarity)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "margin": self.margin, "negatives": self.negatives}
