"""Where a data set grows until it is whole: a folder beside the output that is renamed at the end.

Killed at any moment, a build leaves its hidden folder behind and nothing that reads as a data set; the next build of
the same output clears it away. A lock, which dies with its process, tells a dead build from a running one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasmm.console import UserError
from kerasmm.data.manifest import FILE_NAME
from kerasmm.faults import machine_fault
from kerasmm.files.folders import exchange, is_real_folder, remove, sync_tree
from kerasmm.files.lock import Held, locked, release_lock, take_lock
from kerasmm.files.writing import sync

_LOCK = "lock"
_REPLACED, _GONE, WHOLE = "replaced", "gone", "whole"
_OURS = {"scratch", "work", WHOLE, _REPLACED, _GONE}
"""What a build makes in its hidden folder."""


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


def recover(output: Path) -> str | None:
    """Ends what a build had begun that was killed while it replaced a data set, where a system can't exchange folders.

    Args:
        output: The data set's folder.

    Returns:
        What was done, for people; None where there was nothing to do.
    """
    hidden = _hidden(output)
    # `replaced` is there only while a whole data set stands beside it.
    old, new = hidden / _REPLACED, hidden / WHOLE
    if output.exists() or not (_is_ours(hidden) and is_real_folder(old)):
        return None
    with suppress(Held), locked(hidden / _LOCK, str(output)):
        whole = is_real_folder(new) and (new / FILE_NAME).is_file()
        (new if whole else old).rename(output)
        done = "the new one is in place" if whole else "the old one is back"
        return f"{output}: a build was killed while it replaced this data set; {done}"
    return None


@contextmanager
def workspace(output: Path) -> Iterator[Path]:
    """An empty hidden folder beside `output`, gone afterwards.

    What has its name already is cleared away where an earlier build made it. Anything else, such as a link to a folder, is
    refused and left as it is.

    Raises:
        UserError: When another build of the same output is running, or the place can't be written or is full.
    """
    folder = _hidden(output)
    try:
        lock = _locked(folder, output)
    except OSError as error:
        raise UserError(f"--output {output}: can't be written ({error.strerror})") from error
    try:
        for stale in folder.iterdir():
            if stale.name != _LOCK:
                remove(stale)
        yield folder
    except UserError:
        raise
    except Exception as error:
        if told := machine_fault(error):
            raise UserError(f"--output {output}: can't be written ({told})") from error
        raise
    finally:
        with suppress(OSError):
            remove(folder)
        release_lock(folder / _LOCK, lock)


def publish(whole: Path, output: Path, old: Path) -> None:
    """Gives the finished data set the name `output`.

    All of it is on the disk first. One that stands there is exchanged for it in one step; where a system can't, it goes to
    `old`, and `recover` ends what a kill between the two renames left.
    """
    sync_tree(whole)
    if not (output / FILE_NAME).exists():
        whole.rename(output)
    elif not exchange(whole, output):
        output.rename(old)
        whole.rename(output)
        sync(output.parent)
        # Half removed it must not be taken for a data set.
        old.rename(old.with_name(_GONE))
    sync(output.parent)


def _hidden(output: Path) -> Path:
    return output.with_name(f".{output.name}.building")


def _is_ours(folder: Path) -> bool:
    """Whether a build of this user made a folder: a real one with the lock of a build, or with nothing else than builds make."""
    if not is_real_folder(folder) or folder.lstat().st_uid != os.geteuid():
        return False
    names = {path.name for path in folder.iterdir()}
    return _LOCK in names or names <= _OURS


def _locked(folder: Path, output: Path) -> int:
    while True:
        folder.parent.mkdir(parents=True, exist_ok=True)
        try:
            folder.mkdir()
        except FileExistsError:
            if not _is_ours(folder):
                raise UserError(
                    f"{folder}: is where a data set grows before it becomes {output}, and no build made what stands there; "
                    "move it away"
                ) from None
        try:
            return take_lock(folder / _LOCK, str(output))
        except Held as error:
            raise UserError(f"--output {output}: another build is writing it right now ({error})") from error
        except UserError:
            # The build that held the lock may have removed the folder meanwhile.
            if folder.exists():
                raise
