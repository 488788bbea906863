"""Picture files of a stranger's, in a build and as questions: refused in a line, and nothing is run or waited for."""

import os
import subprocess

import pytest
from PIL import EpsImagePlugin

from data_prep.clean.pictures import check_picture
from kerasmm.asking.pictures import picture_bytes
from kerasmm.console import UserError
from kerasmm.data.opening import MAX_PIXELS, BadPicture
from tests.hostile.recipes import recipes, written

REFUSED = {
    "postscript": "not a JPEG, PNG",
    "a-thousand-scans": "too many scans",
    "comments-of-a-byte": "damaged",
    "a-pipe": "missing file",
    "a-device": "missing file",
}


@pytest.fixture(autouse=True)
def _no_programs(monkeypatch):
    def started(*arguments, **_):
        raise AssertionError(f"started: {arguments}")

    monkeypatch.setattr(EpsImagePlugin, "gs_binary", "gs")
    monkeypatch.setattr(subprocess, "check_call", started)


@pytest.mark.parametrize("name", REFUSED)
def test_a_build_refuses(tmp_path, name):
    with pytest.raises(BadPicture, match=REFUSED[name]):
        check_picture(written(f"pictures/{name}", tmp_path), MAX_PIXELS)


def test_many_comments_are_dropped(tmp_path):
    """The decoder passes them by; what is kept is drawn anew, without them."""
    found = check_picture(written("pictures/a-hundred-thousand-chunks", tmp_path), MAX_PIXELS)
    assert found.encoded is not None and len(found.encoded) < 1000


@pytest.mark.parametrize("name", ["a-pipe", "a-device"])
def test_a_question_is_a_regular_file(tmp_path, name):
    path = written(f"pictures/{name}", tmp_path)
    with pytest.raises(UserError, match="no regular file") as caught:
        picture_bytes(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)


def test_every_recipe_of_pictures_is_tried():
    tried = {*REFUSED, "a-hundred-thousand-chunks"}
    assert {name.removeprefix("pictures/") for name in recipes() if name.startswith("pictures/")} == tried


def test_pairs_are_read_from_a_regular_file(tmp_path):
    from kerasmm.asking.pairs import read_pairs

    os.mkfifo(tmp_path / "pairs.csv")
    with pytest.raises(UserError, match="no regular file"):
        read_pairs(tmp_path / "pairs.csv", ("image", "text"))
