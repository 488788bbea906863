"""What the ranking metrics share: ranks, masks, weights and the mean over rows."""

from __future__ import annotations

import abc
from typing import Any

import keras
from keras import ops

from kerasmm.rows import at_least_float32, mark_absent, row_weight


def ranked(y_true: Any, y_pred: Any, dtype: str) -> tuple[Any, Any]:
    """Puts the entries of each row in the order of falling scores.

    Equal scores keep their order, and a score that is not a number comes last.

    Args:
        y_true: `(batch, entries)`: 1 relevant, 0 not, below 0 for an entry that takes no part.
        y_pred: `(batch, entries)` scores. Entries that its Keras mask leaves out take no part.
        dtype: Compute dtype.

    Returns:
        `relevant` and `present` `(batch, entries)` of `dtype`, 1.0 or 0.0, best score first. Running sums of `present` are
        the ranks of present entries.

    Raises:
        ValueError: If one of them is not a matrix.
    """
    y_true, y_pred = mark_absent(y_true, y_pred, dtype)
    scores = ops.where(ops.isnan(y_pred), -float("inf"), y_pred)
    order = ops.argsort(-scores, axis=1)
    y_true = ops.take_along_axis(y_true, order, axis=1)
    return ops.cast(y_true > 0.5, dtype), ops.cast(y_true >= 0.0, dtype)


class RankingMetric(keras.metrics.Mean, abc.ABC):
    """Base class of metrics that rank the entries of each row by score and average a value per row.

    Higher scores rank first; equal scores rank by position, and a score that is not a number ranks last. So a result
    is a function of its input: the same in any batches, on any backend. Entries with `y_true < 0` or left out by the
    Keras mask of `y_pred` take no rank. Rows without a present entry are left out.

    A subclass defines `row_values(relevant, rank)`.

    Args:
        empty_rows: What becomes of rows without a relevant entry: `"count"` as 0, or `"skip"`.
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.
    """

    def __init__(self, empty_rows: str = "count", name: str | None = None, dtype: Any = None) -> None:
        super().__init__(name=name, dtype=at_least_float32(dtype))
        if empty_rows not in ("count", "skip"):
            raise ValueError(f"`empty_rows` must be 'count' or 'skip'. Received: empty_rows={empty_rows!r}")
        self.empty_rows = empty_rows

    @abc.abstractmethod
    def row_values(self, relevant: Any, rank: Any) -> Any:
        """The metric of each row.

        Args:
            relevant: `(batch, entries)`, best score first: 1.0 for a relevant entry, else 0.0 (absent ones too).
            rank: `(batch, entries)`: how many present entries there are so far, which is a present entry's rank.

        Returns:
            `(batch,)`; 0 for a row without relevant entries.
        """

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        relevant, present = ranked(y_true, y_pred, self.dtype)
        kept = ops.any((relevant if self.empty_rows == "skip" else present) > 0.0, axis=1)
        weight = ops.cast(kept, self.dtype)
        if sample_weight is not None:
            weight = weight * row_weight(sample_weight, self.dtype)
        super().update_state(self.row_values(relevant, ops.cumsum(present, axis=1)), sample_weight=weight)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "empty_rows": self.empty_rows}
