"""A number that is known already while Python runs, or not before the compiled graph does."""

from __future__ import annotations

from typing import Any

from keras import ops


def known_value(scalar: Any) -> int | None:
    """The number, or None where it is traced: inside a function that is compiled, or in a functional model.

    What depends on a number that is known can be plain Python. JAX compiles the branches of `ops.cond` and the body of
    `ops.while_loop` anew at each call outside `jit`, which takes half a second.

    Example:

    >>> known_value(ops.sum([1, 2]))
    3
    """
    try:
        return int(ops.convert_to_numpy(scalar))
    except (TypeError, ValueError, NotImplementedError, AttributeError):
        return None
