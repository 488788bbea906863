"""What somebody may ask an export: lines of queries."""

from __future__ import annotations

import json
from pathlib import Path

from tests.hostile.recipes import recipe


@recipe
def wrong_types(folder: Path) -> Path:
    """Queries whose fields have every type but theirs."""
    values = [None, True, 0, -1, 10**30, 1.5, "", [], {}, [[]], [None], {"a": 1}, "nan"]
    lines = [json.dumps({field: value}) for field in ("image", "text", "tags", "k", "tag") for value in values]
    return _written(folder, "\n".join(lines))


@recipe
def deep(folder: Path) -> Path:
    """A query a hundred thousand lists deep."""
    return _written(folder, "[" * 100_000 + "]" * 100_000)


@recipe
def one_long_word(folder: Path) -> Path:
    """A sentence of one word that is a hundred thousand characters long."""
    return _written(folder, json.dumps({"text": "x" * 100_000}))


@recipe
def control_characters(folder: Path) -> Path:
    """Words that move a terminal's cursor, colour it and set its title."""
    words = ["\x1b[2J", "\x1b]0;owned\x07", "a[/x]b", "\r\n", "\x00", "\u202e", "\ud800"]
    return _written(folder, "\n".join(json.dumps({"tags": [word], "text": word}) for word in words))


@recipe
def not_utf8(folder: Path) -> Path:
    """Bytes that are no UTF-8, with a NUL."""
    path = folder / "queries.jsonl"
    path.write_bytes(b'{"text": "\xff\xfe\x00"}\n\xc3(\n')
    return path


@recipe
def numbers_without_end(folder: Path) -> Path:
    """Numbers that are none, or have a hundred thousand digits."""
    return _written(folder, '{"text": NaN}\n{"k": Infinity}\n{"k": ' + "9" * 100_000 + "}\n")


def _written(folder: Path, lines: str) -> Path:
    path = folder / "queries.jsonl"
    path.write_text(lines + "\n", encoding="utf-8")
    return path
