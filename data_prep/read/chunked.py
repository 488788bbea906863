"""Lines on their way into numbered chunk files."""

from __future__ import annotations

from data_prep.work.chunks import Work


class Chunked:
    """Takes lines one by one and writes a file whenever enough are waiting.

    Args:
        work: The work folder.
        kind: What the lines are; the folder of the files.
        size: Lines a file.
    """

    def __init__(self, work: Work, kind: str, size: int) -> None:
        self._work, self._kind, self._size = work, kind, size
        self._waiting: list[str] = []
        self._number, self.lines = 0, 0

    def add(self, line: str) -> None:
        """One more line."""
        self._waiting.append(line)
        self.lines += 1
        if len(self._waiting) == self._size:
            self._flush()

    def close(self) -> int:
        """Writes what is waiting; returns the number of files."""
        if self._waiting:
            self._flush()
        return self._number

    def _flush(self) -> None:
        self._work.write_lines(self._work.path(self._kind, self._number), self._waiting)
        self._waiting, self._number = [], self._number + 1
