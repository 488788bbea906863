"""Canonical correlation loss: two views of a batch, as correlated as their dimensions allow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

# Keras has no public reader of a tensor's mask.
from keras.src.backend import get_keras_mask

from kerasmm.rows import at_least_float32, row_weight


@keras.saving.register_keras_serializable(package="kerasmm")
class CanonicalCorrelationLoss(keras.losses.Loss):
    """Minus the sum of the canonical correlations of two views of a batch.

    Formula (section 3 of Andrew et al.), with H̄₁, H̄₂ the centred views, a row a post, and m rows:

        Σ₁₂ = H̄₁ᵀ H̄₂ / (m - 1),   Σ_ii = H̄_iᵀ H̄_i / (m - 1) + r_i I
        T = Σ₁₁^{-1/2} Σ₁₂ Σ₂₂^{-1/2} = U D Vᵀ
        loss = -‖T‖_tr = -Σ_k D_kk,   over the `components` largest

    It is a loss of the whole batch, not of rows, so there is no reduction: a batch must be much larger than the number
    of dimensions, and replicas that don't gather their batches have a loss each.

    The gradient is the closed form of the paper (equations 11 to 13), not a derivative of the decompositions, which is
    infinite where singular values are equal or zero:

        ∂(-loss)/∂H₁ = (2 H̄₁ ∇₁₁ + H̄₂ ∇₁₂ᵀ) / (m - 1)
        ∇₁₂ = Σ₁₁^{-1/2} U Vᵀ Σ₂₂^{-1/2},   ∇₁₁ = -½ Σ₁₁^{-1/2} U D Uᵀ Σ₁₁^{-1/2}

    It is finite for every batch: a constant column, equal columns, fewer rows than dimensions. Where singular values
    are zero the trace norm has a corner, and this is one of its subgradients. There is no second derivative.

    Computed in float32, at O(m d² + d³).

    Args:
        regularization: r₁ and r₂, positive; one number for both views, or a pair.
        components: How many of the largest correlations are summed; None for all.
        name: Optional name.
        dtype: Precision; half precision is raised to float32.

    Call arguments:
        y_true: `(batch, d₁)`, one view of the posts. It is learnt as much as `y_pred`.
        y_pred: `(batch, d₂)`, the other view. Rows that its Keras mask `(batch,)` leaves out take no part.
        sample_weight: Optional `(batch,)`, how often each row counts: a weight of 2 is the row twice, 0 leaves it out.

    Returns:
        A number, from minus the smaller number of dimensions to 0.

    Raises:
        ValueError: If `regularization` isn't one or two positive numbers, `components` isn't positive, the arguments
            aren't matrices, or `y_pred` has a mask of entries.

    Example:

    >>> view, other = [[0.0, 1.0], [1.0, 0.0], [0.0, -1.0]], [[2.0, 0.0], [1.0, 0.0], [0.0, 0.0]]
    >>> loss = CanonicalCorrelationLoss(regularization=1e-6)
    >>> round(float(loss(view, other)), 3)  # the second column tells the first, and `other` has no more
    -1.0

    Reference:
        Andrew, Arora, Bilmes and Livescu (2013), "Deep Canonical Correlation Analysis"; Yan and Mikolajczyk (2015),
        "Deep Correlation for Matching Images and Text".
    """

    def __init__(
        self,
        regularization: float | Sequence[float] = 1e-3,
        components: int | None = None,
        name: str | None = "canonical_correlation_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, reduction=None, dtype=at_least_float32(dtype))
        pair = list(regularization) if isinstance(regularization, Sequence) else [regularization] * 2
        if len(pair) != 2 or not all(0.0 < r < math.inf for r in pair):
            raise ValueError(
                f"`regularization` must be one or two positive numbers. Received: regularization={regularization}"
            )
        if components is not None and components < 1:
            raise ValueError(f"`components` must be positive. Received: components={components}")
        # A list, as JSON gives it back.
        self.regularization = pair if isinstance(regularization, Sequence) else regularization
        self.components = components

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        mask = get_keras_mask(y_pred)
        one, two = (ops.convert_to_tensor(view, dtype=self.dtype) for view in (y_true, y_pred))
        if len(one.shape) != 2 or len(two.shape) != 2:
            raise ValueError(
                "`y_true` and `y_pred` must have shapes (batch, d₁) and (batch, d₂). "
                f"Received: {tuple(one.shape)} and {tuple(two.shape)}"
            )
        weight = row_weight(sample_weight, self.dtype)
        weight = ops.ones_like(one[:, 0]) if weight is None else weight * ops.ones_like(one[:, 0])
        if mask is not None:
            if len(mask.shape) != 1:
                raise ValueError(f"The mask of `y_pred` must be one of rows. Received: shape={tuple(mask.shape)}")
            weight = weight * ops.cast(mask, self.dtype)
            # What a row that is left out holds, infinity or nonsense, reaches neither value nor gradient.
            one, two = (ops.where(ops.cast(mask, "bool")[:, None], view, 0.0) for view in (one, two))
        return -self._correlation(one, two, weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of unmasked rows of equal weight."""
        return self(y_true, y_pred)

    def _correlation(self, one: Any, two: Any, weight: Any) -> Any:
        pair = self.regularization if isinstance(self.regularization, Sequence) else [self.regularization] * 2
        fixed_one, fixed_two, weight = (ops.stop_gradient(x) for x in (one, two, weight))
        # m - 1; a batch of one row has no covariance, whatever it is divided by.
        count = ops.maximum(ops.sum(weight) - 1.0, 1.0)
        centred_one, root_one = _whitening(fixed_one, weight, count, pair[0])
        centred_two, root_two = _whitening(fixed_two, weight, count, pair[1])
        cross = ops.matmul(ops.transpose(centred_one), centred_two * weight[:, None]) / count
        left, values, right = ops.svd(
            ops.matmul(ops.matmul(root_one, cross), root_two), full_matrices=False, compute_uv=True
        )
        kept = min(self.components or values.shape[0], values.shape[0])
        left, values, right = left[:, :kept], values[:kept], ops.transpose(right[:kept])
        directions_one, directions_two = ops.matmul(root_one, left), ops.matmul(root_two, right)
        # H̄ ∇ of the formula, one factor after the other: the canonical variates of each view, and back.
        variates_one, variates_two = ops.matmul(centred_one, directions_one), ops.matmul(centred_two, directions_two)
        scale = (weight / count)[:, None]
        gradient_one = scale * ops.matmul(variates_two - values * variates_one, ops.transpose(directions_one))
        gradient_two = scale * ops.matmul(variates_one - values * variates_two, ops.transpose(directions_two))
        # The value, with that gradient: what is added is 0.
        zero = ops.sum(gradient_one * (one - fixed_one)) + ops.sum(gradient_two * (two - fixed_two))
        return ops.sum(values) + zero

    def get_config(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "dtype": self.dtype,
            "regularization": self.regularization,
            "components": self.components,
        }


def _whitening(view: Any, weight: Any, count: Any, regularization: float) -> tuple[Any, Any]:
    """The centred view, and the inverse square root of its regularised covariance."""
    total = ops.maximum(ops.sum(weight), keras.config.epsilon())
    centred = view - ops.sum(view * weight[:, None], axis=0) / total
    covariance = ops.matmul(ops.transpose(centred), centred * weight[:, None]) / count
    size = view.shape[1]
    values, vectors = ops.eigh(covariance + regularization * ops.eye(size, dtype=view.dtype))
    # No eigenvalue is below r; where r is less than the digits of the largest, what is computed may be.
    lowest = size * float(np.finfo(keras.backend.standardize_dtype(view.dtype)).eps) * ops.max(values)
    values = ops.maximum(values, ops.maximum(regularization, lowest))
    return centred, ops.matmul(vectors / ops.sqrt(values), ops.transpose(vectors))
