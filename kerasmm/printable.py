"""Texts of anybody's: what UTF-8 can hold, and what would not move or colour a terminal."""

from __future__ import annotations

import json
import unicodedata

_STEERING = {"Cc", "Cf", "Cs", "Zl", "Zp"}
"""Categories of Unicode: control characters, marks of direction, halves of characters, separators of lines."""
_HARMLESS = "\n\t\u200c\u200d"
"""Ends of lines, tabs, and what joins letters and emoji."""


def printable(text: str) -> str:
    """A text that may hold anybody's names, without what would move or colour a terminal: that is written as JSON escapes it.

    Example:

    >>> printable("a\x1b[31m \u202eb")
    'a\\u001b[31m \\u202eb'
    """
    if text.isprintable():
        return text
    steering = {one for one in set(text) if one not in _HARMLESS and unicodedata.category(one) in _STEERING}
    return text.translate({ord(one): json.dumps(one)[1:-1] for one in steering})


def in_a_line(text: str) -> str:
    """The same in one line."""
    return printable(" ".join(text.split()))


def is_unicode(text: str) -> bool:
    """Whether a text can be written; half a character of two (a lone surrogate) can't."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
