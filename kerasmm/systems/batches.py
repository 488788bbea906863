"""The one way of describing the batches of a training: rows of an epoch, and what is made of those of a batch."""

from __future__ import annotations

import abc
from typing import ClassVar, Self

import numpy as np
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data import batches
from kerasmm.data.records import Records

Batch = tuple[batches.Tensors, batches.Tensors]
"""Inputs and targets by name."""


class Batches(abc.ABC):
    """The batches of a `Stage`: its `batches`, and by `steps` how many an epoch has.

    Formula: batches(epoch, skip) = [batch(epoch, s, rows(epoch)[s]) for s in skip … steps(epoch) - 1]

    What a batch is depends on seed, epoch and step only, so a training that stopped in mid-epoch goes on at the very next.
    A paper's class says what is made of rows (`batch`) and, where an epoch isn't every post once, which rows.

    Args:
        records: The split.
        size: Rows a batch; what doesn't fill one is left out, and another one each epoch.
        seed: Of every order, and of what is drawn.
    """

    ahead: ClassVar[int] = 2
    """Batches that are made while one is trained on."""

    def __init__(self, records: Records, size: int, seed: int) -> None:
        self.records, self.size, self.seed = records, size, seed
        self.read = batches.reader(records)
        # Traced once, whatever the epoch: tracing takes as long as a hundred batches do.
        self._batch = tf.function(self.batch, autograph=False)

    @property
    def available(self) -> int:
        """How many rows there are to draw from."""
        return len(self.records)

    def rows(self, epoch: int) -> np.ndarray:
        """Rows of each batch of an epoch, `(steps, size)`: all of them in a new order."""
        return whole_batches(batches.epoch_order(self.available, self.seed, epoch), self.size)

    def steps(self, epoch: int) -> int:
        """How many batches an epoch has."""
        return self.available // self.size

    @abc.abstractmethod
    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        """Inputs and targets of rows `(size,)`, in the graph; epoch and step are int64 scalars."""

    def draw(self, epoch: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """`(2,)` integers that seed what a batch draws."""
        return tf.stack([self.seed * 100_003 + epoch, step])

    def __call__(self, epoch: int, skip: int) -> tf.data.Dataset:
        """Batches of an epoch, without the first `skip`."""
        rows = self.rows(epoch).astype("int64")
        steps = np.arange(skip, len(rows), dtype="int64")
        numbered = tf.data.Dataset.from_tensor_slices((np.full_like(steps, epoch), steps, rows[skip:]))
        # The graph keeps what it looks up in, and the Python functions that it calls.
        made = self._batch.get_concrete_function(*numbered.element_spec)
        return numbered.map(made, num_parallel_calls=2, deterministic=True).prefetch(self.ahead)

    def not_empty(self, what: str) -> Self:
        """Itself.

        Raises:
            UserError: When there is not one batch; `what` names the rows.
        """
        if not self.steps(0):
            raise UserError(f"training.batch_size: {self.size} is more than the {self.available} {what}")
        return self


def whole_batches(order: np.ndarray, size: int) -> np.ndarray:
    """`(n,)` → `(n // size, size)`, without what is left over."""
    return order[: len(order) // size * size].reshape(-1, size)
