"""What is known of an export before it is made: its base folder, whose versions lie there, and what it will index.

An export becomes the next version of its own run and data set only. Imports nothing heavy, so that a wrong name is said at
once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.files.json_file import read_json
from kerasmm.serving.check import SIGNATURES_FILE, versions

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset

ORIGIN = "origin"
"""Where `signatures.json` says what an export was made of."""


def origin_of(run: Path, data: Path, source: str) -> dict[str, str]:
    """What an export is made of, by the names of folders: copied to another machine they stay the same.

    Args:
        run: Folder of the run.
        data: Folder of the data set whose posts are indexed.
        source: What its manifest says that it was read from.

    Example:

    >>> origin_of(Path("runs/mine"), Path("data/photos"), "posts")
    {'run': 'mine', 'data': 'photos', 'source': 'posts'}
    """
    return {"run": run.absolute().name, "data": data.absolute().name, "source": source}


def check_base(output: Path) -> str:
    """The model's name in requests, which is that of the base folder.

    Raises:
        UserError: When the folder's name can't stand in a request, or it is a file.
    """
    name = output.absolute().name
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name):
        raise UserError(f"{output}: the folder's name is the model's name in requests: letters, digits, '.', '_', '-'")
    if output.exists() and not output.is_dir():
        raise UserError(f"{output}: expected a folder for the versions of the export")
    return name


def refuse_another(
    output: Path, origin: Mapping[str, str], vocabularies: Mapping[str, list[str]] | None = None
) -> None:
    """Refuses a base folder whose newest version was made of another run or data set: a server would go over to it.

    Args:
        output: The base folder.
        origin: Of the export to come; see `origin_of`.
        vocabularies: Its words; of a version that doesn't say what it was made of, these are compared.

    Raises:
        UserError: When they differ; says what the folder holds.
    """
    found = versions(output)
    if not found:
        return
    newest = output / str(found[-1])
    hint = "name another --output, or give --force to make this the next version all the same"
    made_of = _origin_of_version(newest)
    if made_of is not None:
        if made_of != dict(origin):
            raise UserError(f"{newest}: holds {_said(made_of)}, not {_said(origin)}; {hint}")
        return
    for vocabulary, words in (vocabularies or {}).items():
        path = newest / "assets" / f"{vocabulary}.txt"
        if path.is_file() and path.read_bytes() != "".join(f"{word}\n" for word in words).encode():
            raise UserError(f"{newest}: holds a model with other {vocabulary} than those of {_said(origin)}; {hint}")


def chosen_splits(dataset: Dataset, splits: Sequence[str] | None) -> list[str]:
    """The splits to index: those that were named, or all that have posts.

    Raises:
        UserError: For a split without posts; names those that have some.
    """
    have = [split for split in dataset.manifest.splits if dataset.manifest.records(split)]
    for split in splits or ():
        if split not in have:
            raise UserError(f"--splits: {dataset.folder} has no posts in split {split!r} (it has: {', '.join(have)})")
    return list(dict.fromkeys(splits)) if splits else have


def _origin_of_version(version: Path) -> dict[str, str] | None:
    """What a version says that it was made of; None where it doesn't, being older or no export of ours."""
    try:
        about = read_json(version / SIGNATURES_FILE, dict[str, Any], "description of an export")
        return {key: str(about[ORIGIN][key]) for key in ("run", "data", "source")}
    except (UserError, KeyError, TypeError):
        return None


def _said(origin: Mapping[str, str]) -> str:
    return f"run {origin['run']!r} on data set {origin['data']!r} ({origin['source']})"
