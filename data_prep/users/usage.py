"""What a data set says of its users and their tags.

Section 4.1 of hashtag prediction: table 1 has the most common tags with the number of photos and of users, figure 3 how
often tags are used and how many photos users have. All is counted over the training split.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from kerasmm.files.json_file import read_json

FILE_NAME = "usage.json"
"""Holds a `Usage`, in the data set."""

_Count = Annotated[int, Field(ge=0)]


class Usage(BaseModel):
    """Figures of the training split, without the name of any user."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    users: _Count
    """Users who have posts."""
    tags: list[tuple[str, _Count, _Count]]
    """Each tag, the posts that have it, the users who gave it; in the order of the vocabulary."""
    posts_a_user: list[tuple[_Count, _Count]]
    """A number of posts, and how many users have so many; ascending."""

    def most_common(self, most: int) -> list[tuple[str, int, int]]:
        """Table 1: the tags that most posts have."""
        return sorted(self.tags, key=lambda row: -row[1])[:most]

    @classmethod
    def read(cls, path: Path) -> Usage:
        """Reads the file of a data set; raises `UserError` where it is no such file."""
        return read_json(path, cls, "file of figures")
