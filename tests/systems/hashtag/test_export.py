"""What a trained hashtag answers."""

from __future__ import annotations

import numpy as np
import pytest

from kerasmm.asking.loaded import LoadedExport
from kerasmm.models import begin_second_stage
from kerasmm.runs.evaluation import Evaluation
from kerasmm.serving.export import export
from tests.systems.hashtag.world import made, stages_of
from tests.tiny import tiny_posts, write_dataset


def test_accuracy_is_equation_7(world, rng):
    hashtag, model, dataset, _ = stages_of(world)
    begin_second_stage(model)
    model.get_layer("tags").set_weights([rng.normal(size=(6, 8)).astype("float32")])
    evaluation = Evaluation(hashtag, model, dataset, "test")
    got = hashtag.protocol.evaluate(evaluation)
    outputs, hits = evaluation.outputs("test"), []
    tags = np.asarray(model.get_layer("tags").embeddings, "float64")
    kernel = np.asarray(model.get_layer("tensor").kernel, "float64")
    people = np.asarray(model.get_layer("users").embeddings, "float64")
    for number, post in enumerate(dataset.posts("test")):
        user = hashtag.users.index(post.user)
        scores = np.einsum("dfe,kd,f,e->k", kernel, tags, outputs["image"][number], people[user])
        hits.append(hashtag.vocabularies["tags"][int(np.argmax(scores))] in post.tags)
    assert got["A@1"] == pytest.approx(np.mean(hits))
    assert got["posts"] == 36


def test_an_export_says_what_a_user_would_say(tmp_path, rng):
    """And who was never seen gets the mean user."""
    data = write_dataset(
        tmp_path / "data", {"train": tiny_posts(20, 1, False), "test": tiny_posts(3, 2, False, "test")}
    )
    hashtag, dataset = made(data)
    model = hashtag.build()
    begin_second_stage(model)
    for name in ("tags", "users", "tensor"):
        layer = model.get_layer(name)
        layer.set_weights([rng.normal(size=layer.get_weights()[0].shape).astype("float32")])
    loaded = LoadedExport(export(hashtag, model, dataset, tmp_path / "export", splits=["test"], quiet=True))
    names, pictures = ["user-3", "user-0", "stranger", "user-1"], [post.image for post in dataset.posts("test")]
    asked = {
        "image": np.array([*pictures, b"no picture"], object),
        "user": np.array([name.encode() for name in names], object),
        "k": np.array([6, 2, 3, 4], "int32"),
    }
    answer = loaded.answer("tags", asked)
    assert answer["known"].tolist() == [True, True, False, False]
    assert answer["valid"].tolist() == [True, True, True, False]

    (outputs,) = hashtag.outputs(model, dataset, "test")
    (kernel,), (tags,), (people,) = (model.get_layer(name).get_weights() for name in ("tensor", "tags", "users"))
    for row, k in enumerate((6, 2, 3)):
        user = people[hashtag.users.index(names[row])] if names[row] in hashtag.users else people.mean(axis=0)
        scores = np.einsum("dfe,kd,f,e->k", kernel, tags, outputs["image"][row], user)
        best = np.argsort(-scores)[:k]
        words = [hashtag.vocabularies["tags"][place].encode() for place in best]
        assert answer["labels"][row].tolist() == words + [b""] * (6 - k)
        np.testing.assert_allclose(answer["scores"][row, :k], scores[best], rtol=1e-3, atol=1e-4)
        assert not answer["scores"][row, k:].any()
    assert not answer["labels"][3].astype(bool).any()
