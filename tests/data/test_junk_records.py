"""Records that are no posts are left out and counted; the others have the rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data import batches
from kerasmm.data.dataset import Dataset
from kerasmm.data.manifest import FILE_NAME, Shard, read_manifest
from kerasmm.data.post import Post
from tests.tiny import stored, tiny_posts, write_dataset


def example(**features):
    kinds = {bytes: ("bytes_list", tf.train.BytesList), int: ("int64_list", tf.train.Int64List)}
    kinds[float] = ("float_list", tf.train.FloatList)
    made = {}
    for name, values in features.items():
        field, holder = kinds[type(values[0])] if values else ("bytes_list", tf.train.BytesList)
        made[name.replace("__", "/")] = tf.train.Feature(**{field: holder(value=values)})
    return tf.train.Example(features=tf.train.Features(feature=made)).SerializeToString()


JUNK = {
    "empty": b"",
    "junk": b"\xff\xfe\x00junk",
    "text": b"no example at all",
    "no id": example(text=[b"a"]),
    "empty id": example(post__id=[b""]),
    "id without value": example(post__id=[]),
    "two ids": example(post__id=[b"a", b"b"]),
    "id of numbers": example(post__id=[1]),
    "id in Latin-1": example(post__id=[b"caf\xe9"]),
    "tags of numbers": example(post__id=[b"x"], tags=[1, 2]),
    "tags in Latin-1": example(post__id=[b"x"], tags=[b"caf\xe9"]),
    "labels of floats": example(post__id=[b"x"], labels=[0.5]),
    "time as text": example(post__id=[b"x"], time=[b"1"]),
    "two times": example(post__id=[b"x"], time=[1, 2]),
    "two pictures": example(post__id=[b"x"], image__encoded=[b"a", b"b"]),
    "picture of numbers": example(post__id=[b"x"], image__encoded=[1]),
    "features too short": example(post__id=[b"x"], image__features=[b"\0\0"]),
    "features of odd bytes": example(post__id=[b"x"], image__features=[b"\0"]),
    "features not a number": example(post__id=[b"x"], image__features=[np.full((4, 5), np.nan, "float16").tobytes()]),
    "links": example(post__id=[b"x"], links=[b"a"] * 51),
    "pseudo-tags": example(post__id=[b"x"], sentences=[b"a"], sentences__tags=[b"a", b"b"]),
}


def dataset_of(folder, records):
    write_dataset(folder, {"train": tiny_posts(2, 0)})
    path = folder / "train-00000.tfrecord"
    with tf.io.TFRecordWriter(str(path)) as writer:
        for record in records:
            writer.write(record)
    shard = Shard(**stored(folder, path).model_dump(), records=len(records))
    read_manifest(folder).model_copy(update={"splits": {"train": [shard]}}).write(folder)
    return Dataset(folder)


@pytest.mark.parametrize("name", JUNK)
def test_a_record_of_junk_is_left_out_and_told(name, tmp_path, capsys):
    posts = tiny_posts(3, 1)
    good = [post.to_bytes() for post in posts]
    dataset = dataset_of(tmp_path / "data", [good[0], JUNK[name], *good[1:]])
    assert [post.id for post in dataset.posts("train")] == [post.id for post in posts]
    records = dataset.records("train")
    assert len(records) == 3 and records.left_out == 1 and "record 2: " in records.why_left_out
    assert records.rows_of([b"post-0", b"post-2", b"x"]).tolist() == [0, 2, -1]
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1 and told[0].startswith("note: ") and "without 1 of its records" in told[0]
    with pytest.raises(ValueError):
        Post.from_bytes(JUNK[name], (4, 5))


def test_nothing_but_junk_is_refused(tmp_path):
    with pytest.raises(UserError, match="none of 2 records is a post; .*record 1"):
        dataset_of(tmp_path / "data", [JUNK["junk"], JUNK["no id"]]).records("train")


def test_a_post_without_a_picture_has_nothing_for_one():
    record = [Post(id="a").to_bytes()]
    assert not batches.parse(record, batches.Picture(features_shape=(2, 3)))["picture"].numpy().any()
    assert batches.parse(record, batches.Picture(size=(4, 4)))["picture"].shape == (1, 4, 4, 3)


def test_what_the_typed_reader_takes_is_parsed(rng, tmp_path):
    """Damaged bytes: what is no post is left out, and TensorFlow parses all of the rest."""
    good = tiny_posts(1, 1)[0].to_bytes()
    damaged = []
    for _ in range(60):
        record = bytearray(good)
        for place in rng.integers(0, len(record), rng.integers(1, 4)):
            record[place] = rng.integers(256)
        damaged.append(bytes(record[: rng.integers(len(record))] if rng.random() < 0.2 else record))
    records = dataset_of(tmp_path / "data", [good, *damaged]).records("train")
    assert len(records) + records.left_out == 61
    serialized = records.read(np.arange(len(records)))
    for picture in (batches.Picture(features_shape=(4, 5)), batches.Picture(size=(8, 8))):
        parsed = batches.parse(serialized, picture, ("post/id", "tags", "labels", "links"))
        assert len(parsed["picture"]) == len(records)


def test_words_that_stand_twice_are_refused(tmp_path):
    folder = write_dataset(tmp_path / "data", {"train": tiny_posts(2, 0)}, labels=("red", "blue", "red"))
    with pytest.raises(UserError, match=r"labels.txt: word 3 is 'red', as word 1 is"):
        Dataset(folder).vocabulary("labels")


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("features", {"shape": [10**9, 10**9]}, "features.shape"),
        ("features", {"shape": []}, "features.shape"),
        ("features", {"image_size": [10**6, 1]}, "features.image_size.0"),
        ("statistics", {"posts_seen": float("nan")}, "statistics.posts_seen"),
        ("reading", {"columns": [1]}, "reading.columns"),
        ("reading", {"notices": {"a": "b"}}, "reading.notices.a"),
        ("splits", {"train": [{"name": "a" * 5000, "bytes": 0, "sha256": "", "records": 0}]}, "names 'aaa"),
        ("source", "\ud800", "source"),
        ("schema_version", True, "schema_version"),
    ],
    ids=range(9),
)
def test_the_manifest_is_bounded(key, value, said, tmp_path):
    folder = write_dataset(tmp_path / "data", {"train": tiny_posts(2, 0)})
    content = json.loads((folder / FILE_NAME).read_text())
    content[key] = {**content[key], **value} if isinstance(content[key], dict) else value
    (folder / FILE_NAME).write_text(json.dumps(content))
    with pytest.raises(UserError) as caught:
        read_manifest(folder)
    assert f"{FILE_NAME}: " in str(caught.value) and said in str(caught.value)
