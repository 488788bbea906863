"""Negative sampling: a few negatives of each row, in place of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops


def draw_negatives(negative: Any, scores: Any, number: int, seed: Any) -> tuple[Any, Any]:
    """Draws negatives of each row uniformly at random, with replacement.

    A row with no more negatives than are to be drawn has each of them once.

    Args:
        negative: `(batch, labels)` boolean.
        scores: `(batch, labels)`; gradients flow.
        number: How many to draw for each row.
        seed: A `keras.random.SeedGenerator`.

    Returns:
        Which draws there are, `(batch, number)` boolean, and their scores.
    """
    rows, labels = ops.shape(negative)
    count = ops.sum(ops.cast(negative, "int32"), axis=1, keepdims=True)
    each = ops.broadcast_to(ops.expand_dims(ops.arange(number, dtype="int32"), 0), (rows, number))
    # Whole numbers far above any count: their remainders are uniform to 1 in 2³¹ / count.
    drawn = keras.random.randint((rows, number), 0, 2**31 - 1, dtype="int32", seed=seed) % ops.maximum(count, 1)
    there = each < count
    places = flat_places(negative)(ops.where(count <= number, each, drawn))
    columns = ops.where(there, places - labels * ops.expand_dims(ops.arange(rows, dtype="int32"), 1), 0)
    return there, ops.where(there, ops.take_along_axis(scores, columns, axis=1), 0.0)


def draw_one(negative: Any, scores: Any, seed: Any) -> Any:
    """Draws one negative of each row uniformly at random: the largest of as many random numbers.

    Of few labels, or where nothing is compiled, it is cheaper than `draw_negatives`.

    Args:
        negative: `(batch, labels)` boolean, at least one label.
        scores: `(batch, labels)`; gradients flow.
        seed: A `keras.random.SeedGenerator`.

    Returns:
        Its score, `(batch,)`; that of the first label where a row has no negatives.
    """
    keys = ops.where(negative, keras.random.uniform(ops.shape(negative), seed=seed, dtype="float32"), -1.0)
    return ops.squeeze(ops.take_along_axis(scores, ops.argmax(keys, axis=1, keepdims=True), axis=1), 1)


def flat_places(marked: Any) -> Callable[[Any], Any]:
    """Where the marked entries are.

    Args:
        marked: `(batch, labels)` boolean.

    Returns:
        A function of ordinals `(batch, …)`, which count the marked entries of each row from 0, to their places in the
        flattened `marked`. It may not be asked for more than the row has; then the place is of no use.
    """
    integers = ops.cast(marked, "int32")
    so_far, counts = ops.cumsum(ops.reshape(integers, (-1,))), ops.sum(integers, axis=1, keepdims=True)
    before = ops.cumsum(counts, axis=0) - counts

    def places(ordinals: Any) -> Any:
        return _how_many_below(so_far, before + ordinals + 1)

    return places


def _how_many_below(rising: Any, values: Any) -> Any:
    """How many of the rising numbers are below each of the values, int32; by halving.

    `ops.searchsorted` says the same, but compiled by XLA it compares every number with every value.
    """
    size, known = ops.shape(rising)[0], rising.shape[0]
    found = ops.zeros_like(values)
    for power in reversed(range(31 if known is None else int(known).bit_length())):
        ahead = found + 2**power
        below = ops.take(rising, ops.minimum(ahead, size) - 1) < values
        found = ops.where((ahead <= size) & below, ahead, found)
    return found
