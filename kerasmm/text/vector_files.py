"""Files of vectors, each with a name: word2vec's text and binary format, GloVe's, fastText's `.vec`, wikipedia2vec's."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self, cast

import numpy as np

from kerasmm.console import UserError

MOST_BYTES = 1 << 20
"""Of a line."""
MOST_NAME_BYTES = 1 << 12
"""Of a name in a binary file."""

EXPECTED = (
    "expected a first line `words dimension`, then a word and its vector each, in word2vec's text or binary format, or "
    "as GloVe's files without the first line; plain, .gz or .bz2"
)

_MOST_DIMENSIONS = 1 << 16
_BEGIN, _FIRST_LINES, _BLOCK = 1 << 20, 100, 1 << 16
_GZIP, _BZIP2 = b"\x1f\x8b", b"BZh"
# Four bytes of a number hold some of these in nearly every vector, text none.
_BINARY = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_FORMAT = "in word2vec's binary format a name ends at its first space. Names with spaces need a file in text"
_OUT_OF_STEP = 3
"""So many names in a row that nobody gives are numbers."""
_FASTTEXT = b"\xba\x16\x4f\x2f"


class VectorFile:
    """A file of vectors, read as a stream; what is in memory doesn't grow with the file.

    In text, the last cells of a line are the vector and all before is the name, which may hold spaces: `ENTITY/New York 4 5
    6`; in a binary file a name ends at the first space. Whether a file has a first line with the number of vectors and their
    dimension, and whether it is text or binary, its beginning tells. A line that is no vector is counted in `bad`.

    Args:
        path: The file.

    Attributes:
        width: The dimension.
        promised: How many vectors the first line says there are; None without one.
        entries: How many there were so far.
        bad: How many lines were none.

    Raises:
        UserError: When it can't be read or is in another format; while it is read, when no names are where a binary file
            should have them.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise UserError(f"{self.path}: no such file; {EXPECTED}")
        self.entries = self.bad = self._lines = self._strayed = 0
        self.promised: int | None = None
        self._is_binary = False
        try:
            begin_bytes = self._begin()
            self._file = _opened(self.path)
            self._file.read(begin_bytes)
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
            vector = np.frombuffer(values, "<f4") if isinstance(values, bytes) else _parsed(values)
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
        if self._strayed:
            told.append(f"{self._strayed} times no name was where a vector should begin; {_FORMAT}")
        return told

    def _begin(self) -> int:
        """Tells by the beginning of the file what it is, and how long its byte order mark is."""
        with _opened(self.path) as file:
            begin = file.read(_BEGIN)
        mark = len(codecs.BOM_UTF8) if begin.startswith(codecs.BOM_UTF8) else 0
        is_cut, begin = len(begin) == _BEGIN, begin[mark:]
        # The last line may be cut.
        first, *others = [line for line in begin.split(b"\n")[: -1 if is_cut else None] if line.strip()] or [b""]
        wrong = UserError(f"{self.path}:1: {EXPECTED}. Received: {first[:60]!r}")
        if begin.startswith(_FASTTEXT):
            raise UserError(f"{self.path}: a model of fastText's; give its vectors, the file that ends in .vec")
        cells = first.split()
        if len(cells) == 2 and all(cell.isdigit() and len(cell) < 12 for cell in cells):
            self.promised, self.width = map(int, cells)
            # A name in text may have a byte of this kind, too.
            self._is_binary = _BINARY.search(begin, len(first)) is not None and not _are_vectors(others, self.width)
        else:
            # Lines as they are: some words hold spaces, some lines are broken.
            some = [first, *others][:_FIRST_LINES]
            self.width = Counter(len(line.split()) - 1 for line in some).most_common(1)[0][0]
            if not _are_vectors(some, self.width):
                raise wrong
        if not 0 < self.width <= _MOST_DIMENSIONS:
            raise wrong
        return mark

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
        # A vector is given once the next name is in its place: after a name with a space, it isn't, and the vector is wrong.
        held: tuple[str, bytes] | None = None
        strange = 0
        while (name := self._name()) is not None:
            values = self._file.read(4 * self.width)
            self._lines += 1
            if _is_strange(name):
                strange, self._strayed = strange + 1, self._strayed + 1
                self.bad += 1 if held is None else 2
                held = None
                if strange == _OUT_OF_STEP:
                    raise self._out_of_step()
                continue
            strange = 0
            if held is not None:
                self.entries += 1
                yield held
            held = (name.decode("utf-8", "replace"), values) if len(values) == 4 * self.width else None
            self.bad += held is None
        if held is not None:
            self.entries += 1
            yield held

    def _name(self) -> bytes | None:
        """Up to the first space; None where nothing but line ends follows."""
        name = b""
        while block := self._file.peek(MOST_NAME_BYTES):
            end = block.find(b" ")
            name += self._file.read(end + 1 or len(block))
            if end >= 0 or len(name) > MOST_NAME_BYTES:
                break
        if len(name) > MOST_NAME_BYTES:
            raise self._out_of_step()
        return name.removesuffix(b" ").lstrip(b"\n") if name.strip() else None

    def _out_of_step(self) -> UserError:
        return UserError(f"{self.path}: no name is where vector {self._lines + 1} should begin; {_FORMAT}")

    def _unreadable(self, error: BaseException) -> UserError:
        return UserError(f"{self.path}: can't be read ({error}); {EXPECTED}")


def _opened(path: Path) -> io.BufferedReader:
    """The file as bytes, unpacked; what it is packed with, its ending or else its first bytes tell."""
    with path.open("rb") as file:
        begin, ending = file.read(4), path.suffix.lower()
    if ending == ".gz" or (ending != ".bz2" and begin.startswith(_GZIP)):
        return io.BufferedReader(cast(io.RawIOBase, gzip.open(path, "rb")), _BLOCK)
    if ending == ".bz2" or begin.startswith(_BZIP2):
        return io.BufferedReader(cast(io.RawIOBase, bz2.open(path, "rb")), _BLOCK)
    return path.open("rb")


def _are_vectors(lines: list[bytes], width: int) -> bool:
    """Whether half of the first lines are a name and a vector."""
    some = lines[:_FIRST_LINES]
    return bool(some) and 2 * sum(_is_vector(line, width) for line in some) >= len(some)


def _is_vector(line: bytes, width: int) -> bool:
    cells = line.split()
    if width < 1 or len(cells) <= width:
        return False
    try:
        return bool(np.isfinite(_parsed(cells[-width:])).all())
    except ValueError:
        return False


def _parsed(cells: list[bytes]) -> np.ndarray:
    # Python reads `1_0` as a number.
    if any(b"_" in cell for cell in cells):
        raise ValueError(cells)
    return np.array(cells, dtype="float32")


def _is_strange(name: bytes) -> bool:
    """Whether it holds what belongs to a number; its last character may be cut, as word2vec cuts long names."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(name)
    except UnicodeDecodeError:
        return True
    return not name or b"\n" in name or _BINARY.search(name) is not None
