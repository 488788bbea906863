"""The checkpoint of an export, opened so that damage is one line."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from kerasmm.console import UserError

CHECKPOINT = Path("variables", "variables")
T = TypeVar("T")


class Checkpoint:
    """Reads variables by their keys.

    Args:
        version: `saved_models/<name>/<version>`.

    Raises:
        UserError: When the index can't be read, or promises more than its files hold; so does `tensor` where those are damaged.
    """

    def __init__(self, version: Path) -> None:
        import tensorflow as tf

        self._path = version / CHECKPOINT
        self._reader = self._read(lambda: tf.train.load_checkpoint(str(self._path)))
        self.shapes: dict[str, list[int]] = self._read(self._reader.get_variable_to_shape_map)
        self.dtypes: dict[str, tf.DType] = self._read(self._reader.get_variable_to_dtype_map)
        held = sum(path.stat().st_size for path in self._path.parent.glob(f"{self._path.name}.data-*"))
        # An entry that lies about its shape would be given memory before it is read.
        for key, shape in self.shapes.items():
            if math.prod(shape) * max(1, self.dtypes[key].size or 1) > held:
                raise UserError(
                    f"{self._path}.index: {key[:80]!r} of shape {shape} is larger than its file; export again"
                )

    def tensor(self, key: str) -> np.ndarray:
        """The value of a variable."""
        return np.asarray(self._read(lambda: self._reader.get_tensor(key)))

    def _read(self, read: Callable[[], T]) -> T:
        import tensorflow as tf

        try:
            return read()
        except (tf.errors.OpError, ValueError, RuntimeError, IndexError) as error:
            first = str(error).strip().split("\n")[0][:200]
            raise UserError(f"{self._path}.index: its weights can't be read ({first}); export again") from error
