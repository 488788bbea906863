"""Only regular files are read, within bounds, and nothing is waited for."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from kerasmm.console import UserError
from kerasmm.files.reading import is_regular, read_regular, read_text


def refused(call, path, *args, **named):
    with pytest.raises(UserError) as caught:
        call(path, *args, **named)
    assert str(path)[:100] in str(caught.value)
    return str(caught.value)


def test_a_file_within_the_limit_is_read(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    (tmp_path / "link").symlink_to(path)
    assert read_regular(path, 5) == read_regular(tmp_path / "link", 5) == b"12345"
    assert "more than 4 bytes" in refused(read_regular, path, 4, "word")


def test_pipes_devices_sockets_and_folders_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "zero").symlink_to("/dev/zero")
    # A name in a short folder: the address of a socket is bounded.
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(tmp_path, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
        for name in ("pipe", "folder", "zero", "socket"):
            assert "expected a picture" in refused(read_regular, tmp_path / name, what="picture")
            assert not is_regular(tmp_path / name)


@pytest.mark.parametrize("name", ["absent", "a" * 5000, "a\0b", "loop"], ids=["absent", "long", "zero", "loop"])
def test_names_without_a_file_are_refused(name, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    refused(read_regular, tmp_path / name)
    assert not is_regular(tmp_path / name)


def test_text_is_utf8_with_or_without_a_mark(tmp_path):
    path = tmp_path / "text"
    path.write_bytes("\ufeffä".encode())
    assert read_text(path) == "ä"
    path.write_bytes(b"abc\xff")
    assert "not UTF-8 at byte 3" in refused(read_text, path)


def test_no_file_stays_open(tmp_path):
    open_files = Path("/proc/self/fd")
    before = len(list(open_files.iterdir()))
    for _ in range(5):
        refused(read_regular, tmp_path)
        refused(read_regular, Path("/dev/null"))
    assert len(list(open_files.iterdir())) == before
