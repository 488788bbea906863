"""Checkpoints that lose nothing: parameters, optimizer, random states, running means and the place in the data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.runs.trainer import Trainer


class Checkpoint:
    """The state of one stage on disk.

    Variables and the place in the data are one TensorFlow checkpoint: its index file is renamed into place last, so a
    process killed while writing leaves the checkpoint before it.

    Args:
        folder: Where the checkpoints of the stage go; the last two are kept.
        trainer: A compiled trainer with a built optimizer.
    """

    def __init__(self, folder: Path, trainer: Trainer) -> None:
        variables = [*trainer.network.variables, *trainer.optimizer.variables]
        variables += [variable for metric in trainer.metrics for variable in metric.variables]
        self._state = tf.Variable("", dtype=tf.string, trainable=False)
        named = {f"variable_{place}": variable.value for place, variable in enumerate(variables)}
        self._checkpoint = tf.train.Checkpoint(state=self._state, **named)
        self._manager = tf.train.CheckpointManager(self._checkpoint, str(folder), max_to_keep=2)

    def save(self, state: dict[str, Any], number: int) -> None:
        """Writes the variables and the JSON-able `state`; `number` grows with every save of a run."""
        self._state.assign(json.dumps(state))
        self._manager.save(checkpoint_number=number)

    def restore(self) -> dict[str, Any] | None:
        """Restores the newest checkpoint and returns its state, or None where there is none.

        Raises:
            UserError: When the checkpoint is damaged or of another model.
        """
        newest = self._manager.latest_checkpoint
        if newest is None:
            return None
        try:
            self._checkpoint.restore(newest).assert_existing_objects_matched()
        except (AssertionError, ValueError, tf.errors.OpError) as error:
            first = str(error).splitlines()[0]
            raise UserError(f"{newest}: can't be restored into this model ({first}); start a new run") from error
        state: dict[str, Any] = json.loads(self._state.numpy().decode())
        return state
