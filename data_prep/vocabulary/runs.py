"""Counts of more keys than memory holds: a sorted file a chunk, merged until one is left.

A chunk counts its own posts and writes a run, sorted by key; runs are merged `FAN_IN` at a time, which holds one line of
each. So the memory of counting is that of a chunk's posts, whatever the number of keys, and nothing but numbers of files
travels between workers.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from pathlib import Path

import apache_beam as beam

from data_prep.work.chunks import Ticker, Work

Key = tuple[str, ...]
"""What is counted: a word, a user, a word and a user."""

FAN_IN = 64
"""Runs that are merged at a time, each an open file."""


def run_path(work: Work, kind: str, level: int, number: int) -> Path:
    """Where a run stands: of a chunk on level 0, of `FAN_IN` runs of the level below else."""
    return work.path(f"{kind}/{level}", number)


def write_run(work: Work, kind: str, number: int, counts: Mapping[Key, Sequence[int]]) -> None:
    """Writes what a chunk counted: one or several numbers a key."""
    work.write_lines(run_path(work, kind, 0, number), map(json.dumps, sorted(counts.items())))


class Counts:
    """Keys and their numbers, ascending, each key once; read from files, one at a time, as often as is wanted.

    Args:
        paths: Sorted runs; a key's numbers are summed over them.

    Example:

    >>> import tempfile
    >>> work = Work(Path(tempfile.mkdtemp()))
    >>> write_run(work, "tags", 0, {("snow",): [2], ("dog",): [1]})
    >>> write_run(work, "tags", 1, {("snow",): [3]})
    >>> list(Counts([run_path(work, "tags", 0, number) for number in (0, 1)]))
    [(('dog',), (1,)), (('snow',), (5,))]
    """

    def __init__(self, paths: Iterable[Path]) -> None:
        self._paths = list(paths)

    def __iter__(self) -> Iterator[tuple[Key, tuple[int, ...]]]:
        with contextlib.ExitStack() as opened:
            files = [opened.enter_context(path.open(encoding="utf-8", newline="\n")) for path in self._paths]
            ascending = heapq.merge(*(map(json.loads, file) for file in files))
            for key, same in itertools.groupby(ascending, key=itemgetter(0)):
                yield tuple(key), tuple(map(sum, zip(*(numbers for _, numbers in same), strict=True)))


class MergeRuns(beam.PTransform):
    """Numbers of groups of `FAN_IN` runs → one run each, on the next level.

    Args:
        work: The work folder.
        kind: What was counted.
        level: The level of the runs.
        runs: How many there are.
    """

    def __init__(self, work: Work, kind: str, level: int, runs: int) -> None:
        super().__init__()
        self._arguments = work, kind, level, runs

    def expand(self, groups: beam.PCollection[int]) -> beam.PCollection[None]:
        return groups | beam.Map(_merge, *self._arguments)


def groups_of(runs: int) -> range:
    """Numbers of the groups that so many runs make."""
    return range(-(-runs // FAN_IN))


def _merge(group: int, work: Work, kind: str, level: int, runs: int) -> None:
    members = range(group * FAN_IN, min((group + 1) * FAN_IN, runs))
    counts = Counts(run_path(work, kind, level, number) for number in members)
    with Ticker(work, f"merge {kind} {level}", group) as tick:
        work.write_lines(run_path(work, kind, level + 1, group), map(json.dumps, counts))
        tick()
