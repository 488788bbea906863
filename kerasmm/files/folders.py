"""Folders that are whole or not there: synced, renamed, exchanged; and what is cleared away of those that aren't."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import stat
from contextlib import suppress
from pathlib import Path

from kerasmm.console import UserError
from kerasmm.files.writing import sync

_HERE = -100
_EXCHANGE = 2
_NOT_THERE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM)
"""What kernels and file systems answer that can't exchange."""


def sync_tree(folder: Path) -> None:
    """Waits until all files and folders below a folder are on the disk, and the folder itself; links aren't followed."""
    for place, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(place) / name
            if stat.S_ISREG(path.lstat().st_mode):
                sync(path)
        sync(Path(place))


def exchange(one: Path, other: Path) -> bool:
    """Gives two folders each other's name in one step; False where the system can't.

    Raises:
        OSError: When it can, and these two can't be.
    """
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), ctypes.c_uint(_EXCHANGE)) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NOT_THERE:
        return False
    raise OSError(number, os.strerror(number), str(other))


def remove(path: Path) -> None:
    """Removes a folder with what is in it, a file or a link; what a link leads to stays. Nothing need be there.

    Raises:
        OSError: When something can't be removed.
    """
    with suppress(FileNotFoundError):
        if stat.S_ISDIR(path.lstat().st_mode):
            shutil.rmtree(path)
        else:
            path.unlink()


def is_real_folder(path: Path) -> bool:
    """Whether a folder stands there itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def own_folder(folder: Path, above: Path) -> None:
    """Makes a folder that belongs to `above`, or takes the one that is there.

    Raises:
        UserError: When it, or one between the two, is a link: what is written below `above` stays there.
    """
    for part in reversed([folder, *folder.parents][: len(folder.relative_to(above).parts)]):
        try:
            part.mkdir(exist_ok=True)
        except OSError as error:
            raise UserError(f"{part}: can't be made ({error.strerror})") from error
        if not is_real_folder(part):
            raise UserError(f"{part}: is a link; expected a folder of {above} itself, for what is written into it")
