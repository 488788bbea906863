"""Weights on disk: a file of HDF5 that is whole or not there."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.files.writing import write_whole

if TYPE_CHECKING:
    import keras


class _Memory(io.BytesIO):
    """A file in memory; Keras looks at the ending of its name."""

    def __str__(self) -> str:
        return "memory.weights.h5"


def write_weights(model: keras.Model, path: Path) -> None:
    """Writes the weights of a model as `model.save_weights` does, but in memory first.

    HDF5 ends the process with a segmentation fault where the disk is full or a limit on the size of files is met, so
    it never sees the disk.

    Args:
        model: Built.
        path: The file, `*.weights.h5`.

    Raises:
        UserError: When it can't be written; the file that was there stays.
    """
    from keras.src.saving.saving_lib import save_weights_only

    memory = _Memory()
    save_weights_only(model, memory)
    write_whole(path, memory.getbuffer())
