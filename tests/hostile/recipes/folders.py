"""Folders that somebody prepared where a command will write."""

from __future__ import annotations

import os
from pathlib import Path

from tests.hostile.recipes import recipe


@recipe
def links_where_files_will_be(folder: Path) -> Path:
    """Links to a file of somebody's, under the names that versions before this one wrote aside and renamed."""
    victim = folder / "victim"
    victim.write_text("mine", "utf-8")
    (place := folder / "run").mkdir()
    for name in (".config.yaml.tmp", ".metrics.csv.tmp", ".dataset.json.tmp", "config.yaml", "page.html"):
        (place / name).symlink_to(victim)
    return place


@recipe
def what_is_no_file(folder: Path) -> Path:
    """A device, a pipe, a folder and a ring of links where a file is to be written."""
    (folder / "device").symlink_to("/dev/full")
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    (folder / "ring").symlink_to("ring")
    return folder


@recipe
def a_building_that_is_elsewhere(folder: Path) -> Path:
    """The hidden folder of a build as a link to a folder of somebody's."""
    for name in ("work", "scratch", "whole"):
        (folder / "victim" / name).mkdir(parents=True)
        (folder / "victim" / name / "thesis.txt").write_text("mine", "utf-8")
    (folder / "data").mkdir()
    (folder / "data" / ".posts.building").symlink_to(folder / "victim")
    return folder / "data" / "posts"
