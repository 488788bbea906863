"""Link loss: linked pairs score above zero, unlinked ones below."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasmm.losses.row_loss import RowLoss


@keras.saving.register_keras_serializable(package="kerasmm")
class LinkLoss(RowLoss):
    """Logistic loss of the decisions whether a node is linked to others.

    Formula, for each row, a node i and the nodes j that it is paired with:

        loss = Σ_j log(1 + exp(-A_ij d_ij))

    where A_ij is 1 for a linked pair and -1 for an unlinked one, and d_ij = s_ij - t is the decision: a similarity above
    a bias. Links are rare, so unlinked pairs are sampled. With `unlinked_ratio` r every entry is used, and the loss is
    what sampling r unlinked pairs for every linked one gives on average:

        loss = Σ_{j linked} log(1 + exp(-d_ij)) + r · |linked| / |unlinked| · Σ_{j unlinked} log(1 + exp(d_ij))

    A row without links then has loss 0; it still counts in a mean over rows. Computed in float32.

    Args:
        unlinked_ratio: r, positive. None, as printed: every unlinked pair counts as much as a linked one.
        name: Optional name.
        reduction: Keras' reduction over rows.
        dtype: Precision; half precision is raised to float32.

    Call arguments:
        y_true: `(batch, entries)`: 1 for a linked pair, 0 for an unlinked one, below 0 for one that takes no part.
        y_pred: `(batch, entries)` decisions. Entries that its Keras mask leaves out take no part.
        sample_weight: Optional `(batch,)`, one weight a row.

    Returns:
        `(batch,)` reduced by `reduction`.

    Raises:
        ValueError: If `unlinked_ratio` is not positive and finite, or the arguments have other ranks.

    Example:

    >>> decisions = [[2.0, 0.0, 0.0]]
    >>> round(float(LinkLoss()([[1.0, 0.0, 0.0]], decisions)), 3)  # log(1 + exp(-2)) + 2 log 2
    1.513
    >>> round(float(LinkLoss(unlinked_ratio=1.0)([[1.0, 0.0, 0.0]], decisions)), 3)  # log(1 + exp(-2)) + log 2
    0.82

    Reference:
        Chang et al. (2015), "Heterogeneous Network Embedding via Deep Architectures", KDD.
    """

    def __init__(
        self,
        unlinked_ratio: float | None = None,
        name: str | None = "link_loss",
        reduction: str = "sum_over_batch_size",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        if unlinked_ratio is not None and not 0.0 < unlinked_ratio < math.inf:
            raise ValueError(f"`unlinked_ratio` must be positive and finite. Received: unlinked_ratio={unlinked_ratio}")
        self.unlinked_ratio = unlinked_ratio

    def call(self, y_true: Any, y_pred: Any) -> Any:
        linked = y_true > 0.5
        unlinked = ops.logical_and(y_true >= 0.0, y_true <= 0.5)
        # Selected before the logarithm, so that what an absent entry holds reaches neither value nor gradient.
        decisions = ops.where(y_true >= 0.0, y_pred, 0.0)
        missed = ops.sum(ops.where(linked, ops.softplus(-decisions), 0.0), axis=1)
        wrong = ops.sum(ops.where(unlinked, ops.softplus(decisions), 0.0), axis=1)
        if self.unlinked_ratio is None:
            return missed + wrong
        counts = [ops.sum(ops.cast(there, missed.dtype), axis=1) for there in (linked, unlinked)]
        return missed + self.unlinked_ratio * counts[0] / ops.maximum(counts[1], 1.0) * wrong

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "unlinked_ratio": self.unlinked_ratio}
