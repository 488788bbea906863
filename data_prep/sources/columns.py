"""Which column of a table, or key of JSON records, is read as which field of a post."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from data_prep.sources.post_fields import FIELDS
from data_prep.sources.reading import Reading
from kerasmm.console import UserError, nearest

# What people call the fields, in tables of posts and in the networks' own exports.
_SYNONYMS = {
    "id": ("tweet_id", "post_id", "photo_id", "image_id", "status_id", "guid"),
    "image": ("photo", "picture", "filename", "file", "file_name", "path", "url", "img", "media"),
    "text": ("caption", "tweet", "body", "content", "message", "description", "title", "post", "full_text"),
    "sentences": ("captions", "sentence"),
    "tags": ("hashtags", "hashtag", "keywords", "keyword", "tag", "topics"),
    "labels": ("label", "class", "classes", "category", "categories", "sentiment", "target"),
    "user": ("username", "user_name", "author", "owner", "screen_name", "user_id", "author_id", "account"),
    "time": ("date", "created_at", "timestamp", "datetime", "created", "published_at"),
    "links": ("related", "neighbours", "neighbors"),
    "split": ("fold", "subset", "partition"),
}
_KNOWN = {field: field for field in FIELDS} | {name: field for field, names in _SYNONYMS.items() for name in names}
_LIKE = 0.85
_MOST_NAMES = 200
"""Names of ignored keys that are kept, where each record has others."""


def nearest_field(column: str) -> str | None:
    """The field that a column of another name may mean: by its meaning, by a word in it, or by its spelling.

    Example:

    >>> nearest_field("Caption"), nearest_field("tweet_text"), nearest_field("lable"), nearest_field("likes")
    ('text', 'text', 'labels', None)
    """
    name = re.sub(r"[\W_]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", column)).strip("_").casefold()
    words = [word for word in reversed(name.split("_")) if word in _KNOWN]
    if name in _KNOWN or words:
        return _KNOWN.get(name) or _KNOWN[words[0]]
    letters = sorted(name)
    slips = [known for known in _KNOWN if len(name) > 3 and sorted(known) == letters]
    close = slips or difflib.get_close_matches(name, _KNOWN, 1, _LIKE)
    return _KNOWN[close[0]] if close else None


class Columns:
    """Finds each field in its column, and keeps account of the others.

    Args:
        path: The file, for messages.
        given: Field → the column to read it from; other fields are read from the column of their own name.
        reading: Gets what was read and what was ignored.
    """

    def __init__(self, path: Path, given: Mapping[str, str], reading: Reading) -> None:
        self._path, self._given, self._reading = path, given, reading
        self._column = {field: given.get(field, field) for field in FIELDS}
        self._fields: dict[str, list[str]] = {}
        for field, column in self._column.items():
            self._fields.setdefault(column, []).append(field)

    def names(self, columns: Iterable[str]) -> None:
        """Notes which columns there are."""
        seen = self._reading.columns
        for column in columns:
            if column in seen:
                continue
            fields = self._fields.get(column)
            if fields:
                seen[column] = ", ".join(fields)
            elif len(seen) < _MOST_NAMES:
                seen[column] = None
                near = nearest_field(column)
                if near and near not in self._given:
                    self._reading.near[column] = near

    def fields(self, content: Mapping[str, Any]) -> dict[str, Any]:
        """The fields of a record."""
        return {field: content[column] for field, column in self._column.items() if column in content}

    def has(self, *fields: str) -> bool:
        """Whether one of the fields is there."""
        return any(self._column[field] in self._reading.columns for field in fields)

    def check(self) -> None:
        """Refuses a given column that is not there.

        Raises:
            UserError: Naming the file, the column and the nearest one.
        """
        there = list(self._reading.columns)
        for field, column in self._given.items():
            if column not in there:
                raise UserError(
                    f"{self._path}: has no column {column!r} to read `{field}` from (`--columns`).{nearest(column, there)} "
                    f"It has {', '.join(there[:20])[:400]}"
                )

    def advice(self) -> str:
        """How to name the columns that may be meant."""
        near: dict[str, str] = {}
        for column, field in self._reading.near.items():
            if not self.has(field):
                near.setdefault(field, column)
        pairs = ",".join(f"{field}={column}" for field, column in near.items())
        return f" Did you mean `--columns {pairs}`?" if pairs else ""


def assigned_columns(text: str) -> dict[str, str]:
    """What `--columns` takes, field → column.

    Raises:
        UserError: When it is no list of `field=column`, or for an unknown field.

    Example:

    >>> assigned_columns("text=caption,tags=hashtags")
    {'text': 'caption', 'tags': 'hashtags'}
    """
    found: dict[str, str] = {}
    for pair in text.split(","):
        field, equals, column = (part.strip() for part in pair.partition("="))
        if not equals or not field or not column:
            raise UserError(f"--columns takes FIELD=COLUMN, separated by commas, e.g. text=caption. Received: {pair!r}")
        if problem := wrong_field(field, column):
            raise UserError(f"--columns: {problem}")
        if field in found:
            raise UserError(f"--columns: names the field `{field}` twice")
        found[field] = column
    return found


def wrong_field(field: str, column: str) -> str | None:
    """What is wrong with a pair of field and column, if anything."""
    if field in FIELDS:
        return None
    turned = f" Did you mean {column}={field}?" if column in FIELDS else nearest(field, FIELDS)
    return f"no field {field!r}; known are {', '.join(FIELDS)}.{turned}"
