"""The words of all texts as 64-bit hashes, in one file a chunk, read back text by text."""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Sequence

import numpy as np

from data_prep.work.chunks import Work

LONGEST = 256
"""Words of a text that are kept; texts that are the same until there are the same."""

Span = tuple[int, int, int]
"""Chunk, where the text begins in the chunk's file, number of words."""

_OPEN_FILES = 64


@functools.lru_cache(maxsize=1 << 16)
def _hashed(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


class SequenceWriter:
    """Takes the texts of one chunk.

    Args:
        work: The work folder.
        number: The chunk.
    """

    def __init__(self, work: Work, number: int) -> None:
        self._path, self._number = work.path("sequences", number, "u64"), number
        self._parts: list[np.ndarray] = []
        self._count = 0

    def add(self, words: Sequence[str]) -> Span:
        """Where the text will stand."""
        part = np.array([_hashed(word) for word in words[:LONGEST]], np.uint64)
        span = self._number, self._count, len(part)
        self._parts.append(part)
        self._count += len(part)
        return span

    def close(self) -> None:
        """Writes the file under a temporary name, then renames it."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        np.concatenate([np.zeros(0, np.uint64), *self._parts]).tofile(temporary)
        temporary.replace(self._path)


class SequenceReader:
    """Reads texts of any chunks; few files are open at a time.

    Args:
        work: The work folder.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._file = functools.lru_cache(maxsize=_OPEN_FILES)(self._mapped)

    def _mapped(self, number: int) -> np.ndarray:
        return np.memmap(self._work.path("sequences", number, "u64"), np.uint64, "r")

    def read(self, span: Span) -> np.ndarray:
        """The hashes of a text of at least one word."""
        number, start, count = span
        return np.asarray(self._file(number)[start : start + count])
