"""Checkpoints that lose nothing: parameters, optimizer, random states, running means and the place in the data."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasmm.console import UserError, console
from kerasmm.faults import machine_fault
from kerasmm.files.folders import own_folder, remove
from kerasmm.files.json_file import checked, loaded_json
from kerasmm.files.writing import sync, write_whole
from kerasmm.runs.trainer import Trainer

_KEPT = 2
_FILE = re.compile(r"ckpt-(\d{1,18})(\.index|\.data-\d{5}-of-\d{5}|.*temp.*)")
_LIST = "checkpoint"
"""TensorFlow's list of checkpoints. It is written for TensorFlow's tools and never read: it can name any file."""


class Checkpoint:
    """The state of one stage on disk.

    Variables and the place in the data are one TensorFlow checkpoint: its index file is renamed into place last, so a
    process killed while writing leaves the checkpoint before it.

    Args:
        folder: Where the checkpoints of the stage go, `<run>/checkpoints/<stage>`; the last two are kept.
        trainer: A compiled trainer with a built optimizer.
        kind: What a state must be, as pydantic checks it, e.g. a model.
    """

    def __init__(self, folder: Path, trainer: Trainer, kind: type = dict) -> None:
        variables = [*trainer.network.variables, *trainer.optimizer.variables]
        variables += [variable for metric in trainer.metrics for variable in metric.variables]
        self._folder, self._kind = folder, kind
        self._state = tf.Variable("", dtype=tf.string, trainable=False)
        named = {f"variable_{place}": variable.value for place, variable in enumerate(variables)}
        self._checkpoint = tf.train.Checkpoint(state=self._state, **named)

    def save(self, state: dict[str, Any], number: int) -> None:
        """Writes the variables and the JSON-able `state`; `number` grows with every save of a run.

        Raises:
            UserError: When it can't be written; those before it stay.
        """
        self._state.assign(json.dumps(state))
        own_folder(self._folder, self._folder.parents[1])
        path = self._path(number)
        try:
            self._checkpoint.write(str(path))
            for part in self._folder.glob(f"{path.name}.*"):
                sync(part)
            sync(self._folder)
        except (OSError, tf.errors.OpError) as error:
            with suppress(OSError):
                self._sweep({one for one in self._numbers() if one != number})
            if told := machine_fault(error):
                raise UserError(
                    f"{path}: can't be written ({told}); the checkpoint before it stays, and `--resume` goes on from there"
                ) from error
            raise
        keep = self._numbers()[-_KEPT:]
        named = "".join(f'all_model_checkpoint_paths: "ckpt-{one}"\n' for one in keep)
        write_whole(self._folder / _LIST, f'model_checkpoint_path: "{path.name}"\n{named}')
        self._sweep(set(keep))

    def restore(self) -> dict[str, Any] | None:
        """Restores the newest checkpoint that is whole and returns its state, or None where there is none at all.

        One that is damaged is passed over with a notice.

        Raises:
            UserError: When all are damaged or of another model; it names the newest.
        """
        first: UserError | None = None
        for number in reversed(self._numbers()):
            path = self._path(number)
            try:
                state = self._restored(path)
            except UserError as error:
                first = first or error
                continue
            if first is not None:
                console().print(f"note: {first}; going on from {path}, the one before it", soft_wrap=True)
            return state
        if first is not None:
            raise UserError(f"{first}; start a new run")
        return None

    def _restored(self, path: Path) -> dict[str, Any]:
        try:
            self._checkpoint.read(str(path)).assert_existing_objects_matched()
            text = self._state.numpy().decode(errors="replace")
        except (AssertionError, ValueError, IndexError, OSError, tf.errors.OpError) as error:
            told = (str(error).splitlines() or [repr(error)])[0]
            raise UserError(f"{path}: can't be restored into this model ({told})") from error
        state: dict[str, Any] = loaded_json(text, str(path))
        checked(state, self._kind, str(path))
        return state

    def _path(self, number: int) -> Path:
        return self._folder / f"ckpt-{number}"

    def _numbers(self) -> list[int]:
        """Of the checkpoints that are there, in order: an index file of its own makes one."""
        if not self._folder.is_dir():
            return []
        found = [(_FILE.fullmatch(path.name), path) for path in self._folder.iterdir()]
        return sorted(int(one[1]) for one, path in found if one and one[2] == ".index" and path.is_file())

    def _sweep(self, keep: set[int]) -> None:
        """Removes other checkpoints than those to keep, and what killed processes left half-written."""
        for path in list(self._folder.iterdir()):
            found = _FILE.fullmatch(path.name)
            if found and ("temp" in found[2] or int(found[1]) not in keep):
                remove(path)
