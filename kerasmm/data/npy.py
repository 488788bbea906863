"""Headers of NumPy's files, held against what the file has, before anything is allocated for them."""

from __future__ import annotations

import math
import tokenize
import warnings
from pathlib import Path
from typing import IO

import numpy as np

_READERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def npy_header(file: IO[bytes], size: int) -> tuple[tuple[int, ...], np.dtype]:
    """Shape and dtype of an array, of whose values the file has enough; they are what is read next.

    Args:
        file: The file at its beginning.
        size: How many bytes it has.

    Raises:
        ValueError: When it is no `.npy` file, holds Python objects, or says that it has more values than it has.

    Example:

    >>> import io
    >>> np.save(file := io.BytesIO(), np.zeros((2, 3), "float32"))
    >>> length = file.tell(); _ = file.seek(0)
    >>> npy_header(file, length)
    ((2, 3), dtype('float32'))
    """
    try:
        read = _READERS.get(np.lib.format.read_magic(file))
    except ValueError:
        raise ValueError("is no NumPy file") from None
    if read is None:
        raise ValueError("is a NumPy file of another version than 1 and 2")
    try:
        # That a file is an old one, nobody needs to hear.
        with warnings.catch_warnings(action="ignore"):
            shape, _, dtype = read(file)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, tokenize.TokenError):
        raise ValueError("is a NumPy file whose header can't be read") from None
    if dtype.hasobject:
        raise ValueError("holds Python objects; expected numbers or strings")
    # True is an int, too.
    if any(type(side) is not int or side < 0 for side in shape):
        raise ValueError(f"has the shape {str(shape)[:80]}; expected whole numbers")
    if math.prod(shape) * max(1, dtype.itemsize) > size - file.tell():
        raise ValueError(f"should hold {dtype} {str(shape)[:80]}, and has only {size:,} bytes")
    return shape, dtype


def load_npy(path: Path, mapped: bool = False) -> np.ndarray:
    """The array of a `.npy` file; `mapped` leaves it on disk.

    Raises:
        ValueError: As `npy_header` does.
        OSError: When the file can't be read.
    """
    with path.open("rb") as file:
        npy_header(file, path.stat().st_size)
    with warnings.catch_warnings(action="ignore"):
        array: np.ndarray = np.load(path, mmap_mode="r" if mapped else None, allow_pickle=False)
    return array
