"""Files appear whole, under their own names, and nowhere else."""

import errno
import os
import stat
import time
from pathlib import Path

import pytest

from kerasmm.console import UserError
from kerasmm.files.writing import refuse_special, write_whole, written_whole


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "page.html"
    write_whole(path, "Mädchen\r\n")
    assert path.read_bytes() == b"M\xc3\xa4dchen\r\n"
    write_whole(path, b"\x00\xff")
    assert path.read_bytes() == b"\x00\xff"
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
    assert names(tmp_path) == ["page.html"]


@pytest.mark.parametrize("length", [1, 100, 250, 255])
def test_any_name_of_a_file_will_do(tmp_path, length):
    for name in ("n" * length, ("ä" * length).encode()[:length].decode(errors="ignore") or "n"):
        write_whole(tmp_path / name, name)
        assert (tmp_path / name).read_text(encoding="utf-8") == name


def test_the_old_file_stays_when_the_new_one_fails(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), written_whole(path) as temporary:
        temporary.write_text("half")
        assert path.read_text() == "old"
        _ = 1 / 0
    assert path.read_text() == "old"
    assert names(tmp_path) == ["run.json"]


def test_a_planted_link_is_not_followed(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    tokens = iter(["0" * 16, "1" * 16])
    monkeypatch.setattr("kerasmm.files.writing.secrets.token_hex", lambda _: next(tokens))
    (folder / f".config.yaml.{'0' * 16}.tmp.yaml").symlink_to(victim)
    (folder / ".config.yaml.tmp").symlink_to(victim)
    (folder / "config.yaml").symlink_to(victim)
    write_whole(folder / "config.yaml", "new")
    assert victim.read_text() == "mine"
    assert not (folder / "config.yaml").is_symlink()
    assert (folder / "config.yaml").read_text() == "new"


def test_what_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to(os.devnull)
    (tmp_path / "ring").symlink_to("ring")
    for name in ("folder", "pipe", "link", "ring", os.devnull, "n" * 5000, "a\0b"):
        with pytest.raises(UserError):
            write_whole(tmp_path / name, "x")
        with pytest.raises(UserError):
            refuse_special(tmp_path / name)
    assert names(tmp_path) == ["folder", "link", "pipe", "ring"]
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)
    with pytest.raises(UserError, match="gone/page.html: can't be written"):
        write_whole(tmp_path / "gone" / "page.html", "x")


@pytest.mark.parametrize("failing", ["write", "fsync", "replace"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO])
def test_a_full_disk_is_one_line(tmp_path, monkeypatch, failing, number):
    path = tmp_path / "page.html"
    path.write_text("old")

    def fails(*arguments, **_):
        raise OSError(number, os.strerror(number), *([str(arguments[0])] if failing == "replace" else []))

    targets = {"write": ("pathlib.Path.write_bytes", fails), "replace": ("pathlib.Path.replace", fails)}
    monkeypatch.setattr(*targets.get(failing, ("kerasmm.files.writing.os.fsync", fails)))
    with pytest.raises(UserError, match=rf"page.html: can't be written \({os.strerror(number)}\)"):
        write_whole(path, "new")
    assert path.read_text() == "old"
    assert names(tmp_path) == ["page.html"]


def test_an_error_about_another_file_keeps_its_name(tmp_path):
    with pytest.raises(FileNotFoundError, match="picture"), written_whole(tmp_path / "page.html"):
        (tmp_path / "picture").read_bytes()
    with pytest.raises(BrokenPipeError), written_whole(tmp_path / "page.html"):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def test_what_a_killed_process_left_is_removed_later(tmp_path):
    path, old = tmp_path / "page.html", time.time() - 2 * 24 * 3600
    kept = [f".page.html.{'a' * 16}.tmp.html", ".page.html.tmp", f".other.html.{'b' * 16}.tmp.html"]
    for name in (f".page.html.{'0' * 16}.tmp.html", *kept):
        (tmp_path / name).write_text("half")
        if name != kept[0]:
            os.utime(tmp_path / name, (old, old))
    write_whole(path, "x")
    assert names(tmp_path) == sorted([*kept, "page.html"])
