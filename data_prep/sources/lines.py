"""Text files of unknown health, line by line: bounded lines, wrong bytes noticed, nothing read twice into memory."""

from __future__ import annotations

import bz2
import codecs
import csv
import gzip
import sys
import zlib
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from data_prep.sources.parts import PACKED, Part
from kerasmm.console import UserError

MAX_LINE_BYTES = 1 << 20
"""Longer lines are no post of anybody's; they are skipped without being held."""

_BLOCK = 1 << 20
_MOST_UNPACKED = 1 << 27
_MOST_AGAIN = 8
"""How often a table is read over for its faulty records, taken all together."""


class Line(NamedTuple):
    """A line without its ending, or what is wrong with it."""

    number: int
    text: str
    fault: str = ""


class Row(NamedTuple):
    """A CSV record, the number of its first line, or what is wrong with it."""

    number: int
    cells: list[str]
    fault: str = ""


def lines(path: Path | Part, encoding: str = "utf-8", longest: int | None = None) -> Iterator[Line]:
    """Every line of a file or of a part of it, numbered from 1 in the file. A faulty one comes with an empty text.

    Args:
        path: The file, compressed when its name ends in `.gz` or `.bz2`; where the rest of that can't be read, that is a
            fault. Or the part.
        encoding: How its bytes are read.
        longest: Bytes of a line, `MAX_LINE_BYTES` unless given; longer ones are faulty.

    Raises:
        UserError: For a file in UTF-16, of which no line could be read.
    """
    part = Part(path) if isinstance(path, Path) else path
    number = part.before
    try:
        for line in _lines(part, encoding, MAX_LINE_BYTES if longest is None else longest):
            yield line
            number = line.number
    except (EOFError, zlib.error, OSError) as error:
        # What the machine can't read has a number; gzip and bz2 give theirs none.
        if isinstance(error, OSError) and error.errno is not None:
            raise
        yield Line(number + 1, "", f"damaged {PACKED[part.path.suffix.lower()]} file")


def _opened(path: Path) -> IO[bytes]:
    packing = PACKED.get(path.suffix.lower())
    if packing == "gzip":
        return cast(IO[bytes], gzip.open(path))
    return bz2.open(path) if packing == "bzip2" else path.open("rb")


def _lines(part: Part, encoding: str, longest: int) -> Iterator[Line]:
    packed = part.path.suffix.lower() in PACKED
    with _opened(part.path) as file:
        number, place, stop = part.before, part.start, sys.maxsize if part.stop is None else part.stop
        if part.start:
            # A line that began before belongs to the part where it did.
            place = file.seek(part.start - 1)
            raw = b""
            while place < stop and not raw.endswith(b"\n"):
                if not (raw := file.readline(_BLOCK)):
                    return
                place += len(raw)
        while place < stop and (raw := file.readline(longest + 1)):
            number += 1
            place += len(raw)
            if len(raw) > longest:
                passed = 0
                while raw and not raw.endswith(b"\n"):
                    raw = file.readline(_BLOCK)
                    passed += len(raw)
                    # A little file may unpack to a line of terabytes.
                    if packed and passed > _MOST_UNPACKED:
                        raise EOFError
                place += passed
                yield Line(number, "", f"longer than {longest} bytes")
                continue
            if number == 1 and encoding == "utf-8" and raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise UserError(f"{part.path}: is in UTF-16; expected UTF-8")
            if number == 1:
                raw = raw.removeprefix(codecs.BOM_UTF8)
            try:
                yield Line(number, raw.decode(encoding).rstrip("\r\n"))
            except UnicodeDecodeError as error:
                yield Line(number, "", f"not valid {error.encoding}")


def rows(path: Path, encoding: str = "utf-8", separator: str = ",") -> Iterator[Row]:
    """Every record of a CSV file, the header included. Quoted fields may hold commas, quotes and line ends.

    Where a record can't be read, e.g. for a quote that is never closed, only its first line is a fault: the lines after
    it are read again, each as the beginning of a record, so that none is swallowed. A file that would be read many times
    over that way is damaged, and all lines of the record are faults.
    """
    source, again, taken = lines(path, encoding), deque[Line](), list[Line]()
    held = first_read = read_again = 0

    def texts() -> Iterator[str]:
        nonlocal held, first_read, read_again
        while True:
            if again:
                line = again.popleft()
                read_again += len(line.text) + 1
            elif (new := next(source, None)) is not None:
                line = new
                first_read += len(line.text) + 1
            else:
                return
            taken.append(line)
            held += len(line.text) + 1
            if held > MAX_LINE_BYTES and len(taken) > 1:
                raise csv.Error(f"a record longer than {MAX_LINE_BYTES} characters")
            yield line.text + "\n"

    reader = csv.reader(texts(), delimiter=separator, strict=True)
    while True:
        taken.clear()
        held = 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            first, *others = taken
            reader = csv.reader(texts(), delimiter=separator, strict=True)
            yield Row(first.number, [], first.fault or f"not valid CSV: {error}")
            if read_again > _MOST_AGAIN * first_read + 2 * MAX_LINE_BYTES:
                fault = "not valid CSV: many quotes that don't close"
                yield from (Row(line.number, [], line.fault or fault) for line in others if line.text or line.fault)
            else:
                again.extendleft(reversed(others))
            continue
        if faulty := next((line for line in taken if line.fault), None):
            yield Row(faulty.number, [], faulty.fault)
        elif cells:
            yield Row(taken[0].number, cells)
