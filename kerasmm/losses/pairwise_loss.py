"""What the losses of pairs of labels share: a positive and a negative of the same row, compared by their scores."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.losses.drawn_negatives import draw_negatives
from kerasmm.losses.row_loss import RowLoss


class PairwiseLoss(RowLoss):
    """Base class of losses over the pairs of a positive and a negative of a row.

    A subclass defines `pairs(positive, scores, negative, against)` and returns `(batch,)`: which labels are positive,
    `(batch, labels)` boolean, and their scores; which are negative, and theirs. With all negatives the two scores are the
    same tensor, with drawn ones the latter are `(batch, negatives)`. Absent entries are neither, and have score 0.

    Draws come from a `keras.random.SeedGenerator`, `seed_generator`, fresh in every call, inside a `tf.function` too. On
    JAX, where a step is a pure function, such a state moves on only where the model knows it, as those of its layers:
    `model.draws = loss.seed_generator` before `model.compile`; without it a compiled step repeats its draws.

    Args:
        negatives: How many negatives to draw for each row in each call, see `draw_negatives`. None: all of them.
        seed: Integer seed of the draws. None: random, or what `keras.utils.set_random_seed` makes of it.
        name: Optional name.
        reduction: Keras' reduction over rows.
        dtype: Precision; half precision is raised to float32.

    Raises:
        ValueError: If `negatives` is not a positive integer.
    """

    def __init__(
        self,
        negatives: int | None = None,
        seed: int | None = None,
        name: str | None = None,
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if negatives is not None and (not isinstance(negatives, int) or negatives < 1):
            raise ValueError(f"`negatives` must be a positive integer or None. Received: negatives={negatives}")
        self.negatives = negatives
        self.seed = seed
        self.seed_generator = None if negatives is None else keras.random.SeedGenerator(seed)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        positive, negative, scores = entries(y_true, y_pred)
        labels = y_true.shape[1]
        # A row with no more negatives than are drawn has each of them once, and these are all such rows.
        if self.negatives is None or (labels is not None and labels <= self.negatives):
            return self.pairs(positive, scores, negative, scores)
        return self.pairs(positive, scores, *draw_negatives(negative, scores, self.negatives, self.seed_generator))

    def pairs(self, positive: Any, scores: Any, negative: Any, against: Any) -> Any:
        """The losses of rows."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negatives": self.negatives, "seed": self.seed}


def entries(y_true: Any, y_pred: Any) -> tuple[Any, Any, Any]:
    """Which labels are positive, which negative, and the scores, 0 for a label that is neither.

    Replaced first, what an absent label holds reaches neither value nor gradient.
    """
    present = y_true >= 0.0
    positive = y_true > 0.5
    return positive, ops.logical_and(present, ops.logical_not(positive)), ops.where(present, y_pred, 0.0)


def with_gradient(value: Any, *slopes: tuple[Any, Any]) -> Any:
    """A value of each row with a gradient that is known: nothing is kept of how they came about.

    There are no second derivatives. Nor is there a gradient of zeros through the loop that made them: XLA would have to
    know beforehand how many steps it takes.

    Args:
        value: `(batch,)`.
        slopes: Pairs of scores and the gradient by them, both `(batch, labels)`.

    Returns:
        `(batch,)`.
    """
    value = ops.stop_gradient(value)
    for scores, gradient in slopes:
        value = value + ops.sum(ops.stop_gradient(gradient) * (scores - ops.stop_gradient(scores)), axis=1)
    return value
