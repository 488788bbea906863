"""What is refused of an export before it is made."""

import json

import pytest

from kerasmm.console import UserError
from kerasmm.serving.base import check_base, origin_of, refuse_another
from kerasmm.serving.check import SIGNATURES_FILE

MINE = {"run": "mine", "data": "photos", "source": "posts"}


@pytest.fixture
def base(tmp_path):
    """A base folder with a first version, of which it says what it was given."""

    def made(about, tags=("snow", "dog")):
        version = tmp_path / "mine" / "1"
        (version / "assets").mkdir(parents=True)
        (version / SIGNATURES_FILE).parent.mkdir()
        (version / SIGNATURES_FILE).write_text(json.dumps(about))
        (version / "assets" / "tags.txt").write_text("".join(f"{tag}\n" for tag in tags))
        return version.parent

    return made


def test_the_names_of_the_folders_say_what_an_export_is_made_of(tmp_path, monkeypatch):
    (tmp_path / "runs" / "mine").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "runs" / "mine")
    assert origin_of(tmp_path.relative_to(tmp_path), tmp_path / "elsewhere" / "photos", "posts") == MINE


@pytest.mark.parametrize("key", ["run", "data", "source"])
def test_another_run_or_data_set_is_refused(base, key):
    folder = base({"origin": MINE})
    refuse_another(folder, MINE)
    with pytest.raises(UserError, match=r"mine/1: holds run 'mine' on data set 'photos' \(posts\), not run.*--force"):
        refuse_another(folder, {**MINE, key: "other"})


@pytest.mark.parametrize("about", [{}, {"origin": None}, {"origin": "x"}, []])
def test_of_an_older_version_the_words_are_compared(base, about):
    folder = base(about)
    refuse_another(folder, MINE, {"tags": ["snow", "dog"], "labels": ["cold"]})
    with pytest.raises(UserError, match="mine/1: holds a model with other tags than those of run 'mine'"):
        refuse_another(folder, MINE, {"tags": ["dog", "snow"]})


def test_an_empty_base_is_nobodys(tmp_path):
    refuse_another(tmp_path / "nothing", MINE)
    assert check_base(tmp_path / "mine-2.5") == "mine-2.5"


def test_a_name_that_no_request_can_hold_is_refused(tmp_path):
    with pytest.raises(UserError, match="name is the model's name"):
        check_base(tmp_path / "my models")
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="expected a folder"):
        check_base(tmp_path / "file")
