"""Edits of a JSON file that somebody else may have made."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

VALUES = (
    None,
    -1,
    10**25,
    1.5,
    float("nan"),
    "a" * 5000,
    "\x1b[31mred\x00",
    "../../etc/passwd",
    [],
    {},
    [[1]],
    "\ud800",
)
"""What takes the place of a value."""


def edits(content: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and texts of the file with one thing changed: each value gone, and of another kind."""
    for number, keys in enumerate(_places(content)):
        for change in ("gone", number % len(VALUES)):
            edited = copy.deepcopy(content)
            place: Any = edited
            for key in keys[:-1]:
                place = place[key]
            if change == "gone":
                del place[keys[-1]]
            else:
                place[keys[-1]] = VALUES[int(change)]
            yield f"{number}-{change}", json.dumps(edited)


def broken() -> dict[str, bytes]:
    """What is no JSON, or no mapping, or has no end."""
    return {
        "deep": b"[" * 100_000,
        "deep-mappings": b'{"a":' * 100_000,
        "latin": b'{"a": "caf\xe9"}',
        "list": b"[1]",
        "empty": b"",
        "zeros": b"\0" * 100,
        "digits": b"1" * 100_000,
    }


def _places(content: object, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in list(items)[:40]:
        if not isinstance(key, int) or key < 2:
            yield (*above, key)
            yield from _places(value, (*above, key))
