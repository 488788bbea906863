"""The split files that Karpathy and Fei-Fei (2015) published for Flickr8k, Flickr30k and COCO, with their sentences."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from data_prep.sources.json_records import records
from data_prep.sources.post_fields import Faulty, received
from kerasmm.printable import is_unicode

RESTVAL = "restval"
"""COCO's validation photos that are in neither validation nor test: training photos to nearly everybody."""

SPLITS = {"train": "train", RESTVAL: "train", "val": "validation", "test": "test"}
"""Names in the file → ours."""

_INT64 = 1 << 63


class Photo(NamedTuple):
    """One photo of the file, or what is wrong with it; `folder` and `coco`, its id there, are COCO's only."""

    where: str
    name: str = ""
    folder: str = ""
    coco: int | None = None
    split: str = ""
    sentences: tuple[str, ...] = ()
    fault: str = ""
    detail: str = ""


def photos(path: Path) -> Iterator[Photo]:
    """Every photo of a split file: `{"images": [{"filename": …, "split": …, "sentences": [{"raw": …}, …]}, …]}`.

    Raises:
        UserError: Where the file is not JSON or has no list `images`.
    """
    for number, (_, item) in enumerate(records(path, "images"), 1):
        where = f"{path.name}, image {number}"
        try:
            yield _photo(where, item)
        except Faulty as fault:
            yield Photo(where, fault=fault.reason, detail=fault.detail)


def file_name(field: str, value: Any) -> str:
    """A name that can stand in one folder only, whatever the system: neither a path nor a way out."""
    if not isinstance(value, str) or not value.strip(". ") or set(value) & set("/\\\0") or not is_unicode(value):
        raise Faulty(f"`{field}` must be the name of a file", received(value))
    return value


def whole_number(field: str, value: Any) -> int:
    """An id."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _INT64:
        raise Faulty(f"`{field}` must be a whole number", received(value))
    return value


def sentence(field: str, value: Any) -> str:
    """A sentence; it may be empty."""
    if not isinstance(value, str) or not is_unicode(value):
        raise Faulty(f"`{field}` must be a sentence", received(value))
    return value


def _photo(where: str, item: Any) -> Photo:
    if not isinstance(item, dict):
        raise Faulty("image must be an object", received(item))
    name, split = file_name("filename", item.get("filename")), item.get("split")
    if not isinstance(split, str) or split not in SPLITS:
        raise Faulty(f"`split` must be one of {', '.join(SPLITS)}", f"{received(split)} for {name}")
    found = item.get("sentences", [])
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Faulty("`sentences` must be a list of objects", f"{received(found)} for {name}")
    return Photo(
        where,
        name,
        _folder(item.get("filepath", "")),
        whole_number("cocoid", item["cocoid"]) if "cocoid" in item else None,
        split,
        tuple(sentence("raw", one.get("raw")) for one in found),
    )


def _folder(value: Any) -> str:
    if not isinstance(value, str) or value.startswith("/"):
        raise Faulty("`filepath` must be a folder below the photos", received(value))
    return "/".join(file_name("filepath", part) for part in PurePosixPath(value).parts)
