"""Text of unknown encoding: UTF-8, GB 18030 or Windows-1252, told apart by what its bytes would say in each."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from data_prep.sources.plausible import chinese_cost, unicode_cost, western_cost

UTF_8, UTF_16, CHINESE, WESTERN = "utf-8", "utf-16", "gb18030", "windows-1252"
DAMAGED = "\ufffd"
"""Stands for what could not be read of a text."""

NO_ENCODING = "neither UTF-8 nor GB 18030 nor Windows-1252"

_MARKS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
# What GB 18030 is made of, and 0x80, the euro of the older GBK. A text may be cut within its last character.
_CHARACTER = rb"[\x00-\x80]|[\x81-\xfe](?:[\x40-\x7e\x80-\xfe]|[0-9][\x81-\xfe][0-9])"
_CHARACTERS = re.compile(_CHARACTER)
_TEXT = re.compile(rb"((?:%s)*)([\x81-\xfe](?:[0-9][\x81-\xfe]?)?)?" % _CHARACTER)
_EURO = b"\x80"
_NOT_ASCII, _BEFORE = re.compile(rb"[\x80-\xff]"), 2
_TWO_BYTES = "\u07ff"
_VALID = 7.0
"""What it counts that a text is valid UTF-8: one Chinese character in five is by chance, and few others."""
_INVALID = 20.0
"""What a line costs that is not valid in an encoding."""
_LONGEST = 1 << 20
_HEAD = 1 << 13
"""Bytes from the first one that is not ASCII, by which a longer text is judged."""


class Decoded(NamedTuple):
    """A text and the encoding that it was read in."""

    text: str
    encoding: str


def decoded(content: bytes) -> Decoded | None:
    """Reads a text; None where it is in none of the encodings, or has a NUL.

    A byte order mark decides (for UTF-16, too), and what is valid UTF-8 with a character of three bytes is UTF-8. Nearly
    every short text of the other two encodings is valid in both: `it’s` in Windows-1252 is a Chinese character to GB
    18030, whose own apostrophe is `¡¯` to Windows-1252. So each reading has a cost, see `data_prep.sources.plausible`,
    and the cheapest one is taken.

    What is broken becomes `DAMAGED`: the last character of a text that was cut within it, and single bytes of a text
    in UTF-8.

    Example:

    >>> decoded("it’s".encode("cp1252"))
    Decoded(text='it’s', encoding='windows-1252')
    >>> decoded("it’s".encode("gb18030"))
    Decoded(text='it’s', encoding='gb18030')
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            text = _strictly(content[len(mark) :], encoding)
            return None if text is None else Decoded(text, UTF_8 if encoding == UTF_8 else UTF_16)
    if b"\0" in content:
        return None
    text = content.decode(UTF_8, "replace")
    if DAMAGED not in text and (text.isascii() or max(text) > _TWO_BYTES):
        return Decoded(text, UTF_8)
    for _, head in sorted(_readings(_head(content)), key=lambda reading: reading[0]):
        if (whole := _read(content, head.encoding)) is not None:
            return Decoded(whole, head.encoding)
    return None


def encoding_of(path: Path) -> str:
    """The encoding of a whole file, by what its lines cost in each: a broken line doesn't decide for all others."""
    totals = dict.fromkeys((UTF_8, WESTERN, CHINESE), 0.0)
    with path.open("rb") as file:
        while line := file.readline(_LONGEST):
            if line.isascii():
                continue
            costs = {reading.encoding: cost for cost, reading in _readings(_head(line)) if DAMAGED not in reading.text}
            for encoding in totals:
                totals[encoding] += costs.get(encoding, _INVALID)
    return min(totals, key=totals.__getitem__)


def _head(content: bytes) -> bytes:
    """The part of a long text that is judged; it ends before a white space, which is a part of no character."""
    if len(content) <= _HEAD or (first := _NOT_ASCII.search(content)) is None:
        return content
    begin = max(first.start() - _BEFORE, 0)
    head = content[begin : begin + _HEAD]
    if begin + len(head) == len(content):
        return head
    words = head.rsplit(None, 1)
    return words[0] if len(words) == 2 and not words[0].isascii() else head


def _readings(content: bytes) -> list[tuple[float, Decoded]]:
    """What the content can be read as, each with its cost."""
    found = []
    if (text := _read(content, UTF_8)) is not None:
        found.append((unicode_cost(text, DAMAGED) - (0 if DAMAGED in text else _VALID), Decoded(text, UTF_8)))
    if (western := _read(content, WESTERN)) is not None:
        found.append((western_cost(western), Decoded(western, WESTERN)))
    if (characters := _chinese(content)) is not None:
        chinese = "".join(character for character, _ in characters)
        found.append((chinese_cost(characters), Decoded(chinese, CHINESE)))
    return found


def _read(content: bytes, encoding: str) -> str | None:
    """A text in one of the encodings; None where it is none."""
    if encoding == WESTERN:
        return _strictly(content, WESTERN)
    if encoding == CHINESE:
        characters = _chinese(content)
        return None if characters is None else "".join(character for character, _ in characters)
    text = content.decode(UTF_8, "replace")
    return text if sum(character > "\x7f" for character in text) > 3 * text.count(DAMAGED) else None


def _strictly(content: bytes, encoding: str) -> str | None:
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text


def _chinese(content: bytes) -> list[tuple[str, bytes]] | None:
    """The characters of a text in GB 18030 with their bytes; None where it is none."""
    match = _TEXT.fullmatch(content)
    if match is None:
        return None
    spelled = _CHARACTERS.findall(match[1])
    found = [("€" if each == _EURO else each.decode(CHINESE, "replace"), each) for each in spelled]
    if not match[2]:
        return found
    # A single byte at the end of a Western text is an accent, and no sign of a cut.
    return [*found, (DAMAGED, match[2])] if sum(len(each) > 1 for each in spelled) > 1 else None
