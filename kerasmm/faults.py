"""Faults of the machine, told from ours: a disk that is full or read-only, a file or folder that went away."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ESTALE)
"""Said of the place, also where the error doesn't name it."""
_NAMED = (
    *(errno.ENOENT, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST),
    *(errno.ELOOP, errno.ENAMETOOLONG, errno.ETXTBSY, errno.EBUSY),
)
"""Said of one file: without its name they help nobody."""
_WORDS = {
    **{os.strerror(number).casefold(): number for number in (*_FULL, *_NAMED)},
    "database or disk is full": errno.ENOSPC,
    "disk i/o error": errno.EIO,
    "unable to open database file": errno.ENOENT,
    "attempt to write a readonly database": errno.EROFS,
}
_SAID = "|".join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))
_IN_TEXT = re.compile(
    # `[Errno 28] No space left on device: 'a/b'`, and with a second name where one was to become the other.
    rf"(?:\[Errno \d+\] )(?P<os>{_SAID})(?:: (?P<quote>['\"])(?P<file>.*?)(?P=quote))?"
    # TensorFlow: `a/b; No space left on device`.
    rf"|(?:^|[\s:{{])(?P<place>/[^;\n]*?|[^;:\s]+); (?P<tf>{_SAID})\b"
    # SQLite and HDF5.
    rf"|(?P<plain>{_SAID})\b",
    re.IGNORECASE,
)
_BY_BEAM = re.compile(r"\[Errno \d+\]|\[while running ")
_FOREIGN = ("tensorflow", "apache_beam", "sqlite3", "h5py", "grpc")


def machine_fault(error: BaseException) -> str | None:
    """What the machine refused, in a line that names the place; None where the error is no such fault.

    Python says it by an `OSError`, TensorFlow, SQLite and HDF5 in words of their own, and Beam as text of what a worker
    raised.

    Args:
        error: As it was caught; what it was raised from is looked at, too.

    Example:

    >>> machine_fault(OSError(errno.ENOSPC, "No space left on device", "runs/a/best.weights.h5"))
    'runs/a/best.weights.h5: no space left on device'
    >>> machine_fault(ValueError("3 is no power of 2"))
    """
    for one in _chain(error):
        if isinstance(one, BrokenPipeError | ConnectionError | TimeoutError):
            continue
        if isinstance(one, OSError) and one.errno is not None and one.strerror:
            if one.errno in _FULL or (one.errno in _NAMED and one.filename is not None):
                return _line(one.filename, one.strerror)
            continue
        told = str(one)
        if type(one).__module__.split(".")[0] in _FOREIGN or isinstance(one, OSError) or _BY_BEAM.search(told):
            found = _IN_TEXT.search(told)
            words = found and (found["os"] or found["tf"] or found["plain"])
            if found and words:
                place = found["file"] or found["place"]
                if place or _WORDS[words.casefold()] in _FULL or found["plain"]:
                    return _line(place, words)
    return None


def _line(place: object, words: str) -> str:
    said = words[:1].lower() + words[1:] if words[1:2].islower() else words
    if place is None:
        return f"a file can't be read or written: {said}"
    name = os.fsdecode(place) if isinstance(place, str | bytes) else str(place)
    return f"{name}: {said}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those that it came from, the last first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        # Not `__context__`: an error of ours that came up beside a fault stays ours.
        one = one.__cause__
