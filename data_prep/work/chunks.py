"""The work folder of a build: drafts in numbered chunk files, and what the passes note beside them.

A pass reads chunk files and writes others; between workers travel only chunk numbers, ids and hashes. What a group
decides (who is a duplicate, who is test) comes back as a small file of verdicts beside each chunk. Files appear by a
rename, so that a pass that is retried leaves what it would have left the first time.
"""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from data_prep.draft import Draft, Reject

Position = tuple[int, int]
"""Chunk number and index in the chunk: where a draft stands."""


@dataclasses.dataclass(frozen=True)
class Work:
    """Where the passes of one build leave their files.

    Args:
        folder: The work folder; on a cluster, one that all workers see.
    """

    folder: Path

    def path(self, kind: str, number: int, suffix: str = "jsonl") -> Path:
        """The file of a chunk, e.g. `clean/00007.jsonl`."""
        return self.folder / kind / f"{number:05d}.{suffix}"

    def write_lines(self, path: Path, lines: Iterable[str]) -> int:
        """Writes lines under a temporary name, then renames; returns how many."""
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary, count = path.with_name(f".{path.name}.{os.getpid()}"), 0
        with temporary.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(f"{line}\n")
                count += 1
        temporary.replace(path)
        return count

    def lines(self, path: Path) -> Iterator[str]:
        """The lines of a file that is written where there are any; none when it isn't there."""
        if path.is_file():
            with path.open(encoding="utf-8", newline="\n") as file:
                yield from file

    def drafts(self, kind: str, number: int) -> Iterator[Draft]:
        """The drafts of a chunk, one at a time; a pass that writes drafts writes every chunk, also one without any."""
        with self.path(kind, number).open(encoding="utf-8", newline="\n") as file:
            yield from map(Draft.from_json, file)

    def write_note(self, kind: str, number: int, note: Any) -> None:
        """Writes what a pass notes about a chunk, as JSON."""
        self.write_lines(self.path(kind, number, "json"), [json.dumps(note)])

    def note(self, kind: str, number: int, default: Any = None) -> Any:
        """What a pass noted about a chunk; `default` where it had nothing to note."""
        path = self.path(kind, number, "json")
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else default

    def write_rejects(self, step: str, number: int, rejects: Iterable[Reject]) -> None:
        """Lists the rejects of one step in a chunk."""
        self.write_lines(self.path(f"rejects/{step}", number), (reject.to_json() for reject in rejects))

    def rejects(self, steps: Iterable[str]) -> Iterator[Reject]:
        """All rejects of the steps, step by step, in reading order."""
        for step in steps:
            # Beyond 99,999 chunks, names sort otherwise than numbers.
            for path in sorted((self.folder / "rejects" / step).glob("*.jsonl"), key=lambda path: int(path.stem)):
                yield from map(Reject.from_json, self.lines(path))


class Ticker:
    """Counts finished posts of one chunk, a byte each, where the driver of a build can see it from any process."""

    def __init__(self, work: Work, task: str, number: int) -> None:
        path = work.path(f"progress/{task}", number, "ticks")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)

    def __enter__(self) -> Ticker:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def __call__(self, posts: int = 1) -> None:
        self._file.write(b"." * posts)


def ticks(work: Work, task: str) -> int:
    """Posts that the workers of a task have finished."""
    folder = work.folder / "progress" / task
    return sum(path.stat().st_size for path in folder.glob("*.ticks")) if folder.is_dir() else 0
