"""Locks that die with their process: who works in a folder, and that nobody else does."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import socket
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasmm.console import UserError

_LONGEST = 1000
_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP)
"""What file systems answer that have no locks, such as some network ones."""


class Held(UserError):
    """Somebody else holds the lock."""


class NoLocks(UserError):
    """The file system has no locks."""


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Holds a lock, and says in its file who does.

    The kernel lets go of it when the process ends, however it ends, so a file that is there without a process holds nothing.

    Args:
        path: The lock's file, in a folder that exists; gone afterwards.
        what: What the lock is of, for the message.

    Raises:
        Held: When another process holds it; says which one, where and since when.
        NoLocks: When its file system has no locks.
        UserError: When the file can't be opened, or is a link or no file.
    """
    handle = take_lock(path, what)
    try:
        yield
    finally:
        release_lock(path, handle)


def take_lock(path: Path, what: str) -> int:
    """Takes a lock for `release_lock` to let go of; raises as `locked` does."""
    while True:
        handle = _opened(path, what)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            told = _holder(handle)
            os.close(handle)
            raise Held(f"{what}: {told} is at work on it; wait for its end, or stop it") from error
        except OSError as error:
            os.close(handle)
            if error.errno in _UNKNOWN:
                # A file without a lock would say that its process is dead.
                with suppress(OSError):
                    path.unlink()
                raise NoLocks(
                    f"{path}: its file system has no locks ({error.strerror}), so nothing keeps a second process out"
                ) from error
            raise UserError(f"{path}: can't be locked ({error.strerror})") from error
        # The process that held it may have removed the file while we waited for it to open.
        with suppress(OSError):
            if os.path.samestat(os.fstat(handle), path.lstat()):
                _sign(handle)
                return handle
        os.close(handle)


def release_lock(path: Path, handle: int) -> None:
    """Removes the file and lets go of the lock."""
    with suppress(OSError):
        if os.path.samestat(os.fstat(handle), path.lstat()):
            path.unlink()
    os.close(handle)


def is_held(path: Path) -> bool:
    """Whether a process holds the lock of a file right now, or may: only what is certain is denied."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.ELOOP, errno.ENOTDIR, errno.EISDIR)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def _opened(path: Path, what: str) -> int:
    try:
        flags = os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        why = "is a link" if error.errno == errno.ELOOP else f"can't be written ({error.strerror})"
        raise UserError(f"{path}: {why}; expected the lock of {what}") from error
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise UserError(f"{path}: is no regular file; expected the lock of {what}")
    return handle


def _sign(handle: int) -> None:
    content = {"pid": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}
    # A full disk takes the names away, not the lock.
    with suppress(OSError):
        os.ftruncate(handle, 0)
        os.pwrite(handle, json.dumps(content).encode(), 0)


def _holder(handle: int) -> str:
    """Who holds a lock, as its file says; that may have been written by anybody."""
    try:
        content = json.loads(os.pread(handle, _LONGEST, 0))
        pid, host, since = int(content["pid"]), str(content["host"]), str(content["since"])
        if re.fullmatch(r"[\w.-]{1,100}", host) and re.fullmatch(r"[\d :-]{1,30}", since):
            return f"process {pid} on {host}, since {since},"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return "another process"
