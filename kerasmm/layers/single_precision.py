"""Initialisers that have no half precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops


def drawn_in_float32(initializer: Any) -> Callable[..., Any]:
    """The same initialiser, drawn in float32 and rounded: TensorFlow has no orthogonal matrices in bfloat16."""

    def draw(shape: tuple[int, ...], dtype: Any = "float32") -> Any:
        return ops.cast(initializer(shape, dtype="float32"), dtype)

    return draw
