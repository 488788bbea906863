import subprocess
import sys

import pytest

from data_prep import sources
from kerasmm.console import UserError


@pytest.mark.parametrize("name", sources.SOURCES)
def test_every_source_says_what_it_is(name, tmp_path):
    source = sources.find(name)
    assert source.name == name
    assert source.summary and "\n" not in source.summary
    assert source.layout
    for unit in (None, *source.units):
        assert isinstance(source.defaults_for(unit), dict)


def test_unknown_source_names_the_nearest():
    with pytest.raises(UserError, match="unknown source 'movielans'.*Did you mean 'movielens'"):
        sources.find("movielans")


@pytest.mark.parametrize(
    "name", ["flickr8k", "flickr30k", "coco", "movielens", "nuswide", "mirflickr", "voc", "tweets", "yfcc100m", "posts"]
)
def test_sources_that_read_files_say_which(name, tmp_path):
    source = sources.find(name)
    with pytest.raises(UserError, match="--input"):
        source(None, None, tmp_path)
    with pytest.raises(UserError, match="no such folder"):
        source(tmp_path / "absent", None, tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty: has no .*expects"):
        source(tmp_path / "empty", None, tmp_path)


@pytest.mark.parametrize(
    "name", ["flickr8k", "flickr30k", "coco", "movielens", "nuswide", "mirflickr", "voc", "tweets", "yfcc100m"]
)
def test_a_file_is_not_a_folder(name, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="not a folder"):
        sources.find(name)(tmp_path / "file", None, tmp_path)


def test_units_are_checked(tmp_path):
    with pytest.raises(UserError, match="film, act.*Received: 'films'"):
        sources.find("movielens")(tmp_path, "films", tmp_path)
    with pytest.raises(UserError, match="`unit` is not known"):
        sources.find("flickr8k")(tmp_path, "film", tmp_path)


def test_shapes_takes_no_input(tmp_path):
    with pytest.raises(UserError, match="leave `--input` out"):
        sources.find("shapes")(tmp_path, None, tmp_path)


def test_finding_a_source_imports_nothing_heavy():
    code = (
        "import sys\nfrom data_prep.sources import SOURCES, find\n[find(name) for name in SOURCES]\n"
        "assert not {'tensorflow', 'keras', 'apache_beam', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
