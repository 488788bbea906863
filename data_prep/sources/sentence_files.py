"""Files with the sentences of photos, one a line, in the forms that Flickr8k and Flickr30k come in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from data_prep.sources.lines import lines, rows
from kerasmm.console import UserError

_TOKEN = re.compile(r"(?P<name>[^\t]+)#(?P<number>[0-9]{1,9})\t(?P<sentence>.*)")
# One line of the copy that everybody has lacks the second bar, with blanks in its place.
_PIPED = re.compile(r"(?P<name>[^|]*[^|\s])\s*\|\s*(?P<number>[0-9]{1,9})(?:\s*\||\s)\s*(?P<sentence>.*)")
_PIPED_HEADER = ["image_name", "comment_number", "comment"]


class Sentence(NamedTuple):
    """A sentence, which photo it is of and which one of it, or what is wrong with the line."""

    where: str
    photo: str = ""
    number: int = 0
    text: str = ""
    fault: str = ""
    detail: str = ""


def from_tokens(path: Path) -> Iterator[Sentence]:
    """Lines `NAME.jpg#k<TAB>sentence`, as the publishers' own."""
    yield from _matched(path, _TOKEN, "not NAME.jpg#k<TAB>sentence", skip=0)


def from_piped(path: Path) -> Iterator[Sentence]:
    """Lines `NAME.jpg| k| sentence` under a header, as in the copy on Kaggle.

    Raises:
        UserError: For another header.
    """
    header = next(lines(path), None)
    if header is None or [name.strip() for name in header.text.split("|")] != _PIPED_HEADER:
        shown = "" if header is None else header.text[:200]
        raise UserError(f"{path}:1: must be the header `{'| '.join(_PIPED_HEADER)}`. Received: {shown!r}")
    yield from _matched(path, _PIPED, "not NAME.jpg| k| sentence", skip=1)


def from_csv(path: Path) -> Iterator[Sentence]:
    """Rows `NAME.jpg,sentence` under the header `image,caption`.

    Raises:
        UserError: For another header.
    """
    for row in rows(path):
        where = f"{path.name}:{row.number}"
        if row.fault:
            yield Sentence(where, fault=row.fault)
        elif row.number == 1:
            if row.cells != ["image", "caption"]:
                received = ",".join(row.cells)[:200]
                raise UserError(f"{path}:1: must be the header `image,caption`. Received: {received!r}")
        elif len(row.cells) == 2:
            yield Sentence(where, row.cells[0], row.number, row.cells[1])
        else:
            yield Sentence(where, fault="not image,caption", detail=",".join(row.cells)[:200])


def _matched(path: Path, form: re.Pattern[str], fault: str, skip: int) -> Iterator[Sentence]:
    for line in lines(path):
        where = f"{path.name}:{line.number}"
        match = form.fullmatch(line.text)
        if line.number <= skip:
            continue
        if line.fault:
            yield Sentence(where, fault=line.fault)
        elif match:
            yield Sentence(where, match["name"], int(match["number"]), match["sentence"])
        elif line.text.strip():
            yield Sentence(where, fault=fault, detail=line.text[:200])
