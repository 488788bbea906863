"""Hinges of all pairs of positives and negatives: by sorting the labels, or one positive after the other."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasmm.losses.over_positives import over_positives


def sorted_hinges(
    positive: Any, negative: Any, scores: Any, margin: float, weight: Callable[[Any], Any]
) -> tuple[Any, Any]:
    """Sum over a row's positives p of w(r_p) Σ_n max(0, margin - s_p + s_n) over its negatives n, by sorting.

    r_p is the number of negatives that violate p's margin: margin - s_p + s_n > 0. In ascending order of s_p - margin and
    s_n, the violators of a positive are the negatives after it, and a negative violates the positives before it. So the
    gradient is -w(r_p) r_p for a positive and a cumulative sum of weights for a negative, and with it the value is linear
    in the scores.

    Args:
        positive: `(batch, labels)` boolean.
        negative: `(batch, labels)` boolean; what is neither takes no part.
        scores: `(batch, labels)`; no gradient flows.
        margin: The gap asked for.
        weight: w, of numbers of violators as floats, 1 or more.

    Returns:
        `(batch,)`, and its gradient by the scores.
    """
    takes_part = ops.logical_or(positive, negative)
    codes = _codes(ops.where(positive, _limits(scores, margin), scores), positive, takes_part)
    # The largest complements are the smallest codes.
    complements, order = ops.top_k(ops.bitwise_not(codes), ops.shape(scores)[1])
    is_positive = 1 - ops.bitwise_and(complements, 1)
    count = ops.sum(ops.cast(negative, "int32"), axis=1, keepdims=True)
    violators = ops.cast(count - ops.cumsum(1 - is_positive, axis=1), scores.dtype)
    is_positive = ops.cast(is_positive, scores.dtype)
    weights = is_positive * weight(ops.maximum(violators, 1.0))
    slopes = ops.where(is_positive > 0, -weights * violators, _cumulative(weights))
    slopes = ops.where(takes_part, _restore(slopes, order), 0.0)
    down = ops.where(positive, -slopes, 0.0)
    # The slopes of a row sum to 0, so scores can be measured from where the differences lie, to keep their digits.
    value = ops.sum(slopes * (scores - _mean(scores, down)), axis=1) + margin * ops.sum(down, axis=1)
    return value, slopes


def looped_hinges(
    positive: Any, scores: Any, negative: Any, against: Any, margin: float, weight: Callable[[Any], Any]
) -> tuple[Any, Any, Any]:
    """The same for few positives or few negatives, by comparing them.

    Args:
        positive: `(batch, labels)` boolean.
        scores: `(batch, labels)`, of the positives; no gradient flows.
        negative: `(batch, negatives)` boolean.
        against: `(batch, negatives)`, scores of the negatives; no gradient flows.
        margin: As above.
        weight: As above.

    Returns:
        `(batch,)`, and its gradients by the scores of positives and of negatives.
    """
    there = ops.where(negative, against, -math.inf)

    def add(score: Any, total: Any, slopes: Any) -> tuple[Any, ...]:
        hinges = ops.relu(margin + (there - score))
        violates = ops.cast(there > _limits(score, margin), score.dtype)
        violators = ops.sum(violates, axis=1, keepdims=True)
        each = weight(ops.maximum(violators, 1.0))
        total = total + each * ops.sum(hinges, axis=1, keepdims=True)
        return -each * violators, total, slopes + each * violates

    start = ops.zeros((ops.shape(scores)[0], 1), dtype=scores.dtype), ops.zeros_like(against)
    positive = ops.logical_and(positive, ops.any(negative, axis=1, keepdims=True))
    down, total, up = over_positives(positive, scores, add, *start)
    return ops.squeeze(total, 1), down, up


def _mean(scores: Any, weights: Any) -> Any:
    """Weighted mean of each row, `(batch, 1)`; 0 where nothing weighs."""
    total = ops.sum(weights, axis=1, keepdims=True)
    return ops.sum(weights * scores, axis=1, keepdims=True) / ops.where(total > 0, total, 1.0)


def _limits(scores: Any, margin: float) -> Any:
    """What a negative has to be above to violate a positive's margin: `scores - margin`, rounded down.

    Above the one is above the other, for any float. The nearest float isn't that sharp: negatives within rounding of the
    margin would or would not violate it by chance, and each moves the weight of all the others.
    """
    nearest = scores - margin
    # What rounding left out, exactly (Knuth's two-sum); where it is negative, the float below (Rump et al., 2009).
    change = nearest - scores
    rest = (scores - (nearest - change)) - (margin + change)
    epsilon = float(np.finfo(keras.backend.standardize_dtype(scores.dtype)).eps)
    below = nearest - epsilon / 2 * (1 + epsilon) * ops.abs(nearest)
    return ops.where(rest < 0, below, nearest)


def _codes(keys: Any, positive: Any, takes_part: Any) -> Any:
    """Integers in the order of float32 numbers; of equal ones positives come last, and at the end what takes no part.

    The last bit marks a positive, by which it can be told after sorting. Room for it comes from the exponents: numbers
    below 2⁻⁶⁴ count as 0, those above 2⁶⁴ as equal.
    """
    bits = ops.squeeze(ops.view(ops.expand_dims(ops.cast(keys, "float32"), 2), "int32"), 2)
    size = ops.clip(ops.bitwise_and(bits, _LARGEST) - (63 << 23), 0, 2**30 - 2)
    codes = 2 * ops.where(bits < 0, -size, size) + ops.cast(positive, "int32")
    return ops.where(takes_part, codes, _LARGEST)


_LARGEST = 2**31 - 1


def _cumulative(values: Any) -> Any:
    """Cumulative sums of each row, block by block, so that rounding errors don't add up along 100,000 labels."""
    rows, labels = ops.shape(values)
    many = -(-labels // _BLOCK)
    padded = ops.concatenate([values, ops.zeros((rows, many * _BLOCK - labels), dtype=values.dtype)], axis=1)
    within = ops.cumsum(ops.reshape(padded, (rows, many, _BLOCK)), axis=2)
    until = ops.cumsum(within[:, :, -1], axis=1)
    before = ops.concatenate([ops.zeros((rows, 1), dtype=values.dtype), until], axis=1)[:, :many]
    return ops.reshape(within + ops.expand_dims(before, 2), (rows, many * _BLOCK))[:, :labels]


_BLOCK = 256


def _restore(values: Any, order: Any) -> Any:
    """Values in sorted order back in the places that `order` says they came from."""
    rows, labels = ops.shape(values)
    places = ops.reshape(order + labels * ops.expand_dims(ops.arange(rows, dtype="int32"), 1), (-1, 1))
    return ops.reshape(ops.scatter(places, ops.reshape(values, (-1,)), (rows * labels,)), (rows, labels))
