"""Files read whole: only regular ones, never more than was foreseen, and never waiting."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from kerasmm.console import UserError

TEXT_BYTES = 1 << 28
"""Most bytes of a configuration, a manifest, a list of words: 256 MiB."""


def is_regular(path: Path) -> bool:
    """Whether a regular file lies there, perhaps through links; a name that no file can have is none.

    Example:

    >>> is_regular(Path("/dev/null")), is_regular(Path("a" * 5000))
    (False, False)
    """
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def read_regular(path: Path, limit: int = TEXT_BYTES, what: str = "file") -> bytes:
    """The content of a regular file.

    Args:
        path: Where it lies; links are followed.
        limit: Most bytes that are read.
        what: What was expected there, for messages.

    Raises:
        UserError: When there is none, it can't be read, is a folder, pipe, socket or device, or holds more than `limit`.

    Example:

    >>> read_regular(Path("/dev/zero"), what="picture")
    Traceback (most recent call last):
    kerasmm.console.UserError: /dev/zero: is no regular file; expected a picture
    """
    try:
        # A pipe without a writer would be waited for when opened.
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                raise UserError(f"{path}: is no regular file; expected a {what}")
            with os.fdopen(opened, "rb", closefd=False) as file:
                content = file.read(limit + 1)
        finally:
            os.close(opened)
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such {what}") from error
    except ValueError as error:  # a zero byte in the name
        raise UserError(f"{path}: is no name of a file; expected a {what}") from error
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror}); expected a {what}") from error
    if len(content) > limit:
        raise UserError(f"{path}: has more than {limit} bytes, too many for a {what}")
    return content


def read_text(path: Path, limit: int = TEXT_BYTES, what: str = "text file") -> str:
    """The content of a regular file of UTF-8; a byte order mark is no part of it.

    Raises:
        UserError: As `read_regular`, or when it isn't UTF-8.
    """
    try:
        return read_regular(path, limit, what).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 at byte {error.start}; expected a {what}") from error
