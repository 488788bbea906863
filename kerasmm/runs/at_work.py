"""One process at a time trains a run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasmm.console import console
from kerasmm.files.lock import NoLocks, release_lock, take_lock
from kerasmm.files.writing import make_folder

LOCK = ".lock"


@contextmanager
def at_work(folder: Path, quiet: bool = False) -> Iterator[None]:
    """Keeps other processes from training in a run's folder; made where it is missing, and gone again where it stays empty.

    Args:
        folder: The run's folder.
        quiet: Don't say that its file system has no locks.

    Raises:
        UserError: When another process trains there; says which one, where and since when.
    """
    make_folder(folder)
    try:
        lock = take_lock(folder / LOCK, str(folder))
    except NoLocks as error:
        console(quiet).print(f"note: {error}; don't train {folder} twice at once", soft_wrap=True)
        yield
        return
    try:
        yield
    finally:
        release_lock(folder / LOCK, lock)
        with suppress(OSError):
            folder.rmdir()
