"""Where the figures of a training go: CSV for people's scripts, TensorBoard for their eyes."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import tensorflow as tf

from kerasmm.files.folders import own_folder
from kerasmm.files.writing import write_whole

CSV, BOARD = "metrics.csv", "tensorboard"


class Log:
    """Rows of figures, one an epoch.

    A resumed run first drops rows that its checkpoint doesn't know, so that no epoch stands twice.

    Args:
        folder: The run's folder.
        rows: What is already known, from the checkpoint.
    """

    def __init__(self, folder: Path, rows: list[dict[str, float | str]]) -> None:
        self.folder, self.rows = folder, rows
        own_folder(folder / BOARD, folder)
        self._board = tf.summary.create_file_writer(str(folder / BOARD))
        self._write()

    def add(self, row: dict[str, float | str], step: int) -> None:
        """Adds the figures of an epoch; `step` counts all steps of the run."""
        self.rows.append(row)
        self._write()
        with self._board.as_default(step=step):
            for name, value in row.items():
                if isinstance(value, float):
                    tf.summary.scalar(name, value)
        self._board.flush()

    def _write(self) -> None:
        names = list(dict.fromkeys(name for row in self.rows for name in row))
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, names)
        writer.writeheader()
        writer.writerows(self.rows)
        write_whole(self.folder / CSV, text.getvalue())
