"""From the states of a recurrent layer to one vector a sequence."""

from __future__ import annotations

from typing import Any

from keras import ops

POOLING = ("last", "mean", "max")


def check_pooling(pooling: str) -> str:
    """The word, if it is one of `POOLING`.

    Raises:
        ValueError: For another one.
    """
    if pooling not in POOLING:
        raise ValueError(f"`pooling` must be one of {POOLING}. Received: pooling={pooling!r}")
    return pooling


def pooled_states(states: Any, there: Any, pooling: str) -> Any:
    """The last state, or the mean or maximum of the states of a sequence's own steps.

    Args:
        states: `(steps, batch, n)`, in (-1, 1); a step that is left out has the state before it.
        there: `(steps, batch, 1)`, 0 for a step that is left out.
        pooling: One of `POOLING`.

    Returns:
        `(batch, n)`; zeros for a sequence without steps.
    """
    if pooling == "last":
        return states[-1]
    if pooling == "mean":
        return ops.sum(states * there, axis=0) / ops.maximum(ops.sum(there, axis=0), 1.0)
    highest = ops.max(ops.where(there > 0.0, states, -2.0), axis=0, initial=-2.0)
    return ops.where(ops.any(there > 0.0, axis=0), highest, 0.0)
