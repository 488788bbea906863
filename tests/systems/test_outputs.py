import gc
import weakref

import keras
import numpy as np
import pytest

from kerasmm.data import open_dataset
from kerasmm.data.batches import Picture
from kerasmm.systems import outputs
from kerasmm.systems.outputs import model_outputs, picked_rows
from tests.tiny import COLOURS, tiny_posts, write_dataset


def batches(scores, size, read):
    for start in range(0, len(scores), size):
        read.append(start)
        yield {"id": np.arange(start, start + size), "scores": scores[start : start + size]}


@pytest.mark.parametrize("rows", [[0], [9, 2, 3], [4, 4], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]])
def test_picks_rows_in_the_order_that_was_asked_for(rng, rows):
    scores = rng.normal(size=(10, 3))
    got = picked_rows(batches(scores, 4, []), "scores", rows)
    assert got.tolist() == [scores[row].tolist() for row in rows]


def test_reads_no_further_than_the_last_row(rng):
    read = []
    picked_rows(batches(rng.normal(size=(10, 3)), 4, read), "scores", [5, 1])
    assert read == [0, 4]


def test_posts_are_traced_once_a_split_and_forgotten_with_the_data_set(tmp_path, monkeypatch):
    """However often a model is run over them, and whatever the model, as long as it takes the same of them."""
    traced, parse = [], outputs.batches.parse

    def counted(*arguments):
        traced.append(1)
        return parse(*arguments)

    monkeypatch.setattr(outputs.batches, "parse", counted)
    posts = {"train": tiny_posts(70, 1), "test": tiny_posts(3, 2, prefix="test")}
    dataset = open_dataset(write_dataset(tmp_path / "data", posts))
    shape = tuple(dataset.manifest.features.shape)
    given = keras.Input(shape, name="features")

    def run(dataset, split, words):
        model = keras.Model({"features": given}, {"twice": keras.layers.Rescaling(2)(given)})
        wanted = {"vectors": lambda found: found["twice"]}
        return list(model_outputs(model, dataset, split, Picture(features_shape=shape), {"tags": words}, wanted))

    for split, words, times in (
        ("train", [*COLOURS], 1),
        ("train", [*COLOURS], 1),
        ("test", [*COLOURS], 2),
        ("train", [*COLOURS][::-1], 3),
        ("test", [*COLOURS], 3),
    ):
        found = run(dataset, split, words)
        assert len(traced) == times
        assert [name.decode() for batch in found for name in batch["id"]] == [post.id for post in posts[split]]
        for batch, first in zip(found, (0, 64), strict=False):
            for row, post in enumerate(posts[split][first : first + 64]):
                assert batch["tags"][row].tolist() == [float(word in post.tags) for word in words]
                np.testing.assert_array_equal(batch["vectors"][row], 2 * post.features.astype("float32"))
    reference = weakref.ref(dataset)
    del dataset
    gc.collect()
    assert reference() is None
