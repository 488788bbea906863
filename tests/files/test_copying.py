"""Files copied out of a folder stay what was in it, whatever stands there by then."""

import os

import pytest

from kerasmm.console import UserError
from kerasmm.files import copying
from kerasmm.files.copying import copy_files, copy_within


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "export"
    (made / "assets" / "more").mkdir(parents=True)
    (made / "assets" / "tags.txt").write_text("red")
    (made / "assets" / "more" / "labels.txt").write_text("sea")
    (made / "assets" / "same.txt").symlink_to("tags.txt")
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "tags.txt").write_text("mine")
    return made


def test_copies_all_that_lies_there(folder, tmp_path):
    copy_files(folder, "assets", tmp_path / "copy")
    found = {path.relative_to(tmp_path / "copy").as_posix(): path for path in (tmp_path / "copy").rglob("*.txt")}
    assert {name: path.read_text() for name, path in found.items()} == {
        "tags.txt": "red",
        "more/labels.txt": "sea",
        "same.txt": "red",
    }
    assert not any(path.is_symlink() for path in found.values())


@pytest.mark.parametrize("planted", ["file", "folder", "pipe"])
def test_what_is_planted_after_a_check_is_not_followed(folder, tmp_path, monkeypatch, planted):
    """The check sees the file, and what is opened after it would be another's."""

    def seen(*arguments):
        path = within(*arguments)
        resolved = path.resolve()
        if planted == "folder":
            (folder / "assets").rename(folder / "were")
            (folder / "assets").symlink_to(tmp_path / "secret")
        else:
            path.unlink()
            os.mkfifo(path) if planted == "pipe" else path.symlink_to(tmp_path / "secret" / "tags.txt")
        monkeypatch.setattr(type(path), "resolve", lambda self: resolved if self == path else real(self))
        return path

    within, real = copying.within, type(folder).resolve
    monkeypatch.setattr(copying, "within", seen)
    with pytest.raises(UserError, match=r"tags\.txt: .*file of"):
        copy_within(folder, "assets/tags.txt", tmp_path / "copy.txt")
    assert not (tmp_path / "copy.txt").exists()
