"""The ranking loss of triplets of a tag, an image and a user, with negatives along each of the three axes."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import keras
from keras import ops

from kerasmm.losses.drawn_negatives import draw_one
from kerasmm.losses.pairwise_loss import entries
from kerasmm.losses.row_loss import RowLoss


@keras.saving.register_keras_serializable(package="kerasmm")
class TripletTensorLoss(RowLoss):
    """Asks that an observed triplet score above unobserved ones by a margin: two of them along each axis.

    Formula (the unnumbered loss after equation 5 of the paper, with its six negatives), for each row, an observed triplet
    t⁺ of an image, a tag and a user:

        loss = Σ_a { max(0, margin + max_t⁻ s(t⁻) - s(t⁺)) + max(0, margin + s(t_a) - s(t⁺)) }

    over the three axes a. On an axis t⁻ runs over the unobserved triplets in which its element, the image, the tag or the
    user, is another one of the batch: the hardest of them, a "hard" negative; t_a is one of them drawn uniformly at
    random, an "intermediate" negative. An axis without unobserved triplets, or without t⁺ itself, has no hinges: they are
    0.

    Draws are fresh in every call and come from a `keras.random.SeedGenerator`, `seed_generator`; on JAX see
    `PairwiseLoss`. Costs a few operations for each score; memory is a few times that of the scores. Computed in float32.

    Args:
        margin: The gap asked for; not negative. The paper's is 1.
        seed: Integer seed of the draws. None: random, or what `keras.utils.set_random_seed` makes of it.
        name: Optional name.
        reduction: Keras' reduction over rows.
        dtype: Precision; half precision is raised to float32.

    Call arguments:
        y_true: `(batch, 3, candidates)`: 1 for the triplet itself, once an axis, 0 for an unobserved one, below 0 for one
            that takes no part: an observed one, or one with the same element.
        y_pred: `(batch, 3, candidates)`, scores s of the row's triplet with its image (axis 0), tag (1) or user (2) replaced
            by each candidate. Entries that its Keras mask leaves out take no part.
        sample_weight: Optional `(batch,)`, one weight a row.

    Returns:
        `(batch,)` reduced by `reduction`.

    Raises:
        ValueError: If `margin` is negative or not finite, or the arguments have other shapes.

    Example:

    >>> loss = TripletTensorLoss()
    >>> y_true = [[[1, 0], [1, 0], [1, -1]]]  # an image and a tag that are unobserved; the other user is the same
    >>> y_pred = [[[2.0, 1.5], [2.0, 0.0], [2.0, 2.0]]]
    >>> float(loss(y_true, y_pred))  # two hinges of 1 + 1.5 - 2, since only one image can be drawn, and two of 0
    1.0

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 3.2.
    """

    axes: ClassVar[tuple[str, ...]] = ("batch", "3", "candidates")

    def __init__(
        self,
        margin: float = 1.0,
        seed: int | None = None,
        name: str | None = "triplet_tensor_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if not 0.0 <= margin < math.inf:
            raise ValueError(f"`margin` must be non-negative and finite. Received: margin={margin}")
        self.margin, self.seed = margin, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        # An axis of a row is a row of its own: candidates of which one is the triplet.
        positive, negative, scores = entries(_axes_as_rows(y_true, -1.0), _axes_as_rows(y_pred, 0.0))
        itself = ops.sum(ops.where(positive, scores, 0.0), axis=1)
        there = ops.logical_and(ops.any(positive, axis=1), ops.any(negative, axis=1))
        least = -float("inf")
        hardest = ops.max(ops.where(negative, scores, least), axis=1, initial=least)
        drawn = draw_one(negative, scores, self.seed_generator)
        # Selected before the hinge: a difference of infinities has no gradient.
        hinges = sum(
            ops.relu(ops.where(there, self.margin + ops.where(there, other, 0.0) - itself, 0.0))
            for other in (hardest, drawn)
        )
        return ops.sum(ops.reshape(hinges, (-1, 3)), axis=1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "margin": self.margin, "seed": self.seed}


def _axes_as_rows(values: Any, absent: float) -> Any:
    """`(batch, 3, candidates)` → `(3 batch, candidates + 1)`; one more that is absent, since no row may be without any."""
    padded = ops.pad(values, ((0, 0), (0, 0), (0, 1)), constant_values=absent)
    return ops.reshape(padded, (-1, ops.shape(padded)[2]))
