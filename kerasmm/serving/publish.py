"""How a version of an export appears: written aside, renamed when it is whole."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasmm.console import UserError
from kerasmm.files.folders import is_real_folder, sync_tree
from kerasmm.files.lock import NoLocks, is_held, release_lock, take_lock
from kerasmm.files.writing import make_folder, sync
from kerasmm.serving.check import versions

_ASIDE = ".partial-"
_LOCK = "lock"
_STALE_SECONDS = 24 * 3600.0


@contextmanager
def aside(output: Path) -> Iterator[Path]:
    """A scratch folder in `output`, whose name a server doesn't take for a version; gone afterwards.

    What killed exports left goes, too: nobody holds its lock.
    """
    make_folder(output)
    for left in output.glob(f"{_ASIDE}*"):
        if is_real_folder(left) and _abandoned(left):
            shutil.rmtree(left, ignore_errors=True)
    scratch = Path(tempfile.mkdtemp(prefix=_ASIDE, dir=output))
    lock: int | None = None
    try:
        with suppress(NoLocks):
            lock = take_lock(scratch / _LOCK, str(output))
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        if lock is not None:
            release_lock(scratch / _LOCK, lock)


def _abandoned(left: Path) -> bool:
    """Whether nobody works in a scratch folder any more; one without a lock must be old, since its export may have begun just
    now, or on a file system that has none."""
    if (left / _LOCK).is_file():
        return not is_held(left / _LOCK)
    return time.time() - left.stat().st_mtime > _STALE_SECONDS


def last_version(output: Path) -> int:
    """The largest version there; 0 where there is none."""
    return max(versions(output), default=0)


def publish(whole: Path, output: Path, after: int | None = None) -> Path:
    """Renames to the next free version, once all of it is on the disk; another export may take a number at the same time.

    Args:
        whole: The finished folder.
        output: The base folder of the versions.
        after: What `last_version` was when the work began, for a version that builds on it: one that appeared meanwhile
            isn't in it, and would be undone.

    Raises:
        UserError: When there is a version after that one.
    """
    sync_tree(whole)
    last = last_version(output)
    if after is not None and last > after:
        raise _appeared(output, last)
    for version in itertools.count(last + 1 if after is None else after + 1):
        target = output / str(version)
        if target.exists():
            if after is not None and target.is_dir():
                raise _appeared(output, version)
            continue
        try:
            whole.rename(target)
        except OSError:
            # Of two that rename at the same time the second finds a folder that isn't empty.
            if not target.exists():
                raise
            if after is not None and target.is_dir():
                raise _appeared(output, version) from None
            continue
        sync(output)
        return target
    raise AssertionError("unreachable: there is always a larger number")


def _appeared(output: Path, version: int) -> UserError:
    return UserError(f"{output}: version {version} appeared meanwhile, and its changes would be undone; run again")
