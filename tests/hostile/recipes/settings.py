"""Configurations that somebody else wrote."""

from __future__ import annotations

from pathlib import Path

from tests.hostile.recipes import recipe

_BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + level)}: &{chr(98 + level)} [{', '.join([f'*{chr(97 + level)}'] * 9)}]\n" for level in range(9)
)
CONTENTS = {
    "date": b"training: {epochs: 2016-01-01}",
    "float": b"training:\n  epochs: !!float abc",
    "python": b"training: !!python/object/apply:os.system ['true']",
    "bomb": _BOMB.encode(),
    "ring": b"training: &a [*a]",
    "merge": b"training: {<<: &a {b: *a}}",
    "deep": b"[" * 100_000,
    "deep-mappings": b"{a: " * 30_000,
    "list": b"[1]",
    "text": b"training: text",
    "latin": b"training: {monitor: caf\xe9}",
    "zeros": b"\0" * 100,
    "huge": b"training: {epochs: " + b"9" * 5000 + b"}",
    "key": b"? [a]\n: 1",
    "long-key": b"a" * 5000 + b": 1",
    "control": b'"\\e[31mred": 1',
    "megabytes": b"a: 1\n" * 200_000,
}


@recipe
def configurations(folder: Path) -> Path:
    """YAML with dates, tags, aliases without end, depth, wrong types, control characters."""
    for name, content in CONTENTS.items():
        (folder / f"{name}.yaml").write_bytes(content)
    return folder
