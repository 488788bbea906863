"""A name that somebody's file gives must stay in the folder that it speaks of."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NoReturn

from kerasmm.console import UserError

LONGEST = 255
"""Bytes of a part of a path that file systems take."""
_SHOWN = 80


def within(folder: Path, name: object, source: Path | str | None = None) -> Path:
    """The path of a name from a manifest, an asset table or an archive; it need not exist.

    Args:
        folder: Where the name belongs. It may be a link itself: somebody named it.
        name: As it was read, e.g. `"train/shard-00000.tfrecord"`.
        source: The file that gave the name, for the error; the folder itself where nothing is said.

    Returns:
        `folder / name`, of which every link leads to a place inside the folder.

    Raises:
        UserError: When the name is no string, is empty or absolute, has a part `..`, a NUL or one longer than file systems
            take, or leads outside by a link, or in a circle of links.

    Example:

    >>> within(Path("data"), "train/shard-00000.tfrecord").as_posix()
    'data/train/shard-00000.tfrecord'
    >>> within(Path("data"), "../other/shard", "dataset.json")
    Traceback (most recent call last):
    kerasmm.console.UserError: dataset.json: names '../other/shard'; expected a name within data
    """
    said = folder if source is None else source
    if not isinstance(name, str) or not _stays(name):
        raise UserError(f"{said}: names {_short(name)}; expected a name within {folder}")
    path = folder / name
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError, ValueError) as error:
        raise UserError(f"{said}: names {_short(name)}, which leads nowhere (a circle of links?)") from error
    if not inside:
        raise UserError(f"{said}: names {_short(name)}, a link that leads out of {folder}; expected a file within it")
    return path


def require_within(folder: Path) -> None:
    """Refuses a folder in which a link, at any depth, leads out of it, or in a circle, or that holds a pipe or a device.

    Raises:
        UserError: Which names it.

    Example:

    >>> require_within(Path("kerasmm/files"))
    """
    try:
        for parent, folders, files in os.walk(folder, onerror=_raise):
            for name in (*folders, *files):
                if (path := Path(parent, name)).is_symlink():
                    within(folder, path.relative_to(folder).as_posix())
                elif name in files and not stat.S_ISREG(path.lstat().st_mode):
                    raise UserError(f"{path}: is no regular file; expected files and folders in {folder}")
    except OSError as error:
        raise UserError(f"{folder}: can't be read ({error.strerror})") from error


def _raise(error: OSError) -> NoReturn:
    raise error


def _stays(name: str) -> bool:
    """Whether a name, read as text, is one of a place below."""
    parts = name.replace("\\", "/").split("/")
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:
        return False
    return (
        bool(name)
        and "\0" not in name
        and not Path(name).is_absolute()
        and ".." not in parts
        and max(sizes) <= LONGEST
        and len(name) < 1 << 12
    )


def _short(name: object) -> str:
    """A name as an error shows it: escaped, and no longer than a line."""
    shown = ascii(name) if not isinstance(name, str) else repr(name)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}… ({len(shown):,} characters)"
