"""A data set's door for one's own loop: `Dataset.examples`."""

from __future__ import annotations

import dataclasses
import doctest
import gc
import io

import keras
import numpy as np
import PIL.Image
import pytest

import kerasmm
from kerasmm.console import UserError
from kerasmm.data import dataset as module
from tests.tiny import COLOURS, LABELS, tiny_dataset, tiny_posts, write_dataset


def joined(batches):
    """All batches, one array a field."""
    parts = [{name: value.numpy() for name, value in batch.items()} for batch in batches]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def hot(post_words, vocabulary):
    return [[float(word in words) for word in vocabulary] for words in post_words]


def test_every_field_is_what_the_posts_hold(tiny):
    dataset = kerasmm.open_dataset(tiny)
    posts = list(dataset.posts("test"))
    asked = ["id", "text", "user", "time", "image", "features", "tags", "labels"]
    found = joined(dataset.examples("test", asked, image_size=(32, 32), batch_size=7))
    assert set(found) == {*asked, "has_image"}
    assert [name.decode() for name in found["id"]] == [post.id for post in posts]
    assert [text.decode() for text in found["text"]] == [post.text for post in posts]
    assert [user.decode() for user in found["user"]] == [post.user for post in posts]
    assert found["time"].tolist() == [post.time for post in posts]
    assert found["tags"].tolist() == hot((post.tags for post in posts), COLOURS)
    assert found["labels"].tolist() == hot((post.labels for post in posts), LABELS)
    np.testing.assert_array_equal(found["features"], [post.features.astype("float32") for post in posts])
    pixels = [np.asarray(PIL.Image.open(io.BytesIO(post.image))) for post in posts]
    np.testing.assert_allclose(found["image"], pixels, atol=0.01)
    assert found["has_image"].all()


def test_without_fields_it_is_what_the_split_has(tiny, tmp_path):
    dataset = kerasmm.open_dataset(tiny)
    assert list(dataset.examples("train").element_spec) == ["id", "text", "tags", "labels", "features"]
    with_pixels = dataset.examples("train", image_size=(8, 6)).element_spec
    assert list(with_pixels) == ["id", "text", "tags", "labels", "image", "has_image"]
    assert with_pixels["image"].shape.as_list() == [None, 8, 6, 3]
    bare = [dataclasses.replace(post, text=None, labels=(), features=None) for post in tiny_posts(3, 0)]
    folder = write_dataset(tmp_path / "bare", {"train": bare})
    assert list(kerasmm.open_dataset(folder).examples().element_spec) == ["id", "tags"]


def test_a_post_without_a_field_is_nothing_there(tmp_path):
    whole, bare = tiny_posts(2, 0)
    whole = dataclasses.replace(whole, sentences=("A red one.", "Another."), tags=("red", "unheard"))
    bare = dataclasses.replace(bare, image=None, features=None, text=None, user=None, time=None, tags=(), links=())
    dataset = kerasmm.open_dataset(write_dataset(tmp_path / "data", {"train": [whole, bare]}))
    fields = ["text", "user", "time", "image", "features", "tags", "sentences"]
    (batch,) = dataset.examples("train", fields, image_size=(4, 4))
    assert batch["text"].numpy().tolist() == [whole.text.encode(), b""] and batch["user"].numpy()[1] == b""
    assert batch["time"].numpy().tolist() == [whole.time, 0]
    assert batch["has_image"].numpy().tolist() == [True, False]
    assert len(np.unique(batch["image"][1])) == 1 and not batch["features"].numpy()[1].any()
    assert batch["tags"].numpy().tolist() == hot([["red"], []], COLOURS)
    assert batch["sentences"].to_list() == [[b"A red one.", b"Another."], []]


def test_each_pass_has_the_order_of_its_seed_and_number(tiny, seed):
    dataset = kerasmm.open_dataset(tiny)
    ids = [post.id.encode() for post in dataset.posts("train")]
    batches = dataset.examples("train", ["id"], batch_size=50, shuffle=True, seed=seed)
    assert int(batches.cardinality()) == 3
    for number in range(3):
        order = np.random.default_rng([seed, number]).permutation(120)
        assert joined(batches)["id"].tolist() == [ids[row] for row in order]
    assert joined(dataset.examples("train", ["id"]))["id"].tolist() == ids


@pytest.mark.parametrize("shuffle", [True, False])
def test_the_remainder_may_be_left_out(tiny, shuffle):
    dataset = kerasmm.open_dataset(tiny)
    whole = dataset.examples("train", ["id"], batch_size=50, shuffle=shuffle)
    assert [len(batch["id"]) for batch in whole] == [50, 50, 20]
    even = dataset.examples("train", ["id"], batch_size=50, shuffle=shuffle, drop_remainder=True)
    assert [len(batch["id"]) for batch in even] == [50, 50] and int(even.cardinality()) == 2
    assert even.element_spec["id"].shape.as_list() == [50]


def test_the_batches_outlive_the_data_set_they_came_from(tiny):
    batches = kerasmm.open_dataset(tiny).examples("test", ["tags"])
    gc.collect()
    assert joined(batches)["tags"].shape == (40, len(COLOURS))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"split": "tset"}, r"dataset.json: split 'tset' has no posts \(it has: train \(120\)"),
        ({"fields": ["lables"]}, r"`fields`: unknown field 'lables'; there are: id, .* Did you mean 'labels'\?"),
        ({"fields": "labels"}, r"`fields` must be a sequence of names, e.g. \[\"labels\"\]"),
        ({"fields": ["sentences"]}, r"dataset.json: split 'train' has no 'sentences' to read \(it has: id, text"),
        ({"fields": ["image"]}, "`image_size` is missing"),
        ({"image_size": (0, 4)}, r"`image_size` must be height and width in pixels. Received: image_size=\(0, 4\)"),
        ({"resize": "fit"}, "`resize` must be one of"),
        ({"batch_size": 0}, "`batch_size` must be a positive integer. Received: batch_size=0"),
    ],
)
def test_wrong_use_is_said_in_a_line(tiny, arguments, words):
    with pytest.raises(UserError, match=words) as raised:
        kerasmm.open_dataset(tiny).examples(**arguments)
    assert "\n" not in str(raised.value)


def test_the_example_of_the_docstring_fits_a_model(tmp_path):
    dataset = kerasmm.open_dataset(tiny_dataset(tmp_path / "data"))
    globs = {**vars(module), "dataset": dataset}
    (example,) = doctest.DocTestFinder(recurse=False).find(module.Dataset.examples, "examples", globs=globs)
    keras.utils.set_random_seed(0)
    assert doctest.DocTestRunner().run(example, clear_globs=False).failed == 0
    first, second = example.globs["history"].history["loss"]
    assert second < first
