"""Arrays whose number of rows is known only when the last one came, in files instead of memory."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np


class GrowingArrays:
    """Appends batches of rows to raw files, one an array, and maps the files at the end.

    What is in memory doesn't grow with the rows.

    Args:
        folder: Where the files lie; made here. It must stay as long as the arrays are used.

    Example:

    >>> import tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> grown = GrowingArrays(Path(folder.name))
    >>> grown.append({"vectors": np.eye(2)})
    >>> grown.append({"vectors": np.ones((1, 2))})
    >>> grown.mapped()["vectors"].shape
    (3, 2)
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.rows = folder, 0
        self._kinds: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}

    def append(self, batch: Mapping[str, np.ndarray]) -> None:
        """Adds rows.

        Args:
            batch: Numbers by name, each `(rows, …)`; the same names, dtypes and sizes of a row every time.

        Raises:
            ValueError: For objects, which a raw file can't hold, or arrays that don't go with each other or with the
                batches before; then nothing is added.
        """
        kinds = {name: (values.dtype, values.shape[1:]) for name, values in batch.items()}
        objects = [name for name, (dtype, _) in kinds.items() if dtype.hasobject]
        if objects:
            raise ValueError(f"`batch` must hold numbers. Received: objects in {', '.join(objects)}")
        if len({len(values) for values in batch.values()}) > 1:
            sizes = {name: len(values) for name, values in batch.items()}
            raise ValueError(f"`batch` must hold arrays of as many rows as each other. Received: {sizes}")
        if self._kinds and kinds != self._kinds:
            raise ValueError(f"`batch` must be like those before: {self._kinds}. Received: {kinds}")
        for name, values in batch.items():
            # The first batch begins the file: another use of the folder may have left one.
            with (self.folder / f"{name}.raw").open("ab" if self._kinds else "wb") as file:
                np.ascontiguousarray(values).tofile(file)
        self._kinds = kinds
        self.rows += len(next(iter(batch.values()), ()))

    def mapped(self) -> dict[str, np.ndarray]:
        """The arrays by name, as memory-mapped files; none before the first batch."""
        found: dict[str, np.ndarray] = {}
        for name, (dtype, row) in self._kinds.items():
            shape = (self.rows, *row)
            # An empty file can't be mapped.
            empty = not np.prod(shape)
            found[name] = (
                np.zeros(shape, dtype) if empty else np.memmap(self.folder / f"{name}.raw", dtype, "r+", 0, shape)
            )
        return found
