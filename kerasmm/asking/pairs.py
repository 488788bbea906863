"""Pictures and the texts that go with them: what a question about pairs is made of."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from kerasmm.console import UserError
from kerasmm.files.reading import read_regular

ENDINGS = (".csv", ".jsonl")

_MOST_BYTES = 1 << 28


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
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path}: expected the name of a file that ends in {' or '.join(ENDINGS)}")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path}: larger than {_MOST_BYTES >> 20} MiB; split it")
        content = read_regular(path, _MOST_BYTES, "file of pairs").decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}:{error.object[: error.start].count(10) + 1}: not valid UTF-8") from error
    records = _from_csv(path, content) if path.suffix.lower() == ".csv" else _from_jsonl(path, content)
    root = path.parent.resolve()
    found = [_pair(record, fields, root, f"{path}:{number}") for number, record in records]
    if not found:
        raise UserError(f"{path}: holds no pair; expected one a line with {' and '.join(sorted(fields))}")
    return found


def _from_csv(path: Path, content: str) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        for record in reader:
            # What stands past the last column has no name.
            if None in record:
                raise UserError(f"{path}:{reader.line_num}: more cells than columns; put a text with a comma in quotes")
            yield reader.line_num, record
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: not valid CSV ({error})") from error


def _from_jsonl(path: Path, content: str) -> Iterator[tuple[int, dict[str, Any]]]:
    # Not `splitlines`, which also splits at characters that a text may hold.
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UserError(f"{path}:{number}: not valid JSON") from error
        if not isinstance(record, dict):
            raise UserError(f"{path}:{number}: expected a JSON object with the keys image and text")
        yield number, record


def _pair(record: dict[str, Any], fields: Collection[str], root: Path, where: str) -> Pair:
    given: dict[str, str] = {}
    for field in fields:
        value = record.get(field)
        if field not in record or not isinstance(value, str | None):
            raise UserError(f"{where}: has no {field!r}; expected {' and '.join(sorted(fields))}, each a string")
        if not value and (field == "image" or "image" not in fields):
            raise UserError(f"{where}: {field!r} is empty")
        given[field] = value or ""
    return Pair(_inside(root, given["image"], where) if "image" in given else None, given.get("text"))


def _inside(root: Path, image: str, where: str) -> Path:
    """The picture's path; it must lie inside the folder, links followed."""
    try:
        if (root / image).resolve().is_relative_to(root):
            return root / image
    except (OSError, ValueError, RuntimeError) as error:  # names too long, with a NUL, or links in a circle
        raise UserError(f"{where}: {image[:80]!r} is no path ({type(error).__name__})") from error
    raise UserError(f"{where}: {image!r} leaves the folder of the file; expected a path inside it")
