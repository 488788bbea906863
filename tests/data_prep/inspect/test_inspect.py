"""`inspect` against damage, and its figures against a loop over the posts."""

import json
import shutil
from collections import Counter

import numpy as np
import pytest

from data_prep.inspect.inspect import SAMPLES, inspect
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from tests.data_prep.world import build_world, random_drafts
from tests.hostile.recipes import written


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inspect")
    build_world(folder, random_drafts(folder / "pictures", 40, np.random.default_rng(3)), {"shard_records": 10})
    return folder / "data"


@pytest.fixture
def built(whole, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(whole, tmp_path / "data")


def test_figures(built):
    posts = [(post, split) for split in ("train", "validation", "test") for post in open_dataset(built).posts(split)]
    figures = inspect(built, quiet=True)
    assert figures.posts == Counter(split for _, split in posts)
    assert figures.tags == Counter(tag for post, _ in posts for tag in post.tags)
    assert figures.labels == Counter(label for post, _ in posts for label in post.labels)
    assert figures.links == sum(len(post.links) for post, _ in posts)
    table = figures.table()
    assert table["tags_per_image"] == pytest.approx(np.mean([len(post.tags) for post, _ in posts]), abs=0.005)
    assert table["labels_per_image"] == pytest.approx(np.mean([len(post.labels) for post, _ in posts]), abs=0.005)
    ids = [post.id for post, _ in figures.samples]
    assert len(set(ids)) == SAMPLES
    assert ids == [post.id for post, _ in inspect(built, quiet=True).samples]
    assert set(ids) < {post.id for post, _ in posts}


def flip(path, place=-7):
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def newer(folder):
    manifest = json.loads((folder / "dataset.json").read_text())
    (folder / "dataset.json").write_text(json.dumps(manifest | {"schema_version": 99}))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            lambda folder: flip(folder / "train-00001-of-00004.tfrecord"),
            r"train-00001-of-00004\.tfrecord: SHA-256 differs",
        ),
        (
            lambda folder: (folder / "test-00000-of-00004.tfrecord").unlink(),
            r"test-00000-of-00004\.tfrecord: .*missing",
        ),
        (lambda folder: flip(folder / "tags.txt"), r"tags\.txt: SHA-256 differs"),
        (lambda folder: (folder / "labels.txt").unlink(), r"labels\.txt: .*missing"),
        (lambda folder: (folder / "rejects.jsonl").write_text("more"), r"rejects\.jsonl: has 4 bytes"),
        (newer, r"`schema_version` is 99"),
        (lambda folder: (folder / "dataset.json").write_text("{"), r"dataset\.json: not valid JSON"),
    ],
)
def test_damage_is_named(built, damage, message, capsys):
    damage(built)
    with pytest.raises(UserError, match=message):
        inspect(built)
    assert "whole" not in capsys.readouterr().out


def test_a_data_set_of_one_post(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 1, rng, labels=lambda n: (), tags=lambda n: ("$x_1$", "日本"))
    build_world(tmp_path, drafts, {})
    figures = inspect(tmp_path / "data", plots=tmp_path / "plots", quiet=True)
    assert (figures.table()["labels"], figures.table()["nodes_training"]) == (0, 1)
    assert len(list((tmp_path / "plots").iterdir())) == 3


def test_records_that_are_no_posts_are_counted(tmp_path, capsys):
    folder = written("datasets/a-record-of-junk", tmp_path)
    assert inspect(folder).left_out == {"train": 1}
    assert "no posts, and left out: 1 of train" in capsys.readouterr().out
    inspect(folder, as_json=True, quiet=True)
    assert json.loads(capsys.readouterr().out)["left_out"] == {"train": 1}
