"""`assets.extra/signatures.json`: what an export says of itself, checked as it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from kerasmm.console import UserError
from kerasmm.files.json_file import read_json
from kerasmm.serving.check import SIGNATURES_FILE

_BYTES = 1 << 26

Count = Field(default=0, ge=0)


class _Kept(BaseModel):
    """A part of it; what other versions of kerasmm add is kept."""

    model_config = ConfigDict(extra="allow", strict=True)


class _Tensor(_Kept):
    dtype: str = "string"
    shape: list[int | None] | None = None


class _Input(_Tensor):
    dtype: Literal["string", "bool", "int32", "int64", "float32"]
    shape: list[int | None] = Field(min_length=1)


class _Example(_Kept):
    answer: dict[str, Any] = {}


class _Signature(_Kept):
    inputs: dict[str, _Input]
    outputs: dict[str, _Tensor]
    example: _Example = _Example()


class _Change(_Kept):
    of: int | str
    added: int = Count
    replaced: int = Count
    removed: int = Count
    data: str | None = None
    forgotten: int | None = Field(default=None, ge=0)
    forgotten_of_training: int = Count


class _Weights(_Kept):
    sha256: str | None = None
    trained_on: str | None = None


class _About(_Kept):
    name: str = ""
    system: str = ""
    posts: int = Count
    splits: list[str] = []
    weights: _Weights = _Weights()
    vocabularies: dict[str, str]
    missing: dict[str, str] = {}
    changes: list[_Change] = []
    signatures: dict[str, _Signature]


def read_about(version: Path) -> dict[str, Any]:
    """The content of `signatures.json`, every key that is read of the type that it has.

    Args:
        version: `saved_models/<name>/<version>`.

    Raises:
        UserError: When it can't be read or holds something else; the message names the file and the key.
    """
    path = version / SIGNATURES_FILE
    try:
        read = read_json(path, _About, "description of an export", _BYTES)
    except UserError as error:
        raise UserError(f"{path}: damaged ({str(error).removeprefix(f'{path}: ')}); export again") from error
    return read.model_dump(exclude_unset=True)
