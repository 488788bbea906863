"""JSON that somebody else may have written: bounded in size, depth and numbers, and of the type that is expected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from kerasmm.console import UserError
from kerasmm.files.reading import TEXT_BYTES, read_text
from kerasmm.printable import is_unicode

T = TypeVar("T")

DEPTH = 100
"""Lists and mappings inside one another, at most."""
INTEGER = 1 << 63
"""Whole numbers lie between minus this and this: nothing here counts further."""
_SHOWN = 80


def read_json(path: Path, kind: type[T], what: str, limit: int = TEXT_BYTES) -> T:
    """The content of a JSON file, validated.

    Args:
        path: The file.
        kind: What it holds: a pydantic model, a dataclass or any type that pydantic validates, e.g. `dict[str, int]`.
        what: What the file is, for messages, e.g. `manifest`.
        limit: Most bytes that are read.

    Raises:
        UserError: When it can't be read, is no JSON, or holds something else; the message names file and key.
    """
    return checked_json(read_text(path, limit, what), kind, str(path))


def checked_json(text: str, kind: type[T], where: str) -> T:
    """The content of a JSON text, validated.

    Args:
        text: The JSON.
        kind: As in `read_json`.
        where: Where it came from, e.g. a file and its line, for messages.

    Raises:
        UserError: When it is no JSON or holds something else.

    Example:

    >>> checked_json('{"a": 1}', dict[str, int], "x.json")
    {'a': 1}
    >>> checked_json('{"a": [1]}', dict[str, int], "x.json")
    Traceback (most recent call last):
    kerasmm.console.UserError: x.json: `a`: Input should be a valid integer. Received: [1]
    """
    return checked(loaded_json(text, where), kind, where)


def loaded_json(text: str, where: str) -> Any:
    """The content of a JSON text of any type, bounded in depth and numbers.

    Raises:
        UserError: When it is no JSON, or beyond the bounds.
    """
    try:
        content = json.loads(text)
    except RecursionError as error:
        raise UserError(f"{where}: not valid JSON (lists and mappings lie more than {DEPTH} deep)") from error
    except ValueError as error:
        raise UserError(f"{where}: not valid JSON ({shortened(str(error), 200)})") from error
    for keys, value in _within(content):
        if len(keys) > DEPTH:
            raise UserError(f"{where}: {key_of(keys[:3])}lists and mappings lie more than {DEPTH} deep")
        if isinstance(value, int) and not -INTEGER <= value < INTEGER:
            raise UserError(
                f"{where}: {key_of(keys)}must lie within 64 bits. Received: {shortened(hex(value))} (hexadecimal)"
            )
        if isinstance(value, str) and not is_unicode(value):
            raise UserError(f"{where}: {key_of(keys)}holds half a character (a lone surrogate)")
    return content


def checked(content: object, kind: type[T], where: str) -> T:
    """What was read, as the type that it should have.

    Raises:
        UserError: When it has another; the message names the first key that is wrong.
    """
    try:
        return TypeAdapter(kind).validate_python(content)
    except ValidationError as error:
        first = error.errors()[0]
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(
            f"{where}: {key_of(first['loc'])}{message}. Received: {shortened(repr(first['input']))}"
        ) from error


def _within(content: object) -> Iterator[tuple[tuple[Any, ...], object]]:
    """Every value and key with the keys that lead to it, without recursion; it goes no deeper than one beyond `DEPTH`."""
    todo: list[tuple[tuple[Any, ...], object]] = [((), content)]
    while todo:
        keys, value = todo.pop()
        yield keys, value
        if isinstance(value, dict):
            yield from (((*keys, "…"), key) for key in value)
        items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        todo.extend(((*keys, key), inner) for key, inner in items)


def key_of(keys: tuple[Any, ...]) -> str:
    """How messages begin that are about what these keys lead to: "`a.b`: "."""
    return f"`{shortened('.'.join(map(str, keys)), 200)}`: " if keys else ""


def shortened(text: str, length: int = _SHOWN) -> str:
    """At most `length` characters of what came, for messages."""
    return text if len(text) <= length else f"{text[: length - 3]}..."
