"""Where a data set grows until it is whole: a folder beside the output that is renamed at the end.

Killed at any moment, a build leaves its hidden folder behind and nothing that reads as a data set; the next build of
the same output clears it away. A lock, which dies with its process, tells a dead build from a running one.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasmm.console import UserError
from kerasmm.data.manifest import FILE_NAME

_LOCK = "lock"
_FULL = ("No space left on device", "Disk quota exceeded", "database or disk is full", "File too large")


def check_output(output: Path, overwrite: bool) -> None:
    """Refuses to write over what isn't an old data set, and over one unless told to.

    Raises:
        UserError: Naming the folder.
    """
    if output.exists() and not output.is_dir():
        raise UserError(f"--output {output}: is a file; expected a folder")
    if (output / FILE_NAME).exists():
        if not overwrite:
            raise UserError(f"--output {output}: holds a data set already; `--overwrite` replaces it")
    elif output.is_dir() and any(output.iterdir()):
        raise UserError(f"--output {output}: holds other files and no {FILE_NAME}; choose another folder")


@contextmanager
def workspace(output: Path) -> Iterator[Path]:
    """An empty hidden folder beside `output`, gone afterwards.

    Raises:
        UserError: When another build of the same output is running, or the place can't be written or is full.
    """
    folder = output.with_name(f".{output.name}.building")
    try:
        lock = _locked(folder, output)
    except OSError as error:
        raise UserError(f"--output {output}: can't be written ({error.strerror})") from error
    try:
        for stale in folder.iterdir():
            if stale.name != _LOCK:
                shutil.rmtree(stale)
        yield folder
    except Exception as error:
        # Said by Python, SQLite and TensorFlow, through Beam as text only.
        if full := next((words for words in _FULL if words in str(error)), None):
            raise UserError(f"--output {output}: can't be written ({full.lower()})") from error
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _locked(folder: Path, output: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(lock)
            raise UserError(f"--output {output}: another build is writing it right now") from error
        # The build that held the lock may have removed the folder while we waited for the file to open.
        with suppress(OSError):
            if os.path.samestat(os.fstat(lock), (folder / _LOCK).stat()):
                return lock
        os.close(lock)


def publish(whole: Path, output: Path, old: Path) -> None:
    """Renames the finished data set to `output`; one that stands there goes to `old` first."""
    if (output / FILE_NAME).exists():
        output.rename(old)
    whole.rename(output)
