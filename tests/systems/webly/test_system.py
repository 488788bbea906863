"""What webly takes of its data sets, gives back and refuses."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.models import webly_branch
from kerasmm.runs.evaluation import Evaluation
from kerasmm.text import END, OFFSET
from tests.systems.webly.world import (
    clean_posts,
    made,
    stages_of,
    web_posts,
    words_of,
    write_web,
)
from tests.tiny import write_dataset


def counted(texts, least):
    counts = Counter(word for text in texts for word in words_of(text))
    return sorted((w for w in counts if counts[w] >= least), key=lambda word: (-counts[word], word))


@pytest.mark.parametrize("least", [1, 21])
def test_knows_the_words_of_its_training_split(clean, web, least):
    changes = (f"text.minimum={least}", f"text.tag_minimum={least}")
    posts, others = clean_posts(40, 1), web_posts(50, 4)
    alone, _ = made(clean, *changes)
    pseudo = [text for post in posts for text in post.sentence_tags]
    assert alone.vocabularies["words"] == counted([text for post in posts for text in post.sentences], least)
    assert alone.vocabularies["tags"] == counted(pseudo, least)
    both, _ = made(clean, *changes, f"web.data={web}")
    assert (alone.other_data, both.other_data) == ((), (str(web),))
    assert both.vocabularies["words"] == alone.vocabularies["words"]
    # The keywords count with the tags that they match.
    noisy = [
        re.sub(r"camera\d", lambda found: "camera" + "abc"[int(found[0][-1])], " ".join([*p.tags, *p.keywords]))
        for p in others
    ]
    found = [
        re.sub(r"camera(\d)", lambda one: "camera" + "abc"[int(one[1])], word) for word in both.vocabularies["tags"]
    ]
    assert found == counted([*pseudo, *noisy], least)


def test_measures_mean_and_variance_where_features_are_standardised(clean):
    webly, dataset = made(clean, "network.standardise=true")
    stored = np.stack([post.features for post in dataset.posts("train")]).astype("float64")
    np.testing.assert_allclose(webly.facts.measured["mean"], stored.mean(0), atol=1e-9)
    np.testing.assert_allclose(webly.facts.measured["variance"], stored.var(0), atol=1e-9)
    assert "mean" not in made(clean, "network.standardise=false")[0].facts.measured
    inputs = {"features": stored[:3].astype("float32")}
    branch = webly_branch(webly.build(), "image")
    kernel, bias = branch.get_layer("image_embedding_1").get_weights()
    wanted = (stored[:3] - stored.mean(0)) / stored.std(0) @ kernel + bias
    wanted /= np.linalg.norm(wanted, axis=1, keepdims=True)
    np.testing.assert_allclose(branch(inputs)["image"], wanted, atol=1e-4)


def test_outputs_stand_in_reading_order(clean):
    webly, dataset = made(clean)
    model, posts = webly.build(), list(dataset.posts("validation"))
    found = list(webly.outputs(model, dataset, "validation", "sentences"))
    joined = {name: np.concatenate([batch[name] for batch in found]) for name in found[0]}
    said = [(row, place, text) for row, post in enumerate(posts) for place, text in enumerate(post.sentences)]
    assert joined["id"].tolist() == [f"{posts[row].id}#{place}".encode() for row, place, _ in said]
    assert joined["text"].tolist() == [text.encode() for _, _, text in said]
    assert joined["post"].tolist() == [row for row, _, _ in said]
    words = webly.vocabularies["words"]
    for row, (_, _, text) in enumerate(said[:9]):
        ids = np.array([[*(OFFSET + words.index(word) for word in words_of(text)), END]])
        wanted = webly_branch(model, "sentence")({"words": ids})["sentence"][0]
        np.testing.assert_allclose(joined["vectors"][row], wanted, atol=1e-5)
    images = np.concatenate([batch["vectors"] for batch in webly.outputs(model, dataset, "validation")])
    stored = np.stack([post.features for post in posts]).astype("float32")
    np.testing.assert_allclose(images, webly_branch(model, "image")({"features": stored})["image"], atol=1e-5)


def test_a_perfect_model_has_perfect_figures(clean):
    webly, dataset = made(clean)

    class Perfect(Evaluation):
        def outputs(self, split, kind="posts"):
            found = dict(super().outputs(split, kind))
            own = found["post"] if kind == "sentences" else np.arange(36)
            return {**found, "vectors": np.eye(36)[own]}

    figures = webly.protocol.evaluate(Perfect(webly, webly.build(), dataset, "test"))
    for way, queries in (("image_to_text", 36), ("text_to_image", 72)):
        assert figures[f"{way}/R@1"] == figures[f"{way}/R@10"] == figures[f"{way}/median_rank"] == 1.0
        assert figures[f"{way}/queries"] == queries
    assert figures["rsum"] == 600
    assert webly.protocol.monitor == "rsum"
    assert webly.protocol.validate(Perfect(webly, webly.build(), dataset, "validation"))["rsum"] == 600
    assert [title for title, _, _ in webly.protocol.table(figures)] == [
        "Image-to-Text Retrieval",
        "Text-to-Image Retrieval",
    ]


def test_says_which_data_it_needs(clean, web, tmp_path):
    posts = clean_posts(20, 0)
    mute = [dataclasses.replace(post, sentences=(), sentence_tags=()) for post in posts]
    with pytest.raises(UserError, match="no post of split 'train' has the field 'sentences', which this model needs"):
        made(write_dataset(tmp_path / "mute", {"train": mute}))
    untagged = [dataclasses.replace(post, sentence_tags=()) for post in posts]
    folder = write_dataset(tmp_path / "untagged", {"train": untagged})
    with pytest.raises(
        UserError, match="untagged: its sentences have no pseudo-tags; build it with `annotate.sentence_tags=t"
    ):
        made(folder)
    assert made(folder, "loss.tag_weight=0")[0].vocabularies["tags"] == []
    with pytest.raises(UserError, match="text.minimum: no word of .* is 500 times in its training sentences"):
        made(clean, "text.minimum=500")
    with pytest.raises(UserError, match="nowhere/dataset.json: no data set here"):
        made(clean, f"web.data={tmp_path / 'nowhere'}")


def test_says_what_web_posts_need(clean, tmp_path):
    posts = web_posts(20, 0)
    plain = [dataclasses.replace(post, keywords=()) for post in posts]
    with pytest.raises(UserError, match="has the field 'keywords', which this model needs"):
        made(clean, f"web.data={write_web(tmp_path / 'plain', plain)}")
    with pytest.raises(UserError, match="has no vocabulary of 'keywords'"):
        stages_of(clean, f"web.data={write_web(tmp_path / 'unlisted', posts, None)}")
    others = [dataclasses.replace(post, features=np.ones(5, "float16")) for post in posts]
    with pytest.raises(
        UserError, match=r"others: its stored image features \(vgg16\) are not those of .*clean \(vgg16\); build"
    ):
        made(clean, f"web.data={write_web(tmp_path / 'others', others)}")
    bare = [dataclasses.replace(post, features=None, image=b"x") for post in posts]
    with pytest.raises(UserError, match=r"bare: its stored image features \(none\) are not those of"):
        made(clean, f"web.data={write_web(tmp_path / 'bare', bare)}")


def test_says_that_the_batch_is_too_large(clean, tmp_path):
    with pytest.raises(UserError, match="training.batch_size: 81 is more than the 80 training sentences"):
        stages_of(clean, "training.batch_size=81")
    few = write_web(tmp_path / "few", web_posts(15, 0))
    with pytest.raises(UserError, match="training.batch_size: 16 is more than the 15 posts of .*few"):
        stages_of(clean, f"web.data={few}")
