"""Records of people's own posts, read from JSON lines or CSV into the fields of a post."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from data_prep.sources.columns import Columns
from data_prep.sources.json_line import is_spread, parsed
from data_prep.sources.lines import Row, lines, rows
from data_prep.sources.post_fields import FIELDS, LISTS, Faulty, from_cell
from data_prep.sources.reading import Reading
from data_prep.sources.separators import BAR, COMMA, SEMICOLON, SPACE, items, separator_of, unsplit
from kerasmm.console import UserError

HEAD, HEAD_CHARACTERS = 1000, 1 << 22
"""Records, and characters of them, that tell what separates the items of a list."""

_NO_COMMAS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_SPLIT = tuple(name for name in LISTS if name != "sentences")
"""A sentence may well hold commas; several of them in one cell have bars between them."""


@dataclasses.dataclass(frozen=True)
class Record:
    """A record: the number of its first line and its fields, or what is wrong with it."""

    number: int
    fields: dict[str, Any]
    fault: str = ""
    size: int = 0


class Records:
    """The records of a file, with each list as a list.

    What separates the items of a list is found once, from the head of the file, and used for all of it.

    Args:
        path: The file; `.csv`, else JSON lines.
        columns: Field → column, where it has another name.
        separator: What separates items of lists; found in the head of the file unless given.
        reading: Gets what was found.
    """

    def __init__(self, path: Path, columns: Mapping[str, str], separator: str | None, reading: Reading) -> None:
        self._path, self._separator, self._reading = path, separator, reading
        self.columns = Columns(path, columns, reading)

    def __iter__(self) -> Iterator[Record]:
        source = self._csv() if self._path.suffix.lower() == ".csv" else self._json()
        head, characters = list[Record](), 0
        for record in source:
            head.append(record)
            characters += record.size
            if len(head) == HEAD or characters > HEAD_CHARACTERS:
                break
        separators = self._found(head)
        for record in itertools.chain(head, source):
            fields = {name: self._split(name, value, separators) for name, value in record.fields.items()}
            yield dataclasses.replace(record, fields=fields)
        self.columns.check()

    def _found(self, head: list[Record]) -> dict[str, str]:
        """The separator of each list; what it is, and what else it may have been, is noted."""
        found = {}
        for name in _SPLIT:
            cells = [cell for record in head if isinstance(cell := record.fields.get(name), str)]
            found[name] = self._separator or separator_of(cells, names=name == "labels")
            if any(self._items(cell, found[name]) != [cell] for cell in cells if cell):
                self._reading.separators[name] = found[name]
            for other, count in unsplit(cells, found[name]).items() if self._separator is None else ():
                self._reading.notices[_maybe(name, other)] += count
        return found

    def _split(self, name: str, value: Any, separators: Mapping[str, str]) -> Any:
        if name not in _SPLIT:
            return value
        if type(value) is int and name == "labels":
            return [str(value)]  # The number of a class.
        if isinstance(value, str):
            return self._items(value, separators[name])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            if self._separator is not None:
                return [part for item in value for part in self._items(item, self._separator)]
            for other, count in unsplit(value, BAR).items():
                if other != SPACE:
                    self._reading.notices[_maybe(name, other)] += count
        return value

    def _items(self, cell: str, separator: str) -> list[str]:
        return items(cell, separator, given=self._separator is not None)

    def _json(self) -> Iterator[Record]:
        if is_spread(lines(self._path)):
            raise UserError(f"{self._path}: holds JSON over several lines; expected one post a line")
        for line in lines(self._path):
            if line.fault:
                yield Record(line.number, {}, line.fault)
            elif line.text.strip():
                try:
                    content = parsed(line.text)
                except Faulty as error:
                    yield Record(line.number, {}, error.reason)
                    continue
                if isinstance(content, dict):
                    self.columns.names(content)
                    yield Record(line.number, self.columns.fields(content), size=len(line.text))
                else:
                    yield Record(line.number, {}, "not a JSON object")

    def _csv(self) -> Iterator[Record]:
        found = rows(self._path)
        header = next(found, Row(1, []))
        names = [name.strip() for name in header.cells]
        where = f"{self._path}:{header.number}"
        if header.fault:
            raise UserError(f"{where}: {header.fault}; expected a comma-separated header")
        if len(names) < 2 and (
            other := next((name for sign, name in _NO_COMMAS.items() if sign in "".join(names)), None)
        ):
            raise UserError(f"{where}: is separated by {other}; expected a comma-separated file")
        self.columns.names(names)
        if not self.columns.has("id", "image"):
            raise UserError(
                f"{where}: must be a comma-separated header with a column `id` or `image`; known are {', '.join(FIELDS)}."
                f"{self.columns.advice()}"
            )
        self.columns.check()
        used = [name for name in names if self._reading.columns.get(name)]
        if len(set(used)) < len(used):
            raise UserError(f"{where}: names a column twice. Received: {', '.join(names)[:200]}")
        for row in found:
            if row.fault:
                yield Record(row.number, {}, row.fault)
            elif len(row.cells) != len(names):
                yield Record(row.number, {}, f"not the {len(names)} fields of the header")
            else:
                fields = self.columns.fields(dict(zip(names, row.cells, strict=True)))
                cells = {name: from_cell(name, cell) for name, cell in fields.items()}
                yield Record(row.number, cells, size=sum(map(len, row.cells)))


def _maybe(name: str, separator: str) -> str:
    sign = {BAR: "a bar", COMMA: "a comma", SEMICOLON: "a semicolon"}.get(separator, "several words")
    shown = repr(separator) if separator in (BAR, SEMICOLON) else separator
    return f"items of `{name}` hold {sign}; `--separator {shown}` splits them"
