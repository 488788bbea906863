"""A SQLite file that somebody else may have written: its tables are read, what it would compute is not."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

CELL_BYTES = 1 << 24
"""Most bytes of a cell that are read."""
_PLAIN = re.compile(r"create (table|(unique )?index) ", re.IGNORECASE)
"""What may stand in its schema. A view, a virtual table or a computed column is a program of its maker's."""
_STEPS, _STEPS_A_BYTE, _STEPS_A_CALL = 1_000_000, 20, 10_000
"""Of SQLite's machine, in a question: more for a larger file. Pages that lead to one another have no end."""


class SqliteFile:
    """Reads a table.

    Args:
        path: The file. It is taken as immutable, so one on a read-only disk can be read too, and nothing is ever locked.
        table: The table that will be asked.

    Raises:
        sqlite3.Error: When it is damaged.
        ValueError: When it holds more than tables.
    """

    def __init__(self, path: Path, table: str) -> None:
        self.connection = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)
        self.connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, CELL_BYTES)
        self._allowed = (_STEPS + _STEPS_A_BYTE * path.stat().st_size) // _STEPS_A_CALL
        self._left = self._allowed
        self.connection.set_progress_handler(self._is_too_long, _STEPS_A_CALL)
        try:
            self._require_plain(table)
        except BaseException:
            self.connection.close()
            raise

    @contextlib.contextmanager
    def asked(self) -> Iterator[sqlite3.Connection]:
        """The connection for a question, which is interrupted when it takes longer than a file of this size can need."""
        self._left = self._allowed
        yield self.connection

    def _is_too_long(self) -> bool:
        self._left -= 1
        return self._left < 0

    def _require_plain(self, table: str) -> None:
        made = [sql for (sql,) in self.connection.execute("select sql from sqlite_master") if sql is not None]
        computed = any(row[-1] for row in self.connection.execute(f"pragma table_xinfo({table})"))
        if computed or not all(isinstance(sql, str) and _PLAIN.match(sql) for sql in made):
            raise ValueError("holds views or computed columns; expected tables")
