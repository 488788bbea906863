"""What the metrics of cross-modal retrieval share: the rank of a query's best-ranked relevant item."""

from __future__ import annotations

import abc
from typing import Any

from keras import ops

from kerasmm.metrics.ranking_metric import RankingMetric


def first_rank(relevant: Any, rank: Any) -> Any:
    """Rank of the first relevant entry of each row; 0 where there is none.

    Args:
        relevant: `(batch, entries)`, best score first: 1.0 for a relevant entry, else 0.0.
        rank: `(batch, entries)` ranks of present entries.

    Returns:
        `(batch,)`.
    """
    first = ops.min(ops.where(relevant > 0.0, rank, float("inf")), axis=1, initial=float("inf"))
    return ops.where(ops.isfinite(first), first, 0.0)


class RetrievalMetric(RankingMetric):
    """Base class of means over queries of a value of that rank.

    Rows are queries and entries items: a `RankingMetric` whose queries without a relevant item ask nothing and are always
    left out (its `empty_rows="skip"`). Any number of items may be relevant to a query, and to any number of queries.

    A subclass defines `value(rank)`.

    Args:
        name: Optional name.
        dtype: Precision of the result; half precision is raised to float32.
    """

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(empty_rows="skip", name=name, dtype=dtype)

    @abc.abstractmethod
    def value(self, rank: Any) -> Any:
        """The metric of queries `(batch,)` whose best-ranked relevant item has this rank, from 1; 0 is no query."""

    def row_values(self, relevant: Any, rank: Any) -> Any:
        return self.value(first_rank(relevant, rank))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["empty_rows"]
        return config
