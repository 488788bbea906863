"""Reading split among the workers: each takes parts of the files, and the chunks are numbered as the parts follow.

Two passes over the numbers of the parts: one counts lines, so that what is no post is named by its line in the file; one
writes the chunks of each part, from zero. Then they move to their numbers. Neither the parts nor what is in them depends on
who reads them, or on how many.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
from collections.abc import Callable, Sequence

import apache_beam as beam

from data_prep.read.chunked import Chunked
from data_prep.read.read import REJECTED, Read, written
from data_prep.route import RAW
from data_prep.sources.parts import Part, count_lines
from data_prep.sources.reading import Reading
from data_prep.sources.source import Source
from data_prep.work.chunks import Ticker, Work

_LINES, _READ = "lines", "read"

Pass = Callable[[str, range, int | None, beam.PTransform], None]
"""Runs steps over numbers: the task's name, the numbers, posts to count up to where they are known, the steps."""


def read_parts(source: Source, parts: Sequence[Part], work: Work, size: int, run: Pass) -> Read:
    """Reads the parts of a source into raw chunks of up to `size` posts, and lists what is no post.

    Args:
        source: Gets what the parts were found to be, too.
        parts: Its parts, in reading order.
        work: The work folder.
        size: Posts a chunk; the last one of a part has what is left.
        run: Runs a pass.

    Raises:
        UserError: As the source does.
    """
    numbers = range(len(parts))
    run(_LINES, numbers, len(parts), beam.Map(_count, parts, work))
    placed = [part._replace(before=before) for part, before in zip(parts, _before(parts, work), strict=True)]
    lines = sum(work.note(_LINES, number) for number in numbers)
    run(_READ, numbers, lines or None, beam.Map(_read, source, placed, work, size))
    return _joined(source, numbers, work, size)


def _count(number: int, parts: Sequence[Part], work: Work) -> None:
    work.write_note(_LINES, number, count_lines(parts[number]))


def _before(parts: Sequence[Part], work: Work) -> list[int]:
    """How many lines of its file come before each part."""
    found: list[int] = []
    for _, of_file in itertools.groupby(range(len(parts)), key=lambda number: parts[number].path):
        found += list(itertools.accumulate((work.note(_LINES, number) for number in of_file), initial=0))[:-1]
    return found


def _own(kind: str, number: int) -> str:
    """Where a part's own chunks of a kind are, until they get their numbers."""
    return f"parts/{number:05d}/{kind}"


def _read(number: int, source: Source, parts: Sequence[Part], work: Work, size: int) -> None:
    own = copy.copy(source)
    own.reading = Reading()
    drafts, rejects = Chunked(work, _own(RAW, number), size), Chunked(work, _own(REJECTED, number), size)
    with Ticker(work, _READ, number) as tick:
        had = written(map(own.inside, own.posts_of(parts[number])), drafts, rejects, tick)
    note = {**dataclasses.asdict(had), "chunks": len(had.chunks), "reading": own.reading.to_json()}
    work.write_note(_READ, number, note)


def _joined(source: Source, numbers: range, work: Work, size: int) -> Read:
    """Gives the chunks of all parts their numbers and adds up what the parts had."""
    chunks = rejects = drafts = seen = training = 0
    has_sentences = False
    for number in numbers:
        note = work.note(_READ, number)
        chunks = _moved(work, number, RAW, note["chunks"], chunks)
        rejects = _moved(work, number, REJECTED, -(-(note["seen"] - note["drafts"]) // size), rejects)
        source.reading.add(note["reading"])
        drafts, seen, training = drafts + note["drafts"], seen + note["seen"], training + note["training"]
        has_sentences |= note["has_sentences"]
    return Read(range(chunks), drafts, seen, training, has_sentences)


def _moved(work: Work, number: int, kind: str, count: int, first: int) -> int:
    """Moves a part's chunks of a kind to the numbers from `first` on; returns the next free one."""
    for own in range(count):
        place = work.path(kind, first + own)
        place.parent.mkdir(parents=True, exist_ok=True)
        work.path(_own(kind, number), own).rename(place)
    return first + count
