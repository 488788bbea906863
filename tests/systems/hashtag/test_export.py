"""What a trained hashtag answers."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.data.manifest import read_manifest
from kerasmm.encoders import image_encoder
from kerasmm.models import begin_second_stage, hashtag_part
from kerasmm.runs.evaluation import Evaluation
from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter
from tests.systems.hashtag.exported import exported
from tests.systems.hashtag.test_signatures import EVERY
from tests.systems.hashtag.world import WORDS, made, stages_of
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


def test_an_export_says_what_a_user_would_say():
    """And who was never seen gets the mean user; another spelling of a name is another user."""
    one = exported()
    loaded = LoadedExport(one.folder)
    assert set(loaded.inputs) == EVERY and "missing" not in loaded.about
    names, pictures = ["user-3", "user-0", "USER-1"], [post.image for post in one.dataset.posts("test")][:3]
    asked = {
        "image": np.array([*pictures, b"no picture"], object),
        "user": np.array([name.encode() for name in [*names, "user-1"]], object),
        "k": np.array([6, 2, 3, 4], "int32"),
    }
    answer = loaded.answer("tags", asked)
    assert answer["known"].tolist() == [True, True, False, False]
    assert answer["valid"].tolist() == [True, True, True, False]

    kernel, tags, people = weights(one)
    (outputs,) = one.hashtag.outputs(one.model, one.dataset, "test")
    for row, k in enumerate((6, 2, 3)):
        known = one.hashtag.users
        user = people[known.index(names[row])] if names[row] in known else people.mean(axis=0)
        scores = np.einsum("dfe,kd,f,e->k", kernel, tags, outputs["image"][row], user)
        best = np.argsort(-scores)[:k]
        words = [one.hashtag.vocabularies["tags"][place].encode() for place in best]
        assert answer["labels"][row].tolist() == words + [b""] * (6 - k)
        np.testing.assert_allclose(answer["scores"][row, :k], scores[best], rtol=1e-3, atol=1e-4)
        assert not answer["scores"][row, k:].any()
    assert not answer["labels"][3].astype(bool).any()


def test_an_export_fits_users_to_pictures_and_searches_for_them():
    """By the loader of servers, from picture bytes; a picture that is none counts as no post."""
    one = exported()
    loaded = LoadedExport(one.folder)
    kernel, table, people = weights(one)
    (outputs,) = one.hashtag.outputs(one.model, one.dataset, "test")
    shown = list(one.dataset.posts("test"))
    pictures = np.array([[shown[0].image, b"no picture", shown[1].image, b""], [b"", b"", b"", b""]], object)
    words = np.full((2, 4, 4), b"", object)
    for place, post in ((0, shown[0]), (1, shown[3]), (2, shown[1])):
        words[0, place, : len(post.tags)] = [tag.encode() for tag in post.tags]
    fitted = loaded.answer("fit_user", {"images": pictures, "image_tags": words})
    assert fitted["posts"].tolist() == [2, 0] and fitted["valid"].tolist() == [True, False]
    own = np.full((2, 4), -1)
    for row, post in enumerate(shown[:2]):
        own[row, : len(post.tags)] = [WORDS.index(tag) for tag in post.tags]
    fitter = UserFitter(kernel, table, people.mean(axis=0), UserFit())
    wanted = fitter(tf.constant(outputs["image"][:2]), tf.constant(own), tf.zeros(2, tf.int32), 1).numpy()
    np.testing.assert_allclose(fitted["embedding"][:1], wanted, rtol=1e-2, atol=1e-2 * np.abs(wanted).max())

    asked = {"tags": np.array([[b"red"]], object), "k": np.array([6], "int32")}
    found = loaded.answer("search_for_user_vector", {**asked, "user_vector": fitted["embedding"][:1]})
    scores = np.einsum("dfe,d,nf,e->n", kernel, table[WORDS.index("red")], outputs["image"], fitted["embedding"][0])
    assert found["ids"][0].tolist() == [outputs["id"][place] for place in np.argsort(-scores)]
    np.testing.assert_allclose(found["scores"][0], np.sort(scores)[::-1], rtol=1e-3, atol=1e-3 * np.abs(scores).max())
    stranger = loaded.answer("search", {**asked, "user": np.array([b"USER-1"], object)})
    assert stranger["known"].tolist() == [False] and stranger["valid"].tolist() == [True]
    with pytest.raises(UserError, match="fit_user can't be answered"):
        loaded.answer("fit_user", {"images": pictures[:1, :1], "image_tags": words[:1]})


def weights(one):
    """The tensor, and the vectors of tags and users."""
    return [np.asarray(one.model.get_layer(name).get_weights()[0], "float64") for name in ("tensor", "tags", "users")]


@pytest.mark.parametrize("change", ["network.user_model=tensor", "network.user_model=mlp", "network.user_model=none"])
def test_a_model_of_stored_features_is_served_on_pixels(tmp_path, rng, change):
    """Pictures go through the encoder that stored the features of the posts."""
    encoder = image_encoder("small@pooled", weights=None)
    posts = [
        dataclasses.replace(post, features=rng.normal(size=encoder.feature_shape).astype("float16"))
        for post in tiny_posts(12, 1)
    ]
    folder = write_dataset(tmp_path / "data", {"train": posts})
    features = read_manifest(folder).features.model_copy(
        update={"encoder": encoder.spec, "fingerprint": "", "image_size": encoder.image_size, "resize": encoder.resize}
    )
    read_manifest(folder).model_copy(update={"features": features}).write(folder)
    hashtag, _ = made(folder, change)
    model = hashtag.build()
    assert "features" in model.input
    pixels = rng.uniform(0, 255, (3, *encoder.image_size, 3)).astype("float32")
    user = {"user": np.array([0, -1, 2])} if hashtag.specific else {}
    found = hashtag.from_pixels(model)({"image": pixels, **user}, training=False)
    encoded = hashtag.pictures.encoder.model(pixels, training=False).numpy()
    wanted = hashtag_part(model, *found)({"features": encoded, **user}, training=False)
    assert {"image", "vectors"} <= set(found)
    for name, array in found.items():
        np.testing.assert_allclose(array, wanted[name], rtol=1e-4, atol=1e-5, err_msg=name)
