"""Names stay in their folder, links included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kerasmm.console import UserError
from kerasmm.files.within import require_within, within


@pytest.fixture
def folder(tmp_path):
    """A folder with a file, and a file beside it that is another's."""
    made = tmp_path / "export"
    (made / "deep").mkdir(parents=True)
    (made / "deep" / "words.txt").write_text("ours")
    (tmp_path / "secret.txt").write_text("another's")
    return made


@pytest.mark.parametrize("name", ["deep/words.txt", "not-there-yet.txt", "deep", "a..b", "..."])
def test_names_below_are_paths(folder, name):
    assert within(folder, name) == folder / name


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt",
        "deep/../../secret.txt",
        "deep/..",
        "..",
        "..\\secret.txt",
        "/etc/passwd",
        "",
        "a\0b",
        "\udc80",
        "x" * 256,
        "é" * 128,
        "x/" * 2500,
        7,
        None,
        ["deep"],
    ],
    ids=lambda name: ascii(name)[:20],
)
def test_other_names_are_refused(folder, name):
    with pytest.raises(UserError, match="a name within") as raised:
        within(folder, name, "assets.json")
    said = str(raised.value)
    assert said.startswith("assets.json: names ")
    assert said.isprintable() and len(said) < 300 + len(str(folder))


def test_links_within_are_followed(folder):
    (folder / "link").symlink_to("deep/words.txt")
    assert within(folder, "link").read_text() == "ours"
    require_within(folder)


def test_links_out_are_refused(folder):
    (folder / "file").symlink_to("../secret.txt")
    (folder / "up").symlink_to("..")
    for name in ("file", "up/secret.txt", "up/not-there"):
        with pytest.raises(UserError, match="leads out of"):
            within(folder, name)


def test_a_folder_that_is_itself_a_link_was_named_by_its_user(folder, tmp_path):
    (tmp_path / "current").symlink_to(folder)
    assert within(tmp_path / "current", "deep/words.txt").read_text() == "ours"
    require_within(tmp_path / "current")


def test_a_folder_is_no_part_of_the_name_of_another(folder):
    (folder.parent / "export2").mkdir()
    (folder / "near").symlink_to("../export2")
    with pytest.raises(UserError, match="leads out of"):
        within(folder, "near")


def test_circles_of_links_are_refused(folder):
    (folder / "a").symlink_to("b")
    (folder / "b").symlink_to("a")
    with pytest.raises(UserError, match="circle"):
        within(folder, "a/words.txt")


@pytest.mark.parametrize("at", ["link", "deep/link"])
def test_links_out_are_found_at_any_depth(folder, at):
    (folder / at).symlink_to(os.path.relpath(folder.parent / "secret.txt", (folder / at).parent))
    with pytest.raises(UserError, match=f"{Path(at).name}'.*leads out of"):
        require_within(folder)
