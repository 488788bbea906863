"""Parts of text files, so that several workers can read one file: which lines belong to which part."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

PART_BYTES = 1 << 26
"""Bytes of a part: minutes of work at most, and a file of a gigabyte still keeps sixteen workers busy."""
PACKED = {".gz": "gzip", ".bz2": "bzip2"}
"""Endings of files that can only be read from their beginning → how they are packed."""

_BLOCK = 1 << 20


class Part(NamedTuple):
    """The lines of a file that begin in a stretch of its bytes.

    Args:
        path: The file.
        start: Its first byte.
        stop: The byte behind its last; None for the end of the file, of a packed one, too.
        before: Lines of the file that begin before it.
    """

    path: Path
    start: int = 0
    stop: int | None = None
    before: int = 0


def parts_of(path: Path, size: int) -> Iterator[Part]:
    """A file in parts of `size` bytes; a packed or empty one is a single part."""
    length = 0 if path.suffix.lower() in PACKED else path.stat().st_size
    for start in range(0, length, size):
        yield Part(path, start, min(start + size, length))
    if not length:
        yield Part(path)


def count_lines(part: Part) -> int:
    """Lines that begin in a part of a plain file: at the file's first byte, and behind each line feed but one at its end."""
    if part.stop is None:
        return 0
    lines, place = int(part.start == 0), max(part.start - 1, 0)
    with part.path.open("rb") as file:
        file.seek(place)
        while place < part.stop - 1 and (block := file.read(min(_BLOCK, part.stop - 1 - place))):
            lines += block.count(b"\n")
            place += len(block)
    return lines
