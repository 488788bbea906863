"""NumPy's archives, held against what they have, before anything is unpacked; none by unpickling."""

from __future__ import annotations

import io
import lzma
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import numpy as np

from kerasmm.data.npy import npy_header

UNREADABLE = (
    ValueError,
    OSError,
    EOFError,
    MemoryError,
    # An archive that is locked, or packed in a way that isn't known.
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)
"""What reading one may raise."""

_MOST_UNPACKED, _BLOCK = 100, 1 << 24
"""How many times its size in the archive an array may have, and what it may have beyond that."""


def open_npz(path: Path) -> zipfile.ZipFile:
    """The archive.

    Raises:
        ValueError: When it is none, or an array would be far larger than what is there.
    """
    if not zipfile.is_zipfile(path):
        raise ValueError("is no NumPy file")
    archive = zipfile.ZipFile(path)
    for member in archive.infolist():
        if member.file_size > _MOST_UNPACKED * member.compress_size + _BLOCK:
            archive.close()
            raise ValueError(f"`{member.filename[:80]}` would be unpacked to {member.file_size:,} bytes")
    return archive


def packed_header(packed: IO[bytes], size: int, name: str) -> tuple[tuple[int, ...], np.dtype]:
    """`npy_header` of an array of an archive; the error names the array."""
    try:
        return npy_header(packed, size)
    except ValueError as error:
        raise ValueError(f"`{name}` {error}") from None


def load_npz(path: Path, names: Sequence[str], most_bytes: int) -> dict[str, np.ndarray]:
    """Arrays of an archive, in memory.

    Args:
        path: The file.
        names: Of the arrays; others stay where they are.
        most_bytes: Of all of them, unpacked.

    Raises:
        ValueError: When it is no archive, lacks an array, would unpack to more, or an array holds Python objects or isn't
            what its header says; other errors of `UNREADABLE` where it is damaged.

    Example:

    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp(), "a.npz")
    >>> np.savez(path, ids=np.arange(3), more=np.zeros(9))
    >>> load_npz(path, ["ids"], 1 << 20)["ids"].tolist()
    [0, 1, 2]
    """
    arrays = {}
    with open_npz(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if missing := [name for name in names if f"{name}.npy" not in sizes]:
            raise ValueError(f"has no array `{missing[0]}`")
        if sum(sizes[f"{name}.npy"] for name in names) > most_bytes:
            raise ValueError(f"would be unpacked to more than {most_bytes:,} bytes")
        for name in names:
            with archive.open(f"{name}.npy") as packed:
                packed_header(packed, sizes[f"{name}.npy"], name)
            content = io.BytesIO(archive.read(f"{name}.npy"))
            arrays[name] = np.lib.format.read_array(content, allow_pickle=False)
    return arrays
