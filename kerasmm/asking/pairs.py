"""Pictures and the texts that go with them: what a question about pairs is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from kerasmm.asking.rows_of_file import inside, read_rows
from kerasmm.console import UserError


@dataclasses.dataclass(frozen=True)
class Pair:
    """A picture's file and a text; None where the question has none."""

    image: Path | None = None
    text: str | None = None


def paired(images: Sequence[Path] | None, texts: Sequence[str] | None) -> list[Pair]:
    """Pairs pictures and texts by position; one of both may be missing altogether.

    Raises:
        UserError: When there are not as many texts as pictures.
    """
    if images is None or texts is None:
        return [Pair(image=image) for image in images or ()] or [Pair(text=text) for text in texts or ()]
    if len(images) != len(texts):
        raise UserError(
            f"--image and --text are paired by position; expected as many texts as pictures. "
            f"Received: {len(images)} pictures and {len(texts)} texts"
        )
    return [Pair(image, text) for image, text in zip(images, texts, strict=True)]


def read_pairs(path: Path, fields: Collection[str]) -> list[Pair]:
    """Reads a CSV file with a header line, or a JSON object a line; other fields than those asked for are ignored.

    Args:
        path: Ends in `.csv` or `.jsonl`. Its pictures lie in its folder, or below it.
        fields: What each pair must have, of `image` and `text`. A text may be empty where there is a picture.

    Raises:
        UserError: When the file can't be read; names the line.
    """
    root, found = path.parent.resolve(), []
    for where, record in read_rows(path, "file of pairs", "image and text"):
        if isinstance(record, str):
            raise UserError(f"{where}: {record}")
        found.append(_pair(record, fields, root, where))
    if not found:
        raise UserError(f"{path}: holds no pair; expected one a line with {' and '.join(sorted(fields))}")
    return found


def _pair(record: dict[str, Any], fields: Collection[str], root: Path, where: str) -> Pair:
    given: dict[str, str] = {}
    for field in fields:
        value = record.get(field)
        if field not in record or not isinstance(value, str | None):
            raise UserError(f"{where}: has no {field!r}; expected {' and '.join(sorted(fields))}, each a string")
        if not value and (field == "image" or "image" not in fields):
            raise UserError(f"{where}: {field!r} is empty")
        given[field] = value or ""
    try:
        return Pair(inside(root, given["image"]) if "image" in given else None, given.get("text"))
    except ValueError as error:
        raise UserError(f"{where}: {error}") from error
