"""Items of the lists in JSON files of any size, one after the other: nothing is held but an item, whose size is bounded."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from kerasmm.console import UserError

MAX_ITEM = 1 << 20
"""Characters; longer items are nobody's photo."""

_BLOCK = 1 << 20
_SPACE = re.compile(r"[ \t\r\n]*")
_AFTER_VALUE = (" ", "\t", "\r", "\n", ",", "]", "}", ":")
_DECODER = json.JSONDecoder()


def records(path: Path, *names: str) -> Iterator[tuple[str, Any]]:
    """The items of the lists `names` of the object that the file holds, each with the name of its list.

    Args:
        path: The file, e.g. `{"images": [{…}, {…}], "annotations": [{…}]}`.
        *names: Keys of that object; all others are skipped.

    Raises:
        UserError: Where the file is not JSON in UTF-8 from its beginning to its end, lacks one of the lists, or has an
            item or another value longer than `MAX_ITEM`. What comes after such a fault can't be told, so it stops the
            build.
    """
    found = set()
    with path.open("rb") as file:
        text = _Text(path, file)
        for key in _keys(text):
            if text.next() != "[":
                text.value()
                continue
            found.add(key)
            for item in _items(text):
                if key in names:
                    yield key, item
    for name in names:
        if name not in found:
            expected = ", ".join(f'"{one}": […]' for one in names)
            raise UserError(f"{path}: has no list `{name}`; expected {{{expected}}}")


def assigned_records(path: Path, prefix: re.Pattern[str], expected: str) -> Iterator[Any]:
    """The items of a list that a script assigns to a name.

    Args:
        path: The file, e.g. `window.name = [{…}, {…}]`.
        prefix: What stands before the list.
        expected: The same as people read it, for messages.

    Raises:
        UserError: Where it begins otherwise, or is no such list to its end; see `records`.
    """
    with path.open("rb") as file:
        text = _Text(path, file)
        text.skip(prefix, expected)
        yield from _items(text)
        if text.next() == ";":
            text.take(";")
        text.take("")


def _keys(text: _Text) -> Iterator[str]:
    """The keys of an object that is the whole text; the value must be read before the next key is asked for."""
    text.take("{")
    while text.next() != "}":
        if text.next() != '"':
            raise text.fault("expected a key in double quotes")
        key: str = text.value()
        text.take(":")
        yield key
        if not text.goes_on("}"):
            break
    text.take("}")
    text.take("")


def _items(text: _Text) -> Iterator[Any]:
    text.take("[")
    while text.next() != "]":
        yield text.value()
        if not text.goes_on("]"):
            break
    text.take("]")


class _Text:
    """The text of a file from where it is read, a block or two of it at a time."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path, self._file = path, file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._held, self._at, self._before, self._ended = "", 0, 0, False

    def next(self) -> str:
        """The next character that is no white space; an empty string at the end."""
        while True:
            match = _SPACE.match(self._held, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._held) or not self._read():
                return self._held[self._at : self._at + 1]

    def skip(self, prefix: re.Pattern[str], expected: str) -> None:
        """Goes past what a file begins with."""
        self.next()
        match = prefix.match(self._held, self._at)
        if match is None:
            raise self.fault(f"expected {expected}")
        self._at = match.end()

    def take(self, expected: str) -> None:
        """Goes past the next character, which must be this one, or past the end."""
        if self.next() != expected:
            raise self.fault(f"expected {expected or 'the end'}")
        self._at += len(expected)

    def goes_on(self, end: str) -> bool:
        """Goes past a comma, after which there must be something; False where there is none."""
        if self.next() != ",":
            return False
        self.take(",")
        if self.next() == end:
            raise self.fault("a comma too many")
        return True

    def value(self) -> Any:
        """Goes past a whole value."""
        self.next()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except RecursionError as error:
                raise self.fault("nested too deep") from error
            except ValueError as error:
                # Here or in a part that is not read yet: only the rest can tell.
                reason, place = getattr(error, "msg", str(error)), getattr(error, "pos", self._at)
            else:
                # Of a number, `12.` or `12e`, what comes after the end of the block may still be a part.
                if self._ended or self._held[end : end + 1] in _AFTER_VALUE:
                    self._at = end
                    return value
                reason, place = "expected one of , ] } :", end
            if len(self._held) - self._at > MAX_ITEM:
                raise self.fault(f"{reason}, or an item longer than {MAX_ITEM} characters", place)
            if not self._read():
                raise self.fault(reason, place)

    def _read(self) -> bool:
        """Drops what is read and appends a block; False at the end."""
        if self._ended:
            return False
        block = self._file.read(_BLOCK)
        self._ended = not block
        try:
            text = self._decoder.decode(block, final=self._ended)
        except UnicodeDecodeError as error:
            raise UserError(f"{self._path}: not valid UTF-8") from error
        self._held, self._before, self._at = self._held[self._at :] + text, self._before + self._at, 0
        return True

    def fault(self, reason: str, place: int | None = None) -> UserError:
        """The error for what is wrong at `place`, or at the next character."""
        number = self._before + (self._at if place is None else place) + 1
        return UserError(f"{self._path}: not valid JSON at character {number} ({reason})")
