"""Reads the picture files of a question that takes many: a bad one is set aside and named, the others are answered."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from kerasmm.asking.query import read_picture
from kerasmm.console import UserError

AT_A_TIME = 16
"""Pictures that are in memory together."""


@dataclasses.dataclass(frozen=True)
class BadPicture:
    """A file that was set aside, and why."""

    path: Path
    problem: str


def read_pictures(paths: Sequence[Path], bad: list[BadPicture]) -> Iterator[list[tuple[Path, bytes]]]:
    """Yields the files that can be read, some at a time; appends the others to `bad`."""
    for start in range(0, len(paths), AT_A_TIME):
        read = [(path, read_or_set_aside(path, bad)) for path in paths[start : start + AT_A_TIME]]
        if good := [(path, content) for path, content in read if content is not None]:
            yield good


def read_or_set_aside(path: Path, bad: list[BadPicture]) -> bytes | None:
    """The bytes of a picture file; None when it can't be read, which `bad` then says."""
    try:
        return read_picture(path)
    except UserError as error:
        bad.append(BadPicture(path, str(error).removeprefix(f"{path}: ")))
        return None


def undecodable(path: Path) -> BadPicture:
    """A file whose bytes the export could not decode."""
    return BadPicture(path, "not a JPEG or PNG picture that can be decoded")


def say_bad(bad: Sequence[BadPicture], asked: int) -> None:
    """Names on standard error the pictures that were set aside, and counts them.

    Args:
        bad: The pictures that were set aside.
        asked: How many there were in all.

    Raises:
        UserError: When none is left.
    """
    from kerasmm.console import console

    if len(bad) == asked:
        others = f"; nor can the {asked - 1} others be read" if asked > 1 else ""
        raise UserError(f"{bad[0].path}: {bad[0].problem}{others}")
    # An error, so `--quiet` doesn't silence it.
    for one in bad:
        console().print(f"error: {one.path}: {one.problem}", soft_wrap=True, markup=False)
    if bad:
        console().print(f"{len(bad)} of {asked} pictures set aside", soft_wrap=True)
