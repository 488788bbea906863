"""Files copied out of a folder that somebody else may change meanwhile."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

from kerasmm.console import UserError
from kerasmm.files.within import within


def copy_within(folder: Path, name: str, target: Path) -> None:
    """Copies a regular file of a folder; its links may lead to places inside.

    What was checked before may be a link by now, so no part of the way is followed once more when the file is opened.

    Args:
        folder: Where the name belongs.
        name: The file, e.g. `"assets/tags.txt"`.
        target: The new file; its folder is there.

    Raises:
        UserError: When the name leads outside, or to what is no regular file.
    """
    path = within(folder, name)
    base = folder.resolve()
    parts = path.resolve().relative_to(base).parts
    with contextlib.ExitStack() as opened:
        try:
            place = os.open(base, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.callback(os.close, place)
            for part in parts[:-1]:
                place = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=place)
                opened.callback(os.close, place)
            # A pipe without a writer would be waited for when opened.
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            source = os.open(parts[-1], flags, dir_fd=place)
        except (OSError, IndexError) as error:
            raise UserError(f"{path}: can't be read as a file of {folder}") from error
        with os.fdopen(source, "rb") as file:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                raise UserError(f"{path}: is no regular file; expected a file of {folder}")
            with target.open("xb") as copy:
                shutil.copyfileobj(file, copy)


def copy_files(folder: Path, name: str, target: Path) -> None:
    """Copies the files of a folder's folder, all that lie in it, into a new one.

    Raises:
        UserError: As `copy_within`.
    """
    target.mkdir()
    for path in sorted(within(folder, name).iterdir()):
        own = f"{name}/{path.name}"
        if path.is_dir() and not path.is_symlink():
            copy_files(folder, own, target / path.name)
        else:
            copy_within(folder, own, target / path.name)
