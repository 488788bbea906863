"""What the metrics of a row's first k labels share: how large they, the true ones and what is in both are."""

from __future__ import annotations

import abc
from typing import Any, ClassVar

from keras import ops

from kerasmm.metrics.ranking_metric import RankingMetric


class LabelMetricAtK(RankingMetric):
    """Base class of means over posts of a value of X, the k best-scored labels, beside Y, the true ones.

    A subclass defines `value(both, shown, true, labels)` and `prefix`.

    Args:
        k: How many labels are given; positive. A row with fewer is given all it has.
        empty_rows: What becomes of rows without a true label: `"skip"` leaves them out, `"count"` takes their value.
        name: Optional name; `prefix` and k by default.
        dtype: Precision of the result; half precision is raised to float32.
    """

    prefix: ClassVar[str]

    def __init__(self, k: int = 10, empty_rows: str = "skip", name: str | None = None, dtype: Any = None) -> None:
        if not isinstance(k, int) or k < 1:
            raise ValueError(f"`k` must be a positive integer. Received: k={k}")
        super().__init__(empty_rows=empty_rows, name=name or f"{self.prefix}_{k}", dtype=dtype)
        self.k = k

    @abc.abstractmethod
    def value(self, both: Any, shown: Any, true: Any, labels: Any) -> Any:
        """The metric of rows.

        Args:
            both: `(batch,)` |X ∩ Y|.
            shown: `(batch,)` |X|, at least 1.
            true: `(batch,)` |Y|; 0 for a row without true labels.
            labels: `(batch,)` number of labels in the row, at least 1.

        Returns:
            `(batch,)`.
        """

    def row_values(self, relevant: Any, rank: Any) -> Any:
        both = ops.sum(ops.where(rank <= self.k, relevant, 0.0), axis=1)
        labels = ops.max(rank, axis=1, initial=1.0)
        return self.value(both, ops.minimum(labels, float(self.k)), ops.sum(relevant, axis=1), labels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "k": self.k}
