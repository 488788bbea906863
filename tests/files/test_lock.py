"""Who works in a folder is said to those who come second, and a dead process holds nothing."""

import errno
import fcntl
import os
import socket
import subprocess
import sys

import pytest

from kerasmm.console import UserError
from kerasmm.files.lock import Held, is_held, locked


def test_the_second_is_told_who_was_first(tmp_path):
    path = tmp_path / "lock"
    with locked(path, "runs/a"):
        assert is_held(path)
        with (
            pytest.raises(
                Held, match=rf"^runs/a: process {os.getpid()} on {socket.gethostname()}, since 20.* is at work"
            ),
            locked(path, "runs/a"),
        ):
            pass
        assert is_held(path)
    assert not path.exists()
    assert not is_held(path)


def test_a_dead_process_holds_nothing(tmp_path):
    path = tmp_path / "lock"
    code = f"""
import os, pathlib
from kerasmm.files.lock import locked
with locked(pathlib.Path({str(path)!r}), "a"):
    os._exit(9)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 9
    assert path.exists()
    assert not is_held(path)
    with locked(path, "a"):
        pass
    assert not path.exists()


@pytest.mark.parametrize(
    "content", [b"", b"[" * 100_000, b'{"pid": "x"}', b"\xff", b'{"pid": 1, "host": "\x1b]0;", "since": "now"}']
)
def test_what_stands_in_the_file_is_not_believed(tmp_path, content):
    path = tmp_path / "lock"
    path.write_bytes(content)
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(Held, match="a: another process is at work on it"), locked(path, "a"):
            pass
    assert path.read_bytes() == content


def test_links_and_pipes_are_no_locks(tmp_path):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="lock: is a link"), locked(tmp_path / "lock", "a"):
        pass
    assert (tmp_path / "victim").read_text() == "mine"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="no regular file"), locked(tmp_path / "pipe", "a"):
        pass
    with pytest.raises(UserError, match="can't be written"), locked(tmp_path / "gone" / "lock", "a"):
        pass
    assert not is_held(tmp_path / "lock")


def test_a_file_system_without_locks_is_said(tmp_path, monkeypatch):
    def none(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("kerasmm.files.lock.fcntl.flock", none)
    with pytest.raises(UserError, match="its file system has no locks"), locked(tmp_path / "lock", "a"):
        pass
