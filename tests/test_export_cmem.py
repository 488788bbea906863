"""An export of an untrained CMEM, asked beside its model: pairs, whatever clients send as text, image → tweet."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from data_prep.words import normalise
from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import guarded
from kerasmm.data.dataset import open_dataset
from kerasmm.search import main as search
from kerasmm.serving.export import export
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from tests.systems.cmem.world import SETTINGS
from tests.test_export_webly import strings
from tests.tiny import LABELS, tiny_posts, write_dataset


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The system, its model, its data set and its export; the ids of two posts look like those of sentences."""
    folder = tmp_path_factory.mktemp("cmem")
    posts = {"train": tiny_posts(20, 1, False), "test": tiny_posts(9, 2, False, "t#1")}
    dataset = open_dataset(write_dataset(folder / "data", posts))
    kind = system("cmem")
    config = load_config(kind.Config, None, [*SETTINGS, "text.minimum=1"])
    cmem = kind(config, kind.gather_facts(config, dataset), 0)
    keras.utils.set_random_seed(0)
    model = cmem.build()
    return cmem, model, dataset, export(cmem, model, dataset, folder / "cmem", splits=["test"], quiet=True)


def rows(made):
    """Outputs of the indexed split, all batches as one."""
    cmem, model, dataset, _ = made
    found = list(cmem.outputs(model, dataset, "test"))
    return {name: np.concatenate([batch[name] for batch in found]) for name in found[0]}


def given(made, count=9):
    posts = list(made[2].posts("test"))[:count]
    return {"image": strings([post.image for post in posts]), "text": strings([post.text.encode() for post in posts])}


def test_annotates_and_embeds_as_the_model_does(made):
    loaded, posts = LoadedExport(made[-1]), rows(made)
    answer = loaded.answer("annotate", given(made))
    assert answer["valid"].all()
    for row, scores in enumerate(posts["scores"]):
        by_label = dict(zip(LABELS, scores, strict=True))
        found = [label.decode() for label in answer["labels"][row]]
        assert sorted(found) == sorted(LABELS)
        np.testing.assert_allclose(answer["scores"][row], [by_label[label] for label in found], atol=1e-4)
    assert (np.diff(answer["scores"], axis=1) <= 0).all()
    np.testing.assert_allclose(loaded.answer("embed", given(made))["embedding"], posts["vectors"], atol=1e-4)
    default = loaded.answer("serving_default", given(made))
    np.testing.assert_array_equal(default["labels"], answer["labels"])


def test_images_find_tweets_by_the_cosine_of_their_projections(made):
    loaded, posts = LoadedExport(made[-1]), rows(made)
    answer = loaded.answer("search_texts", {"image": given(made)["image"], "k": np.full(9, 99, "int32")})
    image, tweet = (posts[name] / np.linalg.norm(posts[name], axis=1, keepdims=True) for name in ("image", "tweet"))
    cosines = image @ tweet.T
    np.testing.assert_allclose(answer["scores"], -np.sort(-cosines, axis=1), atol=1e-4)
    said = dict(zip(posts["id"], posts["text"], strict=True))
    assert [[said[row_id] for row_id in ids] for ids in answer["ids"]] == answer["texts"].tolist()


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b" ",
        b"\xff\xfe red \x80",
        b"red " * 1_250,
        b"\x00red\x00",
        "🐶🏽‍🦱 أحمر ‮red".encode(),
        b"https://t.co/x @ann",
    ],
    ids=["nothing", "space", "no UTF-8", "5,000 characters", "NUL", "other scripts", "links and names"],
)
def test_no_text_disturbs_another(made, text):
    loaded, one = LoadedExport(made[-1]), given(made, 1)
    alone = loaded.answer("annotate", one)
    three = loaded.answer("annotate", {"image": one["image"].repeat(3), "text": strings([text, one["text"][0], text])})
    np.testing.assert_allclose(three["scores"][1:2], alone["scores"], atol=1e-5)
    assert three["valid"].all() and np.isfinite(three["scores"]).all()
    np.testing.assert_allclose(three["scores"][0], three["scores"][2], atol=1e-5)


def test_text_is_spelled_as_in_the_build(made):
    cmem = made[0]
    raw = "Ｒｅｄ\x07ﬁne RED\u00a0E\u0301\u3000\uff11"
    one = given(made, 1)
    pictures = {"image": one["image"].repeat(2)}
    answer = LoadedExport(made[-1]).answer(
        "annotate", {**pictures, "text": strings([raw.encode(), normalise(raw).encode()])}
    )
    np.testing.assert_allclose(answer["scores"][0], answer["scores"][1], atol=1e-6)
    # Without that, other characters: most of them are unknown.
    ids = [cmem.posts.characters(tf.constant([text]))["characters"].numpy().tolist() for text in (raw, normalise(raw))]
    assert ids[0] != ids[1]


def test_a_bad_picture_and_no_pair_at_all(made):
    loaded, one = LoadedExport(made[-1]), given(made, 1)
    answer = loaded.answer("annotate", {"image": strings([b"junk", one["image"][0]]), "text": one["text"].repeat(2)})
    assert answer["valid"].tolist() == [False, True]
    assert set(answer["labels"][0]) == {b""} and not answer["scores"][0].any()
    for name in ("annotate", "embed"):
        none = loaded.answer(name, {"image": strings([]), "text": strings([])})
        assert all(len(values) == 0 for values in none.values())


def test_the_search_command_shows_the_posts_of_tweets(made, tmp_path, capsys):
    path = tmp_path / "query.png"
    path.write_bytes(next(made[2].posts("test")).image)
    assert guarded(search, ["--model", str(made[-1]), "--image", str(path), "-k", "3", "--json", "--quiet"]) == 0
    said = {post.id: post for post in made[2].posts("test")}
    for result in json.loads(capsys.readouterr().out)["results"]:
        assert result["text"] == said[result["id"]].text and result["labels"] == list(said[result["id"]].labels)
