"""What losses and metrics of rows share: their precision, and which entries of a row take part."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

# Keras has no public reader of a tensor's mask, and where a backend's tensors take no attributes the mask isn't on them.
from keras.src.backend import get_keras_mask


def at_least_float32(dtype: Any) -> str:
    """The compute dtype of a dtype or policy (None: Keras' float type), with half precision raised to float32."""
    compute = keras.dtype_policies.get(dtype or keras.config.floatx()).compute_dtype
    return keras.backend.result_type(compute, "float32")


def mark_absent(y_true: Any, y_pred: Any, dtype: str, axes: tuple[str, ...] = ("batch", "entries")) -> tuple[Any, Any]:
    """Moves a mask of entries from `y_pred`, where Keras carries it, into `y_true` as -1.

    Keras itself would apply it to the values of rows, which have another shape.

    Args:
        y_true: `(batch, entries)`, or what `axes` says.
        y_pred: The same, perhaps with a Keras mask of that shape. A mask of rows `(batch,)` stays on it.
        dtype: Compute dtype.
        axes: What the axes hold; a number is the size of one.

    Returns:
        `y_true` and `y_pred` as tensors of `dtype`, the latter without a mask of entries.

    Raises:
        ValueError: If one of them has other axes.
    """
    mask = get_keras_mask(y_pred)
    y_true, y_pred = ops.convert_to_tensor(y_true, dtype=dtype), ops.convert_to_tensor(y_pred, dtype=dtype)
    if not all(_fits(tuple(one.shape), axes) for one in (y_true, y_pred)):
        raise ValueError(
            f"`y_true` and `y_pred` must have shape ({', '.join(axes)}). "
            f"Received: {tuple(y_true.shape)} and {tuple(y_pred.shape)}"
        )
    if mask is not None and len(mask.shape) == len(axes):
        y_true = ops.where(ops.cast(mask, "bool"), y_true, -1.0)
        y_pred = ops.copy(y_pred)
    return y_true, y_pred


def _fits(shape: tuple[int | None, ...], axes: tuple[str, ...]) -> bool:
    if len(shape) != len(axes):
        return False
    return all(size is None or not axis.isdigit() or size == int(axis) for size, axis in zip(shape, axes, strict=True))


def row_weight(sample_weight: Any, dtype: str) -> Any:
    """Weights of rows as `(batch,)`, from `(batch,)` or `(batch, 1)`; a number and None stay what they are.

    Raises:
        ValueError: If there is more than one weight a row.
    """
    if sample_weight is None:
        return None
    sample_weight = ops.convert_to_tensor(sample_weight, dtype=dtype)
    shape = tuple(sample_weight.shape)
    if len(shape) > 2 or (len(shape) == 2 and shape[1] != 1):
        raise ValueError(f"`sample_weight` must hold one weight a row. Received: shape={shape}")
    return ops.squeeze(sample_weight, 1) if len(shape) == 2 else sample_weight
