"""Joins and look-ups over more rows than memory holds, in a temporary SQLite file."""

from __future__ import annotations

import itertools
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Self

_CACHE_KIB = 32 * 1024


class Member(NamedTuple):
    """One row of a group: what kind of row, its order within the kind, and its content."""

    kind: int
    order: int
    value: str


class _Scratch:
    """A private SQLite file that is gone when the block ends. Nothing in it needs to survive a crash."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = tempfile.TemporaryDirectory(dir=folder, prefix="grouping-")
        self._database = sqlite3.connect(Path(self._folder.name) / "rows.sqlite", isolation_level=None)
        for setting in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE", f"cache_size=-{_CACHE_KIB}"):
            self._database.execute(f"PRAGMA {setting}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()
        self._folder.cleanup()


class Grouping(_Scratch):
    """Rows in any order, read back by key.

    Keys are all strings or all integers. Within a group, rows come by kind, then by order, then as they were added,
    so a reader can meet what describes the group before what is many.

    Args:
        scratch: A folder for the temporary file.

    Example:

    >>> with Grouping(Path(tempfile.gettempdir())) as grouping:
    ...     for order, word in ((1, "world"), (0, "hello")):
    ...         grouping.add("a", kind=0, order=order, value=word)
    ...     [(key, [member.value for member in members]) for key, members in grouping.groups()]
    [('a', ['hello', 'world'])]
    """

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self._database.execute("CREATE TABLE member (key, kind INTEGER, place INTEGER, value TEXT)")
        self._database.execute("BEGIN")

    def add(self, key: str | int, kind: int, value: str, order: int = 0) -> None:
        self._database.execute("INSERT INTO member VALUES (?, ?, ?, ?)", (key, kind, order, value))

    def groups(self) -> Iterator[tuple[str | int, Iterator[Member]]]:
        """Each key, ascending, with its rows; a group's rows must be read before the next group is asked for."""
        found = self._database.execute("SELECT key, kind, place, value FROM member ORDER BY key, kind, place, rowid")
        for key, members in itertools.groupby(found, key=lambda row: row[0]):
            yield key, (Member(*row[1:]) for row in members)


class Seen(_Scratch):
    """Remembers where each key came up first."""

    def __init__(self, scratch: Path) -> None:
        super().__init__(scratch)
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, place TEXT) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def has(self, key: str) -> bool:
        """Whether `key` came up."""
        return self._database.execute("SELECT 1 FROM seen WHERE key = ?", (key,)).fetchone() is not None

    def before(self, key: str, place: str) -> str | None:
        """Where `key` was seen before, or None; then it is remembered to be at `place`."""
        if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, place)).rowcount:
            return None
        found: str = self._database.execute("SELECT place FROM seen WHERE key = ?", (key,)).fetchone()[0]
        return found
