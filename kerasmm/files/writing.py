"""Files that are whole or not there: written aside under a name that nobody can foresee, synced, renamed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kerasmm.console import UserError

_STALE_SECONDS = 24 * 3600.0
_LONGEST = 200
"""Bytes of a temporary name; file systems allow 255."""


def write_whole(path: Path, content: str | bytes | memoryview) -> None:
    """Writes a file, or leaves the one before it as it is; see `written_whole`.

    Args:
        path: The file.
        content: Text, which is written in UTF-8 with the line ends that it has (half a surrogate pair is a `?`), or bytes.

    Raises:
        UserError: When the file can't be written, or something stands there that is no file.

    Example:

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "choices.json", "{}")
    >>> (folder / "choices.json").read_text()
    '{}'
    """
    with written_whole(path) as temporary:
        temporary.write_bytes(content.encode(errors="replace") if isinstance(content, str) else content)


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Gives an empty file beside `path` to write, which takes its place once it is whole.

    The temporary file has a random name of the same ending, and is created by us: what stands there, links too, is never
    opened. At the end it is synced and renamed, and its folder synced, so that a machine that stops leaves the old
    file or the new one. A link at `path` itself is replaced by the file; what it leads to stays.

    Args:
        path: The file.

    Raises:
        UserError: When the place is full, read-only or gone, or when a folder, a device or a pipe stands there.
    """
    path = Path(path)
    refuse_special(path)
    temporary: Path | None = None
    try:
        _remove_stale(path)
        temporary = _created(path)
        yield temporary
        sync(temporary)
        temporary.replace(path)
        temporary = None
        sync(path.parent)
    except OSError as error:
        if isinstance(error, BrokenPipeError) or not _about(error, path, temporary):
            raise
        raise UserError(f"{path}: can't be written ({error.strerror or error})") from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink()


def refuse_special(path: Path) -> None:
    """Refuses to write a file where something stands that is none: before the work whose result it holds.

    Raises:
        UserError: For a folder, device, pipe or socket, or a link to one, and for a name that can't be one of a file.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        # Too long a name, links in a ring, a NUL byte.
        raise UserError(f"{path}: can't be written ({getattr(error, 'strerror', None) or error})") from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "no regular file"
        raise UserError(f"{path}: is {kind}; expected a file in a folder that exists")


def check_file_path(path: Path) -> None:
    """Refuses what no file could be written to, before the work whose result it shall hold.

    Raises:
        UserError: As `refuse_special`, and for a folder that isn't there or can't be written.
    """
    refuse_special(path)
    parent = path.absolute().parent
    if not parent.is_dir():
        raise UserError(f"{path}: expected a file in a folder that exists")
    if not os.access(parent, os.W_OK):
        raise UserError(f"{path}: can't be written (its folder is read-only for us)")


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it, where they are missing.

    Raises:
        UserError: When the place can't be written, or a file stands there.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:
        raise UserError(f"{folder}: can't be made ({getattr(error, 'strerror', None) or error})") from error


def sync(path: Path) -> None:
    """Waits until a file or a folder is on the disk, where its file system can say so."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some file systems can't sync a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def _created(path: Path) -> Path:
    """An empty file that nobody else has opened."""
    while True:
        temporary = path.with_name(f"{_prefix(path)}{secrets.token_hex(8)}.tmp{path.suffix[:20]}")
        with suppress(FileExistsError):
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_WRONLY | os.O_CLOEXEC, 0o666))
            return temporary


def _prefix(path: Path) -> str:
    """How the temporary names of a file begin."""
    return f".{os.fsdecode(os.fsencode(path.name)[: _LONGEST - 40])}."


def _remove_stale(path: Path) -> None:
    """Removes what a killed process left of this very file; a younger one may be at work."""
    ours = re.compile(re.escape(_prefix(path)) + r"[0-9a-f]{16}\.tmp" + re.escape(path.suffix[:20]))
    with os.scandir(path.parent) as entries:
        left = [entry for entry in entries if ours.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)]
    for entry in left:
        with suppress(OSError):
            if time.time() - entry.stat(follow_symlinks=False).st_mtime > _STALE_SECONDS:
                Path(entry.path).unlink()


def _about(error: OSError, path: Path, temporary: Path | None) -> bool:
    """Whether an error is about this file: one about another, which the body reads, tells its own name."""
    ours = {str(place) for place in (path, path.parent, temporary) if place is not None}
    return error.errno is not None and (error.filename is None or os.fsdecode(error.filename) in ours)
