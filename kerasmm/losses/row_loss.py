"""What the losses of rows share: float32, masks and weights."""

from __future__ import annotations

from typing import Any, ClassVar

import keras
from keras import ops

from kerasmm.rows import at_least_float32, mark_absent, row_weight


class RowLoss(keras.losses.Loss):
    """Base class of losses whose value for a row comes from the row's present entries.

    A subclass defines `call(y_true, y_pred)` on `(batch, entries)` and returns `(batch,)`. It finds the absent entries
    as `y_true < 0`: those that came so, and those that the Keras mask of `y_pred` leaves out. A mask of rows `(batch,)`
    is left to Keras, which takes the mean over the rows that remain. One whose entries stand along several axes says so in
    `axes`.

    Args:
        name: Optional name.
        reduction: Keras' reduction over rows.
        dtype: Precision of the loss. Half precision is raised to float32: it saves nothing beside the network, and
            sums and logarithms need the digits.
    """

    axes: ClassVar[tuple[str, ...]] = ("batch", "entries")

    def __init__(self, name: str | None = None, reduction: str = "sum_over_batch_size", dtype: Any = None) -> None:
        super().__init__(name=name, reduction=reduction, dtype=at_least_float32(dtype))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        y_true, y_pred = mark_absent(y_true, y_pred, self.dtype, self.axes)
        value = super().__call__(y_true, y_pred, row_weight(sample_weight, self.dtype))
        # Keras leaves the rows of an empty batch as they are, whatever the reduction.
        return value if self.reduction in (None, "none") else ops.sum(value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dtype": self.dtype}
