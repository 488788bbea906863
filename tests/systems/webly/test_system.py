from __future__ import annotations

import dataclasses
import re
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.models import webly_branch
from kerasmm.runs.evaluation import Evaluation
from kerasmm.text import END, OFFSET
from tests.losses.by_loop import bidirectional_ranking
from tests.systems.webly.world import KEYWORDS, clean_posts, made, web_posts, write_clean, write_web
from tests.tiny import write_dataset


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return write_clean(tmp_path_factory.mktemp("webly") / "clean")


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    return write_web(tmp_path_factory.mktemp("webly") / "web")


def words_of(text):
    return re.findall(r"[a-z]+", text.lower())


def stages_of(folder, *changes, seed=0):
    webly, dataset = made(folder, *changes, seed=seed)
    model = webly.build()
    return webly, model, dataset, {stage.name: stage for stage in webly.stages(model, dataset)}


def counted(texts, least):
    counts = Counter(word for text in texts for word in words_of(text))
    return sorted((w for w in counts if counts[w] >= least), key=lambda word: (-counts[word], word))


# === Data ===


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


def test_an_epoch_shows_each_sentence_once_with_its_tags_and_picture(clean, seed):
    webly, _, dataset, stages = stages_of(clean, seed=seed)
    posts = {tuple(post.features.astype("float32").tolist()): post for post in dataset.posts("train")}
    words, tags, seen = webly.vocabularies["words"], webly.vocabularies["tags"], []
    for inputs, targets in stages["clean"].batches(0, 0):
        assert inputs["words"].shape[1] == (inputs["words"].numpy() > 0).sum(axis=1).max(), "padding beyond the longest"
        for row in range(16):
            post = posts[tuple(inputs["features"][row].numpy().tolist())]
            ids = [int(one) for one in inputs["words"][row] if one]
            assert ids[-1] == END
            said = [words[one - OFFSET] for one in ids[:-1]]
            (place,) = (k for k, text in enumerate(post.sentences) if words_of(text) == said)
            shown = [tags[one - 1] for one in inputs["tags"][row].numpy() if one]
            assert shown == post.sentence_tags[place].split()
            seen.append((post.id, place))
        assert targets["hardest"].numpy().tolist() == [False] * 16
    # 80 sentences in batches of 16: five batches, nothing left out.
    assert len(seen) == len(set(seen)) == 80
    assert stages["clean"].steps(0) == 5


def test_skipping_batches_goes_on_where_the_epoch_stood(clean, web):
    *_, stages = stages_of(clean, f"web.data={web}", "web.control=true")
    for stage in stages.values():
        whole, rest = list(stage.batches(1, 0)), list(stage.batches(1, 2))
        assert len(rest) == len(whole) - 2 == stage.steps(1) - 2
        for own, other in zip(whole[2:], rest, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, own, other)


def test_a_long_sentence_is_cut(clean):
    *_, stages = stages_of(clean, "text.most_words=3")
    for inputs, _ in stages["clean"].batches(0, 0):
        assert inputs["words"].shape == (16, 4)


# === The objective (equations 1 to 4) ===


def unit(rng, rows):
    vectors = rng.normal(size=(rows, 5))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype("float32")


PICTURES = [1, 2, 1, 3, 4, 4]
"""Rows 0 and 2 show one picture, rows 4 and 5 another."""
TAG_TEXTS = [7, 8, 8, -1, 9, 7]
"""Rows 1 and 2, and 0 and 5, have the same tags; row 3 has none."""


def by_loop(images, others, neither, margin, negatives):
    """Pairs are the diagonal; what `neither` says is no negative of a row is left out of it and of its column."""
    size = len(images)
    truth = [[1 if i == j else -1 if neither(i, j) else 0 for j in range(size)] for i in range(size)]
    similarity = [[float(np.dot(images[i], others[j])) for j in range(size)] for i in range(size)]
    return sum(bidirectional_ranking(margin, negatives)(truth, similarity))


@pytest.mark.parametrize("negatives", ["sum", "hardest"])
@pytest.mark.parametrize("warm", [False, True])
def test_the_objective_is_the_papers_sum(clean, rng, negatives, warm):
    webly, _ = made(clean, f"loss.negatives={negatives}", "loss.margin=0.3")
    outputs = {name: unit(rng, 6) for name in ("image", "sentence", "tags")}
    targets = {"picture": PICTURES, "tag_text": TAG_TEXTS, "hardest": [int(not warm)] * 6}
    got = webly.objective(
        {name: tf.constant(values) for name, values in targets.items()},
        {name: tf.constant(values) for name, values in outputs.items()},
        sentence_weight=0.7,
        tag_weight=2.0,
    )
    which = "sum" if warm else negatives

    def same_picture(i, j):
        return PICTURES[i] == PICTURES[j]

    sentences = by_loop(outputs["image"], outputs["sentence"], same_picture, 0.3, which)
    # Without row 3, which has no tags.
    there = [0, 1, 2, 4, 5]
    tags = by_loop(
        outputs["image"][there],
        outputs["tags"][there],
        lambda i, j: same_picture(there[i], there[j]) or TAG_TEXTS[there[i]] == TAG_TEXTS[there[j]],
        0.3,
        which,
    )
    assert set(got) == {"sentence_loss", "tag_loss"}
    assert float(got["sentence_loss"]) == pytest.approx(0.7 * sentences, rel=1e-4)
    assert float(got["tag_loss"]) == pytest.approx(2.0 * tags, rel=1e-4)
    only = webly.objective(
        {name: tf.constant(values) for name, values in targets.items()}, outputs, sentence_weight=0.0, tag_weight=1.0
    )
    assert set(only) == {"tag_loss"}


def test_a_batch_without_tags_or_of_one_picture_has_no_loss_and_a_gradient_of_zero(clean, rng):
    webly, _ = made(clean)
    outputs = {name: tf.constant(unit(rng, 4)) for name in ("image", "sentence", "tags")}
    for targets in (
        {"picture": [5, 5, 5, 5], "tag_text": [1, 2, 3, 4], "hardest": [1] * 4},
        {"picture": [1, 2, 3, 4], "tag_text": [-1, -1, -1, -1], "hardest": [1] * 4},
    ):
        with tf.GradientTape() as tape:
            tape.watch(outputs)
            weights = (1.0, 1.0) if targets["picture"][0] == 5 else (0.0, 1.0)
            terms = webly.objective({name: tf.constant(v) for name, v in targets.items()}, outputs, *weights)
            total = sum(terms.values())
        assert float(total) == 0.0
        for gradient in tape.gradient(total, list(outputs.values())):
            assert gradient is None or not np.asarray(gradient).any()


def targets_of(folder, posts, *changes):
    """One batch of all sentences of these posts: the inputs and targets by what was said."""
    path = write_dataset(folder / "data", {"train": posts})
    count = sum(len(post.sentences) for post in posts)
    _, _, _, stages = stages_of(path, f"training.batch_size={count}", *changes)
    ((inputs, targets),) = list(stages["clean"].batches(0, 0))
    return inputs, {name: values.numpy() for name, values in targets.items()}


def test_a_copy_of_a_picture_is_the_same_picture(tmp_path):
    first, second, third = clean_posts(3, 1)
    copy = dataclasses.replace(first, id="copy", sentences=("something else",), sentence_tags=("else",))
    inputs, targets = targets_of(tmp_path, [first, second, copy, third])
    pictures = [tuple(row) for row in inputs["features"].numpy().tolist()]
    assert len(set(pictures)) == len(set(targets["picture"].tolist())) == 3
    by_picture = {}
    for picture, fingerprint in zip(pictures, targets["picture"].tolist(), strict=True):
        assert by_picture.setdefault(picture, fingerprint) == fingerprint
    assert sorted(Counter(targets["picture"].tolist()).values()) == [2, 2, 3]


def test_the_same_known_tags_are_the_same_in_any_order(tmp_path):
    """They have one embedding, so that no margin could lie between them."""
    tags = ["dog park", "park dog", "dog unseen park", "dog", "unseen", "", "dog dog park"]
    posts = [
        dataclasses.replace(post, sentence_tags=(own,))
        for post, own in zip(clean_posts(7, 1, sentences=1), tags, strict=True)
    ]
    # `unseen` is twice there, `dog` and `park` more often.
    webly_tags = ("text.tag_minimum=3",)
    inputs, targets = targets_of(tmp_path, posts, *webly_tags)
    by_features = {tuple(p.features.astype("float32").tolist()): own for p, own in zip(posts, tags, strict=True)}
    found = {
        by_features[tuple(row)]: int(mark)
        for row, mark in zip(inputs["features"].numpy().tolist(), targets["tag_text"], strict=True)
    }
    assert found["dog park"] == found["park dog"] == found["dog unseen park"] >= 0
    assert found["unseen"] == found[""] == -1
    assert len({found["dog park"], found["dog"], found["dog dog park"], -1}) == 4


# === Stages ===


def test_warm_up_ends_at_its_epoch(clean):
    # Of three epochs a share of 0.6 is 1.8, two of them.
    for changes, hardest in ((["loss.warm_up=0.6"], [False, False, True]), (["loss.warm_up=0"], [True, True, True])):
        *_, stages = stages_of(clean, "training.epochs=3", *changes)
        for epoch, wanted in enumerate(hardest):
            for _, targets in stages["clean"].batches(epoch, 0):
                assert set(targets["hardest"].numpy().tolist()) == {wanted}


def test_the_stages_are_the_papers(clean, web):
    changes = (f"web.data={web}", "web.control=true", "training.epochs=21", "web.epochs=3")
    steps = ("schedule=step", "step_epochs=10", "learning_rate=0.0002")
    webly, model, _, stages = stages_of(clean, *changes, *(f"training.optimizer.{one}" for one in steps))
    assert [(stage.name, stage.weights, stage.start, stage.offered) for stage in stages.values()] == [
        ("clean", "clean", None, True),
        ("web", "web", "clean", True),
        ("control", "control", "clean", False),
    ]
    assert set(webly.other_weights) == set(stages)
    assert [stage.terms for stage in stages.values()] == [("sentence_loss", "tag_loss"), ("tag_loss",), ("tag_loss",)]
    assert {stage.clip_norm for stage in stages.values()} == {2.0}
    rate = stages["clean"].optimizer()
    for step, wanted in ((0, 2e-4), (49, 2e-4), (50, 2e-5), (100, 2e-6)):
        rate.iterations.assign(step)
        assert float(rate.learning_rate) == pytest.approx(wanted)
    for name in ("web", "control"):
        assert float(stages[name].optimizer().learning_rate) == pytest.approx(2e-5)
        trained = {variable.path for variable in stages[name].model.trainable_variables}
        assert trained == {f"{kind}_embedding_1/{part}" for kind in ("image", "tag") for part in ("kernel", "bias")}
        # The model's own variables, not copies.
        own = {id(variable) for variable in model.trainable_variables}
        assert {id(variable) for variable in stages[name].model.trainable_variables} <= own


def test_without_a_web_there_is_one_stage(clean):
    webly, _, _, stages = stages_of(clean)
    assert [(stage.weights, stage.start) for stage in stages.values()] == [("best", None)]
    assert webly.other_weights == ()
    *_, stages = stages_of(clean, "loss.tag_weight=0")
    assert stages["clean"].terms == ("sentence_loss",)


def shown_ids(stage, epoch, posts):
    """Ids of the posts of an epoch, batch by batch."""
    by_features = {tuple(post.features.astype("float32").tolist()): post.id for post in posts}
    return [
        [by_features[tuple(row)] for row in inputs["features"].numpy().tolist()]
        for inputs, _ in stage.batches(epoch, 0)
    ]


def test_an_epoch_admits_web_posts_on_common_keywords_first(clean, web):
    """Six keywords over three epochs: red and green, then blue and yellow, then white and black."""
    changes = (f"web.data={web}", "web.curriculum=3", "web.epochs=4", "training.batch_size=4")
    _, _, _, stages = stages_of(clean, *changes)
    posts = web_posts(50, 4)
    for epoch, known in enumerate((KEYWORDS[:2], KEYWORDS[:4], KEYWORDS, KEYWORDS)):
        admitted = {post.id for post in posts if set(post.tags) & set(known)}
        batches = shown_ids(stages["web"], epoch, posts)
        seen = [one for batch in batches for one in batch]
        assert len(seen) == len(set(seen)) == len(admitted) // 4 * 4
        assert set(seen) <= admitted
        assert stages["web"].steps(epoch) == len(batches) == len(admitted) // 4
    assert len(admitted) == 50


def test_web_posts_come_with_their_tags_and_keywords(clean, web):
    webly, _, _, stages = stages_of(clean, f"web.data={web}", "text.tag_minimum=10")
    posts = {tuple(post.features.astype("float32").tolist()): post for post in web_posts(50, 4)}
    tags = webly.vocabularies["tags"]
    for inputs, targets in stages["web"].batches(0, 0):
        assert set(inputs) == {"features", "tags"}
        for row, features in enumerate(inputs["features"].numpy().tolist()):
            post = posts[tuple(features)]
            wanted = [word for word in (*post.tags, *post.keywords) if word in tags]
            assert [tags[one - 1] for one in inputs["tags"][row].numpy() if one] == wanted
            assert targets["hardest"][row]


def test_the_control_has_as_many_steps_of_clean_tags(clean, web):
    changes = (f"web.data={web}", "web.control=true", "web.epochs=3", "web.curriculum=3")
    _, _, dataset, stages = stages_of(clean, *changes, "training.batch_size=8")
    posts = {tuple(post.features.astype("float32").tolist()): post for post in dataset.posts("train")}
    webly, _ = made(clean, *changes)
    tags = webly.vocabularies["tags"]
    for epoch in range(3):
        batches = list(stages["control"].batches(epoch, 0))
        assert len(batches) == stages["control"].steps(epoch) == stages["web"].steps(epoch)
        for inputs, _ in batches:
            assert set(inputs) == {"features", "tags"}
            for row, features in enumerate(inputs["features"].numpy().tolist()):
                shown = " ".join(tags[one - 1] for one in inputs["tags"][row].numpy() if one)
                assert shown in posts[tuple(features)].sentence_tags


def test_a_control_of_few_sentences_goes_round(tmp_path, web):
    path = write_clean(tmp_path / "few", train=6)
    *_, stages = stages_of(path, f"web.data={web}", "web.control=true", "training.batch_size=10", "web.curriculum=0")
    # 12 sentences are one batch of ten, 50 web posts are five.
    assert (stages["clean"].steps(0), stages["web"].steps(0), stages["control"].steps(0)) == (1, 5, 5)
    assert len(list(stages["control"].batches(0, 0))) == 5


# === Collapse ===


def test_a_collapse_is_said_and_nothing_else(clean):
    _, _, _, stages = stages_of(clean, "training.epochs=4", "loss.warm_up=0.5", "loss.sentence_weight=0.5")
    watch = stages["clean"].watch
    webly, _ = made(clean)
    equal = {name: tf.ones((16, 3)) / np.sqrt(3) for name in ("image", "sentence", "tags")}
    targets = {"picture": tf.range(16), "tag_text": tf.range(16), "hardest": tf.fill((16,), 1)}
    loss = float(webly.objective(targets, equal, 0.5, 1.0)["sentence_loss"])
    # 2 · 0.2 a pair, 16 pairs, λ1 = 0.5.
    assert loss == pytest.approx(2 * 0.2 * 16 * 0.5, rel=1e-4)
    said = watch(2, {"loss": 9.0, "sentence_loss": loss, "tag_loss": 0.0})
    assert said.startswith(
        "the hardest-negative loss stands at 2 × margin × batch = 3.2, as where all similarities are equal"
    )
    # Not in the warm-up, not with a smaller or a larger loss.
    assert watch(1, {"sentence_loss": loss}) is None
    assert watch(3, {"sentence_loss": 0.95 * loss}) is None
    assert watch(3, {"sentence_loss": 1.05 * loss}) is None
    *_, stages = stages_of(clean, "loss.negatives=sum", "loss.warm_up=0")
    assert stages["clean"].watch(3, {"sentence_loss": 1e9}) is None


# === Protocol ===


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


# === Errors ===


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
