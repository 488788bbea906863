"""Files of people's own with a record a line, `.csv` or `.jsonl`, whose pictures lie beside them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kerasmm.console import UserError
from kerasmm.files.reading import read_regular

ENDINGS = (".csv", ".jsonl")

_MOST_BYTES = 1 << 28


def read_rows(path: Path, what: str, keys: str) -> Iterator[tuple[str, dict[str, Any] | str]]:
    """Where each record stands, `FILE:LINE`, and the record, or what is wrong with it.

    Args:
        path: Ends in `.csv`, with a header line, or `.jsonl`.
        what: What the file holds, for messages.
        keys: The keys that a record should have, for messages.

    Raises:
        UserError: When the file can't be read, or is no CSV any more.
    """
    if path.suffix.lower() not in ENDINGS:
        raise UserError(f"{path}: expected the name of a file that ends in {' or '.join(ENDINGS)}")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path}: larger than {_MOST_BYTES >> 20} MiB; split it")
        content = read_regular(path, _MOST_BYTES, what).decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{path}:{error.object[: error.start].count(10) + 1}: not valid UTF-8") from error
    found = _from_csv(path, content) if path.suffix.lower() == ".csv" else _from_jsonl(content, keys)
    return ((f"{path}:{number}", record) for number, record in found)


def inside(root: Path, image: str) -> Path:
    """The path of a picture that a record names; it must lie inside the folder of the file, links followed.

    Args:
        root: That folder, resolved.
        image: As the record has it.

    Raises:
        ValueError: When it is no such path; says why.
    """
    try:
        if (root / image).resolve().is_relative_to(root):
            return root / image
    except (OSError, ValueError, RuntimeError) as error:  # names too long, with a NUL, or links in a circle
        raise ValueError(f"{image[:80]!r} is no path ({type(error).__name__})") from error
    raise ValueError(f"{image!r} leaves the folder of the file; expected a path inside it")


def _from_csv(path: Path, content: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.DictReader(io.StringIO(content, newline=""), strict=True)
    try:
        for record in reader:
            # What stands past the last column has no name.
            more = None in record
            yield reader.line_num, "more cells than columns; put a text with a comma in quotes" if more else record
    except csv.Error as error:
        raise UserError(f"{path}:{reader.line_num}: not valid CSV ({error})") from error


def _from_jsonl(content: str, keys: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    # Not `splitlines`, which also splits at characters that a text may hold.
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            yield number, "not valid JSON"
            continue
        yield number, record if isinstance(record, dict) else f"expected a JSON object with the keys {keys}"
