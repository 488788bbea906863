"""What a source decided about its files while it read them; kept in the manifest, and told after a build."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = "utf-8"


@dataclasses.dataclass
class Reading:
    """What a source found its files to be.

    Args:
        encodings: How many files were read in each encoding.
        columns: Of a table or of JSON records: each column → the field it was read as; None for one that was ignored.
        near: For ignored columns, the field that may have been meant.
        separators: Of list fields: what separates the items in one cell or string.
        notices: Anything else to know → how often.
    """

    encodings: Counter[str] = dataclasses.field(default_factory=Counter)
    columns: dict[str, str | None] = dataclasses.field(default_factory=dict)
    near: dict[str, str] = dataclasses.field(default_factory=dict)
    separators: dict[str, str] = dataclasses.field(default_factory=dict)
    notices: Counter[str] = dataclasses.field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """What the manifest keeps: the parts that have something in them."""
        return {name: dict(part) for name, part in vars(self).items() if part}

    def add(self, part: Mapping[str, Any]) -> None:
        """Takes in what was found in a further part of the files, as `to_json` has it: counts are added up."""
        for name, found in part.items():
            getattr(self, name).update(found)


def told(reading: Mapping[str, Any]) -> Iterator[str]:
    """Lines that say what was read as what, given what a manifest keeps.

    Example:

    >>> list(told({"columns": {"id": "id", "caption": None}, "near": {"caption": "text"}}))
    ['read: id', 'ignored: caption (did you mean text?)']
    """
    columns, near = reading.get("columns", {}), reading.get("near", {})
    if read := [name if name == field else f"{name} as {field}" for name, field in columns.items() if field]:
        yield f"read: {', '.join(read)}"
    ignored = [name for name, field in columns.items() if not field]
    if ignored:
        shown = (f"{name} (did you mean {near[name]}?)" if name in near else name for name in ignored)
        yield f"ignored: {', '.join(shown)}"
    for field, separator in reading.get("separators", {}).items():
        yield f"{field}: items separated by {separator}"
    encodings = reading.get("encodings", {})
    if set(encodings) - {_PLAIN}:
        yield f"files read as: {', '.join(f'{name} {count:,}' for name, count in encodings.items())}"
    for notice, count in reading.get("notices", {}).items():
        yield f"{count:,} {notice}"
