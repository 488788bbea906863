"""`dataset.json`: what a data set holds, who made it and how to tell that it is whole."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator
from typing_extensions import TypedDict

from kerasmm.console import UserError
from kerasmm.files.json_file import checked, read_json, shortened
from kerasmm.files.reading import is_regular
from kerasmm.files.within import within
from kerasmm.files.writing import write_whole

SCHEMA_VERSION = 1
FILE_NAME = "dataset.json"
FROM_FILE = "file:"
"""What the encoder of features begins with that came in a file: no encoder here can make more of them."""


MOST_FEATURES = 1 << 24
"""Numbers of one post's stored features, at most."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class StoredFile(_Strict):
    """A file of the data set, named relative to its folder."""

    name: str
    bytes: int = Field(ge=0)
    sha256: str


class Shard(StoredFile):
    """A TFRecord file of one split."""

    records: int = Field(ge=0)


class Vocabulary(StoredFile):
    """A plain text file, one word a line, most frequent first; the line number is the word's id."""

    size: int = Field(ge=0)


Side = Annotated[int, Field(ge=0, le=1 << 13)]
"""Of a picture, in pixels; 0 where the features are from a file, and no picture was read for them."""


class Features(_Strict):
    """Stored image features: which encoder made them, from which picture size, in which shape."""

    encoder: str
    fingerprint: str
    image_size: tuple[Side, Side]
    resize: str
    shape: tuple[Annotated[int, Field(ge=1)], ...] = Field(min_length=1, max_length=8)

    @field_validator("shape")
    @classmethod
    def _is_small(cls, shape: tuple[int, ...]) -> tuple[int, ...]:
        if math.prod(shape) > MOST_FEATURES:
            raise ValueError(f"should hold at most {MOST_FEATURES} numbers a post")
        return shape


class ReadAs(TypedDict, total=False):
    """What a source found its files to be; see `data_prep.sources.reading.Reading`."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    encodings: dict[str, int]
    columns: dict[str, str | None]
    near: dict[str, str]
    separators: dict[str, str]
    notices: dict[str, int]


class Manifest(_Strict):
    """The content of `dataset.json`.

    Args:
        schema_version: The layout of the records and of this file; readers refuse a newer one.
        source: Name of the source, e.g. `movielens`.
        synthetic: True when the pictures and posts were drawn by a program.
        command: The command that built the data set.
        config: The resolved configuration of that build.
        splits: Shards of each split, in reading order.
        fields: How many posts of each split have each field of the Post schema.
        vocabularies: `tags`, `labels` …
        features: The stored image features, if any.
        dropped: How many posts each cleaning step dropped, by step and reason.
        files: Further files of the data set, e.g. `rejects.jsonl` or the planted truth of the embedded sample.
        statistics: Figures worth keeping, e.g. the posts whose picture training never saw.
        reading: What the source found its files to be: columns, encodings, separators.
        versions: Versions of the packages that shape the content.
    """

    schema_version: int = SCHEMA_VERSION
    source: str
    synthetic: bool = False
    command: list[str] = []
    config: dict[str, Any] = {}
    splits: dict[str, list[Shard]]
    fields: dict[str, dict[str, int]] = {}
    vocabularies: dict[str, Vocabulary] = {}
    features: Features | None = None
    dropped: dict[str, dict[str, int]] = {}
    files: list[StoredFile] = []
    statistics: dict[str, float] = {}
    reading: ReadAs = {}
    versions: dict[str, str] = {}

    def records(self, split: str) -> int:
        """Number of posts in a split."""
        return sum(shard.records for shard in self.splits.get(split, []))

    def write(self, folder: Path) -> None:
        """Writes `dataset.json` last and by a rename: a folder without it is not a data set."""
        content = json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False)
        write_whole(folder / FILE_NAME, content + "\n")


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, read in blocks."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_manifest(folder: Path) -> Manifest:
    """Reads and validates `dataset.json`.

    Raises:
        UserError: When the folder holds no data set, the file can't be parsed, a field is wrong or unknown, the
            schema is newer than this version reads, or a file name leaves the folder.
    """
    path = Path(folder) / FILE_NAME
    if not is_regular(path):
        raise UserError(f"{path}: no data set here; build one with `python -m data_prep build --output {folder} …`")
    content = read_json(path, dict[str, Any], "manifest")
    version = content.get("schema_version")
    if type(version) is not int or version < 1:
        raise UserError(f"{path}: `schema_version` must be a positive integer. Received: {shortened(repr(version))}")
    if version > SCHEMA_VERSION:
        raise UserError(
            f"{path}: `schema_version` is {version}, this kerasmm reads up to {SCHEMA_VERSION}; upgrade kerasmm or build again"
        )
    manifest = checked(content, Manifest, str(path))
    stored: list[StoredFile] = [*manifest.files, *manifest.vocabularies.values()]
    for file in (*stored, *(shard for shards in manifest.splits.values() for shard in shards)):
        within(Path(folder), file.name, path)
    return manifest


def check_file(folder: Path, file: StoredFile, digest: str | None = None) -> None:
    """Refuses a file that is missing, has another size or, given its `digest`, other content."""
    path = folder / file.name
    if not is_regular(path):
        raise UserError(f"{path}: named in {FILE_NAME} but missing; build the data set again")
    size = path.stat().st_size
    if size != file.bytes:
        raise UserError(
            f"{path}: has {size} bytes, {FILE_NAME} says {file.bytes}; the file is damaged, build the data set again"
        )
    if digest is not None and digest != file.sha256:
        raise UserError(f"{path}: SHA-256 differs from {FILE_NAME}; the file is damaged, build the data set again")
