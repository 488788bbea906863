"""Files whose lines of the same number speak of the same thing."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

from data_prep.sources.lines import Line, lines
from kerasmm.console import UserError


def lockstep(first: Path, *others: Path) -> Iterator[tuple[Line, ...]]:
    """The lines number 1 of all files, the lines number 2, and so on. Blank lines at the end of a file don't count.

    Raises:
        UserError: When a file has fewer or more lines than the first: nobody can say which line is missing.
    """
    paths = (first, *others)
    for number, together in enumerate(itertools.zip_longest(*map(_up_to_the_last, paths))):
        if None in together:
            too_long = together[0] is None
            odd = next(path for path, line in zip(paths, together, strict=True) if (line is None) != too_long)
            fault = f"more lines than the {number} of" if too_long else f"only {number} lines, fewer than"
            raise UserError(f"{odd}: has {fault} {first.name}; expected a line a post in both")
        yield together


def _up_to_the_last(path: Path) -> Iterator[Line]:
    blank = 0
    for line in lines(path):
        if not line.text.strip() and not line.fault:
            blank += 1
            continue
        for number in range(line.number - blank, line.number):
            yield Line(number, "")
        blank = 0
        yield line
