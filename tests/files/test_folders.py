"""Folders exchanged and removed; links in them lead nowhere."""

import pytest

from kerasmm.console import UserError
from kerasmm.files.folders import exchange, own_folder, remove, sync_tree


def test_an_exchange_leaves_both_or_neither(tmp_path):
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "1").write_text("")
    (tmp_path / "other").mkdir()
    if exchange(tmp_path / "one", tmp_path / "other"):
        assert (tmp_path / "other" / "1").exists()
        assert not (tmp_path / "one" / "1").exists()
    else:
        assert (tmp_path / "one" / "1").exists()
    with pytest.raises(OSError, match="No such file"):
        if not exchange(tmp_path / "one", tmp_path / "gone"):
            raise FileNotFoundError(2, "No such file")


def test_links_are_removed_and_not_followed(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "mine").write_text("mine")
    (tmp_path / "folder" / "deep").mkdir(parents=True)
    (tmp_path / "folder" / "deep" / "link").symlink_to(tmp_path / "victim")
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    sync_tree(tmp_path / "folder")
    for name in ("folder", "link", "gone"):
        remove(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["victim"]
    assert (tmp_path / "victim" / "mine").read_text() == "mine"


def test_a_folder_of_ours_is_no_link(tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "run").mkdir()
    own_folder(tmp_path / "run" / "checkpoints" / "train", tmp_path / "run")
    assert (tmp_path / "run" / "checkpoints" / "train").is_dir()
    (tmp_path / "run" / "checkpoints" / "clean").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="clean: is a link; expected a folder of"):
        own_folder(tmp_path / "run" / "checkpoints" / "clean", tmp_path / "run")
    (tmp_path / "run" / "tensorboard").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UserError, match="tensorboard"):
        own_folder(tmp_path / "run" / "tensorboard", tmp_path / "run")
    assert not any((tmp_path / "victim").iterdir())
