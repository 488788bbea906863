"""Files whose lines of the same number speak of the same thing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

from data_prep.sources.lines import Line, lines
from kerasmm.console import UserError


def lockstep(first: Path, *others: Path, encodings: Mapping[Path, str] | None = None) -> Iterator[tuple[Line, ...]]:
    """The lines number 1 of all files, the lines number 2, and so on. Blank lines at the end of a file don't count.

    Args:
        first: A file.
        *others: Files with a line for each of its lines.
        encodings: Those of files that may be in another one than UTF-8.

    Raises:
        UserError: When a file has fewer or more lines than the first: nobody can say which line is missing.
    """
    paths, known = (first, *others), encodings or {}
    read = [_up_to_the_last(path, known.get(path, "utf-8")) for path in paths]
    for number, together in enumerate(itertools.zip_longest(*read)):
        if None in together:
            too_long = together[0] is None
            odd = next(path for path, line in zip(paths, together, strict=True) if (line is None) != too_long)
            fault = f"more lines than the {number} of" if too_long else f"only {number} lines, fewer than"
            raise UserError(f"{odd}: has {fault} {first.name}; expected a line a post in both")
        yield together


def _up_to_the_last(path: Path, encoding: str) -> Iterator[Line]:
    blank = 0
    for line in lines(path, encoding):
        if not line.text.strip() and not line.fault:
            blank += 1
            continue
        for number in range(line.number - blank, line.number):
            yield Line(number, "")
        blank = 0
        yield line
