"""Places that somebody prepared: nothing is written through, replaced or deleted that isn't ours."""

import pytest

from data_prep.work.workspace import workspace
from kerasmm.console import UserError
from kerasmm.files.writing import write_whole
from tests.hostile.recipes import written


def test_nothing_is_written_through_a_link(tmp_path):
    place = written("folders/links-where-files-will-be", tmp_path)
    for name in ("config.yaml", "metrics.csv", "dataset.json", "page.html"):
        write_whole(place / name, "ours")
        assert (place / name).read_text("utf-8") == "ours" and not (place / name).is_symlink()
    assert (place.parent / "victim").read_text("utf-8") == "mine"


@pytest.mark.parametrize("name", ["device", "pipe", "folder", "ring"])
def test_what_is_no_file_is_not_replaced(tmp_path, name):
    path = written("folders/what-is-no-file", tmp_path) / name
    with pytest.raises(UserError, match=name):
        write_whole(path, "ours")
    left = sorted(file.name for file in path.parent.iterdir())
    assert left == ["device", "folder", "pipe", "ring"]


def test_a_building_that_is_elsewhere_is_left_alone(tmp_path):
    output = written("folders/a-building-that-is-elsewhere", tmp_path)
    with pytest.raises(UserError, match="no build made what stands there"), workspace(output):
        raise AssertionError("not refused")
    victim = output.parents[1] / "victim"
    assert sorted(path.read_text("utf-8") for path in victim.rglob("*.txt")) == ["mine"] * 3
