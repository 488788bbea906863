"""A loop over the positives of all rows at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from keras import ops

from kerasmm.losses.drawn_negatives import flat_places
from kerasmm.losses.known_value import known_value

FEW = 32
"""Up to so many positives a loop in Python takes less time than JAX takes to compile one of its own."""


def over_positives(positive: Any, scores: Any, add: Callable[..., tuple[Any, ...]], *start: Any) -> tuple[Any, ...]:
    """Goes through the positives: first the first of each row, then the second, to the end of the row that has most.

    Args:
        positive: `(batch, labels)` boolean.
        scores: `(batch, labels)`; no gradient flows.
        add: Called with the scores of a positive of each row, `(batch, 1)`, infinite where the row has none left, and with
            what it returned before. Returns a slope for each of these positives, `(batch, 1)`, then what it hands on.
        start: What it is first handed.

    Returns:
        The slopes, `(batch, labels)`, 0 where there is no positive; then what it handed on last.
    """
    rows, labels = ops.shape(positive)
    counts = ops.sum(ops.cast(positive, "int32"), axis=1, keepdims=True)
    most = ops.max(counts, initial=0)
    # One place more, for rows that have no positive left.
    flat = ops.concatenate([ops.reshape(scores, (-1,)), ops.full((1,), math.inf, dtype=scores.dtype)])
    find = flat_places(positive)

    def step(number: Any, slopes: Any, *handed: Any) -> tuple[Any, ...]:
        places = ops.where(number < counts, find(ops.broadcast_to(number, (rows, 1))), rows * labels)
        slope, *handed_on = add(ops.take(flat, places), *handed)
        return number + 1, ops.scatter_update(slopes, places, ops.squeeze(slope, 1)), *handed_on

    begin = (ops.zeros((), "int32"), ops.zeros_like(flat), *start)
    known = known_value(most)
    if known is not None and known <= FEW:
        for _ in range(known):
            begin = step(*begin)
        _, slopes, *found = begin
    else:
        _, slopes, *found = ops.while_loop(lambda number, *handed: number < most, step, begin)
    return ops.reshape(slopes[:-1], (rows, labels)), *found
