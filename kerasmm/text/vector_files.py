"""Files of vectors, each with a name: word2vec's text and binary format, GloVe's, fastText's `.vec`, wikipedia2vec's."""

from __future__ import annotations

import bz2
import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Self, cast

import numpy as np

from kerasmm.console import UserError

MOST_BYTES = 1 << 20
"""Of a line, or of a name in a binary file."""

EXPECTED = (
    "expected a first line `words dimension`, then a word and its vector each, in word2vec's text or binary format, or "
    "as GloVe's files without the first line; plain, .gz or .bz2"
)

_MOST_DIMENSIONS = 1 << 16
_BEGIN, _FIRST_LINES = 1 << 20, 100
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
# Four bytes of a number hold some of these in nearly every vector, text none.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_FASTTEXT = b"\xba\x16\x4f\x2f"


class VectorFile:
    """A file of vectors, read as a stream; what is in memory doesn't grow with the file.

    In text, the last cells of a line are the vector and all before is the name, which may hold spaces: `ENTITY/New York 4 5
    6`. Whether a file has a first line with the number of vectors and their dimension, and whether it is text or binary,
    its beginning tells. A line that is no vector is counted in `bad`.

    Args:
        path: The file.

    Attributes:
        width: The dimension.
        promised: How many vectors the first line says there are; None without one.
        entries: How many there were so far.
        bad: How many lines were none.

    Raises:
        UserError: When it can't be read or is in another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise UserError(f"{self.path}: no such file; {EXPECTED}")
        self.entries = self.bad = self._lines = 0
        self.promised: int | None = None
        self._is_binary = False
        try:
            self._begin()
            self._file = _opened(self.path)
        except (OSError, EOFError, zlib.error) as error:
            raise self._unreadable(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __iter__(self) -> Iterator[tuple[str, bytes | list[bytes]]]:
        """Each name with its vector as it is written, see `numbers`."""
        try:
            yield from self._binary() if self._is_binary else self._text()
        except (OSError, EOFError, zlib.error) as error:
            raise self._unreadable(error) from error
        if not self._lines > self.bad:
            raise UserError(f"{self.path}: holds no name with {self.width} numbers; {EXPECTED}")

    def numbers(self, values: bytes | list[bytes]) -> np.ndarray | None:
        """The vector; None, counted as bad, where something in it is no finite number."""
        try:
            vector = np.frombuffer(values, "<f4") if isinstance(values, bytes) else np.array(values, dtype="float32")
        except ValueError:
            vector = np.empty(0, "float32")
        if vector.shape != (self.width,) or not np.isfinite(vector).all():
            self.entries, self.bad = self.entries - 1, self.bad + 1
            return None
        return vector

    def notices(self) -> list[str]:
        """What is not as the file says, once it was read to its end."""
        told = []
        if self.promised is not None and self.promised != self._lines:
            told.append(f"its first line says {self.promised} vectors, it has {self.entries}")
        if self.bad:
            told.append(f"{self.bad} lines were no vector of {self.width} numbers")
        return told

    def _begin(self) -> None:
        """Tells by the beginning of the file what it is."""
        with _opened(self.path) as file:
            begin = file.read(_BEGIN)
        # The last line may be cut.
        first, *others = [
            line for line in begin.split(b"\n")[: -1 if len(begin) == _BEGIN else None] if line.strip()
        ] or [b""]
        wrong = UserError(f"{self.path}:1: {EXPECTED}. Received: {first[:60]!r}")
        if begin.startswith(_FASTTEXT):
            raise UserError(f"{self.path}: a model of fastText's; give its vectors, the file that ends in .vec")
        cells = first.split()
        if len(cells) == 2 and all(cell.isdigit() and len(cell) < 12 for cell in cells):
            self.promised, self.width = map(int, cells)
            self._is_binary = _BINARY.search(begin, len(first)) is not None
        else:
            # Lines as they are: some words hold spaces, some lines are broken.
            some = [first, *others][:_FIRST_LINES]
            self.width = Counter(len(line.split()) - 1 for line in some).most_common(1)[0][0]
            if _BINARY.search(begin) or 2 * sum(_is_vector(line, self.width) for line in some) < len(some):
                raise wrong
        if not 0 < self.width <= _MOST_DIMENSIONS:
            raise wrong

    def _text(self) -> Iterator[tuple[str, list[bytes]]]:
        if self.promised is not None:
            self._file.readline(MOST_BYTES)
        while line := self._file.readline(MOST_BYTES):
            if not line.strip():
                continue
            self._lines += 1
            name, *values = line.strip().rsplit(None, self.width)
            if len(values) == self.width:
                self.entries += 1
                yield name.decode("utf-8", "replace"), values
            else:
                self.bad += 1

    def _binary(self) -> Iterator[tuple[str, bytes]]:
        self._file.readline(MOST_BYTES)
        while True:
            name = bytearray()
            while (byte := self._file.read(1)) not in (b" ", b"") and len(name) < MOST_BYTES:
                name += byte
            values = self._file.read(4 * self.width)
            if not byte and not name.strip():
                return
            self._lines += 1
            if len(values) < 4 * self.width:
                self.bad += 1
                return
            self.entries += 1
            yield bytes(name).decode("utf-8", "replace").lstrip("\n"), values

    def _unreadable(self, error: BaseException) -> UserError:
        return UserError(f"{self.path}: can't be read ({error}); {EXPECTED}")


def _opened(path: Path) -> BinaryIO:
    """The file as bytes, unpacked; what it is packed with, its ending or else its first bytes tell."""
    with path.open("rb") as file:
        begin, ending = file.read(4), path.suffix.lower()
    if ending == ".gz" or (ending != ".bz2" and begin.startswith(_GZIP)):
        return cast(BinaryIO, gzip.open(path, "rb"))
    if ending == ".bz2" or begin.startswith(_BZIP2):
        return cast(BinaryIO, bz2.open(path, "rb"))
    return path.open("rb")


def _is_vector(line: bytes, width: int) -> bool:
    cells = line.split()
    if width < 1 or len(cells) <= width:
        return False
    try:
        return bool(np.isfinite(np.array(cells[-width:], dtype="float32")).all())
    except ValueError:
        return False
