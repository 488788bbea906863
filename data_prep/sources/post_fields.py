"""The fields of a Post as people write them in JSON or CSV: what each must be, and what is wrong when it isn't."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from kerasmm.printable import is_unicode

STRINGS = ("id", "image", "text", "user", "split")
LISTS = ("sentences", "tags", "labels", "links")
FIELDS = (*STRINGS, *LISTS, "time")
SEPARATOR = "|"
"""Between the items of a list in a CSV cell."""

_TIME_LIMIT = 1 << 63
_SHOWN = 80
# Tables that lack some times have the others as `1416614400.0`.
_SECONDS = re.compile(r"(-?[0-9]{1,19})(?:\.0*)?")
_DATE = re.compile(r"\s*[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Faulty(Exception):
    """A line that is no post: a short reason that can be counted, and the details of this one."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


def from_cell(name: str, cell: str) -> Any:
    """A cell as JSON would have it; what doesn't fit stays text, and is refused like any wrong type."""
    if name == "sentences":
        return [item for item in cell.split(SEPARATOR) if item.strip()]
    if name == "time":
        text = cell.strip()
        match = _SECONDS.fullmatch(text)
        return int(match[1]) if match else text or None
    return cell


def received(value: Any) -> str:
    """How a reject shows a value: as Python writes it, cut short."""
    text = repr(value)
    return f"Received: {text if len(text) <= _SHOWN else text[:_SHOWN] + '…'}"


def string(name: str, value: Any) -> str | None:
    """A text field; empty counts as absent."""
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise Faulty(f"`{name}` must be a string", received(value))
    _encodable(name, [value])
    return value


def identifier(name: str, value: Any) -> str | None:
    """A text field that may be a whole number, too: `3` is "3"."""
    return string(name, str(value) if type(value) is int else value)


def strings(name: str, value: Any) -> tuple[str, ...]:
    """A list field."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Faulty(f"`{name}` must be a list of strings", received(value))
    _encodable(name, value)
    return tuple(value)


def seconds(value: Any) -> int | None:
    """The field `time`: Unix seconds, or a date of ISO 8601, in UTC unless it says otherwise."""
    if value is None:
        return None
    if isinstance(value, str) and _DATE.match(value):
        with contextlib.suppress(ValueError, OverflowError):
            found = datetime.fromisoformat(value.strip())
            return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    # True is an integer to Python, but no time to anybody.
    if not isinstance(value, int) or isinstance(value, bool) or not -_TIME_LIMIT <= value < _TIME_LIMIT:
        raise Faulty("`time` must be an integer, Unix seconds", received(value))
    return value


def _encodable(name: str, values: Iterable[str]) -> None:
    """JSON can spell half a surrogate pair, which no UTF-8 file can hold."""
    if not all(map(is_unicode, values)):
        raise Faulty(f"`{name}` is not valid Unicode", "half a surrogate pair")
