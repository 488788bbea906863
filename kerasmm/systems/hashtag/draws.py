"""Draws that depend on the batch alone: a training that was cut, or that has several replicas, draws the same."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


class GivenSeed(keras.random.SeedGenerator):
    """A generator without a state of its own: its seeds follow from the one that a batch gives."""

    def __init__(self) -> None:
        self._given: Any = None
        self._asked = 0

    def give(self, seed: Any) -> None:
        """`(2,)` integers of the batch that is next."""
        self._given, self._asked = seed, 0

    def next(self, ordered: bool = True) -> Any:
        # Two draws from one seed would be of the same bits.
        self._asked += 1
        return self._given + ops.array([0, self._asked], dtype="int32") * 1_000_003
