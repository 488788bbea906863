"""An export of an untrained webly, asked beside its model: both ways of search, raw text, whatever clients send."""

from __future__ import annotations

import dataclasses
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
from tests.tiny import tiny_posts, write_dataset

RAW = "Straße ﬁne Ångström İstanbul"
"""Words that data preparation spells otherwise."""

SIZES = ("dimension=12", "gru_units=12", "word_dimension=8")


def described(posts):
    """Posts with two sentences about their quarters, but for the first, which has none."""
    found = []
    for post in posts:
        words = post.text.split()
        below = normalise(f"{words[2]} & {words[3]}, below! {RAW}")
        sentences = (f"A picture of {words[0]} and {words[1]}.", below)
        found.append(dataclasses.replace(post, sentences=sentences if found else (), text=None, labels=()))
    return found


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The system, its model, its data set and its export."""
    folder = tmp_path_factory.mktemp("webly")
    posts = {"train": described(tiny_posts(20, 1, False)), "test": described(tiny_posts(9, 2, False, "t#1"))}
    dataset = open_dataset(write_dataset(folder / "data", posts))
    kind = system("webly")
    config = load_config(kind.Config, None, ["loss.tag_weight=0", "text.minimum=1", *(f"network.{s}" for s in SIZES)])
    webly = kind(config, kind.gather_facts(config, dataset), 0)
    keras.utils.set_random_seed(0)
    model = webly.build()
    return webly, model, dataset, export(webly, model, dataset, folder / "webly", splits=["test"], quiet=True)


def rows(made, kind):
    """Outputs of the indexed split, all batches as one."""
    webly, model, dataset, _ = made
    found = list(webly.outputs(model, dataset, "test", kind))
    return {name: np.concatenate([batch[name] for batch in found]) for name in found[0]}


def strings(values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def test_sentences_and_pictures_are_embedded_as_by_the_model(made):
    loaded, posts, sentences = LoadedExport(made[-1]), rows(made, "posts"), rows(made, "sentences")
    assert [row_id.decode() for row_id in sentences["id"]] == [f"t#1-{n}#{k}" for n in range(1, 9) for k in (0, 1)]
    answer = loaded.answer("embed_text", {"text": sentences["text"]})
    assert answer["valid"].all()
    np.testing.assert_allclose(answer["embedding"], sentences["vectors"], atol=1e-5)
    images = strings([post.image for post in made[2].posts("test")])
    answer = loaded.answer("embed_image", {"image": images})
    np.testing.assert_allclose(answer["embedding"], posts["vectors"], atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(answer["embedding"], axis=1), 1.0, atol=1e-5)


def test_search_ranks_by_inner_product_both_ways(made):
    loaded, posts, sentences = LoadedExport(made[-1]), rows(made, "posts"), rows(made, "sentences")
    texts, images = sentences["text"][:3], strings([post.image for post in made[2].posts("test")][:3])
    for name, given, queries, candidates in (
        ("search_images", {"text": texts}, sentences["vectors"][:3], posts),
        ("search_texts", {"image": images}, posts["vectors"][:3], sentences),
    ):
        answer = loaded.answer(name, {**given, "k": np.full(3, 99, "int32")})
        scores = queries @ candidates["vectors"].T
        np.testing.assert_allclose(answer["scores"], -np.sort(-scores, axis=1), atol=1e-4)
        by_id = [dict(zip(candidates["id"], row, strict=True)) for row in scores]
        found = [[by_id[row][row_id] for row_id in ids] for row, ids in enumerate(answer["ids"])]
        np.testing.assert_allclose(answer["scores"], found, atol=1e-4)
    said = dict(zip(sentences["id"], sentences["text"], strict=True))
    assert [[said[row_id] for row_id in ids] for ids in answer["ids"]] == answer["texts"].tolist()


@pytest.mark.parametrize(
    ("junk", "valid"),
    [
        (b"", False),
        (b"...", False),
        (b"zebras xylophone", False),
        ("🐶🏽‍🦱".encode(), False),
        ("أحمر כלב".encode(), False),
        (b"\xff\xfe red \x80", True),
        (b"red and " * 5_000, True),
        ("\N{RIGHT-TO-LEFT OVERRIDE}red\N{POP DIRECTIONAL FORMATTING} 🐶".encode(), True),
    ],
)
def test_no_text_disturbs_another(made, junk, valid):
    loaded = LoadedExport(made[-1])
    alone = loaded.answer("embed_text", {"text": strings([b"red and blue"])})
    answer = loaded.answer("embed_text", {"text": strings([junk, b"red and blue", junk])})
    np.testing.assert_allclose(answer["embedding"][1:2], alone["embedding"], atol=1e-6)
    assert answer["valid"].tolist() == [valid, True, valid] and np.isfinite(answer["embedding"]).all()


SPELLINGS = [RAW, "ＳＴＲＡＳＳＥ\u3000fine\x07 A\u030angstro\u0308m\ti\u0307stanbul"]


def test_text_is_spelled_as_in_the_build(made):
    words = normalise(RAW).split()
    assert set(words) <= set(made[0].vocabularies["words"])
    asked = [*SPELLINGS, " ".join(words)]
    in_session = LoadedExport(made[-1]).answer("embed_text", {"text": strings([text.encode() for text in asked])})
    in_eager = tf.saved_model.load(str(made[-1])).signatures["embed_text"](text=tf.constant(asked))
    for answer in (in_session, in_eager):
        assert np.asarray(answer["valid"]).all()
        np.testing.assert_allclose(answer["embedding"], [answer["embedding"][2]] * 3, atol=1e-6)
    other = LoadedExport(made[-1]).answer("embed_text", {"text": strings([b"fine"])})["embedding"]
    assert np.abs(other - in_session["embedding"][2]).max() > 1e-3


def test_the_command_finds_posts_and_sentences(made, tmp_path, capsys):
    path, page = tmp_path / "query.png", tmp_path / "found.html"
    path.write_bytes(next(made[2].posts("test")).image)
    arguments = ["--model", str(made[-1]), "-k", "3", "--json", "--html", str(page), "--quiet"]
    assert guarded(search, [*arguments, "--image", str(path)]) == 0
    content = json.loads(capsys.readouterr().out)
    said = {post.id: post.sentences for post in made[2].posts("test")}
    for result in content["results"]:
        assert result["text"] in said[result["post"]] and result["id"].startswith(f"{result['post']}#")
    assert content["signature"] == "search_texts" and page.read_text().count("data:image/jpeg") == 1 + 3
    assert guarded(search, [*arguments, "--text", "Red, and blue."]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["signature"] == "search_images"
    assert all(result["id"] in said for result in content["results"])
    assert guarded(search, [*arguments, "--tag", "red"]) == 2
    assert "search_images takes text; search_texts takes image" in capsys.readouterr().err
