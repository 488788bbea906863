from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data import open_dataset
from kerasmm.evaluation.baselines import chosen
from kerasmm.evaluation.baselines.baseline import Baseline
from kerasmm.runs.evaluation import Evaluation
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from kerasmm.systems.protocol import Choice
from tests.tiny import tiny_dataset, tiny_posts, write_dataset

SMALL = ["network.units=[8, 1]", "training.batch_size=16"]


def made(folder, *changes, seed=0):
    kind = system("dman")
    dataset = open_dataset(folder)
    config = load_config(kind.Config, None, [*SMALL, *changes])
    return kind(config, kind.gather_facts(config, dataset), seed), dataset


@pytest.fixture(scope="module")
def pixels(tmp_path_factory):
    return tiny_dataset(tmp_path_factory.mktemp("pixels") / "data", train=40, other=20, features=False)


def test_measures_mean_and_variance_of_the_training_split(tiny):
    dman, dataset = made(tiny)
    regions = np.concatenate([post.features for post in dataset.posts("train")]).astype("float64")
    np.testing.assert_allclose(dman.facts.measured["mean"], regions.mean(0), atol=1e-9)
    np.testing.assert_allclose(dman.facts.measured["variance"], regions.var(0), atol=1e-9)


def test_an_epoch_shows_each_anchor_once_with_what_it_needs(tiny, seed):
    dman, dataset = made(tiny, seed=seed)
    posts = {tuple(post.features.ravel().tolist()): post for post in dataset.posts("train")}
    words, seen = dman.vocabularies["tags"], []
    for inputs, targets in dman.stages(dman.build(), dataset)[0].batches(0, 0):
        anchors = [posts[tuple(row.ravel().tolist())] for row in inputs["anchor"].numpy()]
        positives = [posts[tuple(row.ravel().tolist())] for row in inputs["positive"].numpy()]
        seen += [anchor.id for anchor in anchors]
        for row, (anchor, positive) in enumerate(zip(anchors, positives, strict=True)):
            assert positive.id in anchor.links or (not anchor.links and positive is anchor)
            assert [words[w] for w in np.flatnonzero(targets["anchor"][row])] == [w for w in words if w in anchor.tags]
            assert [words[w] for w in np.flatnonzero(targets["positive"][row])] == [
                w for w in words if w in positive.tags
            ]
            marks = targets["triplets"][row].numpy()
            assert marks[0] == (1 if anchor.links else -1)
            for place, mark in zip(targets["negatives"][row].numpy(), marks[1:], strict=True):
                assert mark == -1 or not set(anchors[place].labels) & set(anchor.labels)
    # 120 posts in batches of 16: the remainder is dropped.
    assert len(seen) == len(set(seen)) == 112


def test_skipping_batches_goes_on_where_the_epoch_stood(tiny):
    dman, dataset = made(tiny)
    stage = dman.stages(dman.build(), dataset)[0]
    whole, rest = list(stage.batches(1, 0)), list(stage.batches(1, 3))
    assert len(rest) == len(whole) - 3 == stage.steps(1) - 3
    for (inputs, targets), (others, other_targets) in zip(whole[3:], rest, strict=True):
        tf.nest.map_structure(np.testing.assert_array_equal, [inputs, targets], [others, other_targets])


def test_the_joint_loss_is_the_papers_sum(tiny, rng):
    dman, _ = made(tiny, "loss.beta=0.5", "loss.similarity=sum", "loss.positive_weight=4")
    anchor, positive = rng.uniform(0.05, 0.95, (3, 6)), rng.uniform(0.05, 0.95, (3, 6))
    tags = (rng.random((2, 3, 6)) < 0.4).astype(float)
    negatives, triplets = np.array([[1, 2], [2, 0], [0, 1]]), np.array([[1, 0, 0], [1, 0, -1], [-1, 0, 0]])
    targets = {"anchor": tags[0], "positive": tags[1], "negatives": negatives, "triplets": triplets}
    got = dman.objective(
        {name: tf.constant(value, tf.int32 if name == "negatives" else tf.float32) for name, value in targets.items()},
        {"anchor": tf.constant(anchor, tf.float32), "positive": tf.constant(positive, tf.float32)},
    )

    def similarity(a, b):
        return sum(a * b) / (np.sqrt(sum(a * a)) + np.sqrt(sum(b * b)))

    hinge = 0.0
    for i in range(3):
        for k in range(2):
            if triplets[i, 0] == 1 and triplets[i, 1 + k] == 0:
                there = similarity(anchor[i], anchor[negatives[i, k]])
                hinge += max(0.0, 0.3 - similarity(anchor[i], positive[i]) + there)
    words = 0.0
    for y, t in zip(np.concatenate([anchor, positive]), np.concatenate(tags), strict=True):
        words += -sum(4 * t[k] * np.log(y[k]) + (1 - t[k]) * np.log(1 - y[k]) for k in range(6))
    assert float(got["triplet_loss"]) == pytest.approx(hinge / 3, rel=1e-4)
    assert float(got["word_loss"]) == pytest.approx(0.5 * words / 6, rel=1e-4)


def test_outputs_stand_in_reading_order(tiny):
    dman, dataset = made(tiny)
    model = dman.build()
    posts, row = list(dataset.posts("validation")), 0
    for outputs in dman.outputs(model, dataset, "validation"):
        for place, post_id in enumerate(outputs["id"].tolist()):
            post = posts[row]
            assert post_id.decode() == post.id
            regions = post.features[None].astype("float32")
            np.testing.assert_allclose(outputs["vectors"][place], model({"regions": regions})["words"][0], atol=1e-6)
            np.testing.assert_allclose(outputs["features"][place], regions[0].mean(0), atol=1e-5)
            assert [bool(v) for v in outputs["tags"][place]] == [w in post.tags for w in dman.vocabularies["tags"]]
            row += 1
    assert row == len(posts)


def test_a_perfect_model_has_perfect_figures(tiny):
    """The protocol, on outputs that are the truth: search and classification are right but for the classifier."""
    dman, dataset = made(tiny)

    class Perfect(Evaluation):
        def outputs(self, split):
            found = dict(super().outputs(split))
            return {**found, "vectors": found["tags"] * 0.98 + 0.01}

    figures = dman.protocol.evaluate(Perfect(dman, dman.build(), dataset, "test"))
    # A word's own score knows the posts that have it; the cosine prefers posts with few words, all of them right.
    for name in ("search", "search_score", "tag_search", "tag_search_score"):
        assert figures[f"{name}/mAP"] == pytest.approx(1.0)
    assert figures["search/queries"] == 3
    assert figures["tag_search/queries"] == 6
    assert figures["classification/mAP"] > 0.95
    assert 0.2 < figures["search/chance/p@10"] < 0.8
    titles = [title for title, _, _ in dman.protocol.table(figures)]
    assert len(titles) == 3


def test_the_ranking_that_does_best_on_validation_is_chosen(tiny, rng):
    dman, dataset = made(tiny)

    class Told(Evaluation):
        def outputs(self, split):
            return {**super().outputs(split), "vectors": self.vectors}

    evaluation = Told(dman, dman.build(), dataset, "validation")
    tags = Evaluation(dman, dman.build(), dataset, "validation").outputs("validation")["tags"]
    # A word that is there is sure; beside it others are as sure, more of them in some posts: the cosine is misled.
    evaluation.vectors = np.where(tags > 0, 0.9, rng.choice([0.1, 0.8], tags.shape)).astype("float32")
    (choice,) = dman.protocol.choose(evaluation).values()
    assert (choice.chosen, choice.figures["score"]) == ("score", pytest.approx(1.0))
    assert choice.figures["cosine"] < 1.0 and "6 words as queries on the validation split" in choice.said("x")
    # Where all of them are right it stays what posts are compared by elsewhere.
    evaluation.vectors = tags * 0.98 + 0.01
    assert dman.protocol.choose(evaluation)["search_by_tags"].chosen == "cosine"
    # What is chosen is what the figures of an evaluation say.
    evaluation.vectors = rng.random(tags.shape).astype("float32")
    figures = dman.protocol._search(evaluation.outputs("validation"), dman.protocol._one_hot(), "ranks")
    (choice,) = dman.protocol.choose(evaluation).values()
    assert choice.figures["rank_sum"] == figures["tag_search_ranks/mAP"]


@pytest.mark.parametrize("base", ["words", "embedding"])
def test_the_ablations_are_evaluated_by_the_same_protocol(tiny, base):
    changes = [f"network.base={base}", "network.fully_connected=[8]", "network.embedding=5", "network.pooling=mean"]
    dman, dataset = made(tiny, *changes, *(["loss.beta=0"] if base == "embedding" else []))
    model = dman.build()
    stage = dman.stages(model, dataset)[0]
    inputs, targets = next(iter(stage.batches(0, 0)))
    terms = dman.objective(targets, stage.model(inputs))
    assert tuple(terms) == stage.terms == (("triplet_loss",) if base == "embedding" else ("triplet_loss", "word_loss"))
    validated = dman.protocol.validate(Evaluation(dman, model, dataset, "validation"))
    assert dman.protocol.monitor == ("neighbours/mAP" if base == "embedding" else "search/mAP")
    assert 0 < validated[dman.protocol.monitor] <= 1
    figures = dman.protocol.evaluate(Evaluation(dman, model, dataset, "test"))
    assert 0 < figures["classification/mAP"] <= 1
    # No word touches the embedding, so no word can be searched in it.
    assert ("search/mAP" in figures) == (base == "words")
    chosen = dman.protocol.choose(Evaluation(dman, model, dataset, "validation"))
    assert list(chosen) == (["search_by_tags"] if base == "words" else [])


def test_the_hinge_loss_alone_goes_with_an_embedding_alone(tiny):
    for changes in (["loss.beta=0"], ["network.base=embedding"]):
        with pytest.raises(UserError, match="`network.base: embedding` goes with `loss.beta: 0`"):
            made(tiny, *changes)


def test_a_perfect_baseline_has_perfect_figures(tiny, monkeypatch):
    dman, dataset = made(tiny)
    evaluation = Evaluation(dman, None, dataset, "test")

    class Knows(Baseline):
        """Its vectors are the tags, which it looks up by the features; the first setting knows nothing of them."""

        title, grid = "Knows", ({"tells": False}, {"tells": True}, {"tells": True, "twice": True})

        def __init__(self, seed=0, tells=True, twice=False):
            self.tells = tells

        def fit(self, views):
            assert len(views.features) == len(views.tags) == 120
            return self

        def images(self, features):
            for split in ("train", "validation", "test"):
                posts = evaluation.outputs(split)
                if np.array_equal(posts["features"], features):
                    return posts["tags"] if self.tells else np.ones_like(posts["tags"])
            raise AssertionError("no such posts")

        def words(self, tags):
            return tags

    monkeypatch.setattr(chosen, "find", lambda name: {"knows": Knows}[name])
    figures = dman.protocol.evaluate_baseline(evaluation, "knows")
    # Chosen on validation: the first of the best.
    assert evaluation.settings == {"knows": {"tells": True}}
    assert figures["search/mAP"] == figures["tag_search/mAP"] == pytest.approx(1.0)
    assert figures["search_literal/queries"] == 3
    assert figures["classification/mAP"] > 0.95
    assert not any("_score" in key for key in figures)


class Answers:
    """Services without a SavedModel; `classify` is what a data set without labels gives."""

    def __init__(self, dman, classify=None):
        self.dman, self.classify = dman, classify
        self.vectors = np.eye(6, dtype="float32")

    def decode(self, encoded):
        from kerasmm.data import decode_images

        return decode_images(encoded, self.dman.image_size, self.dman.resize)

    def lookup(self, vocabulary, words):
        places = {word.encode(): place for place, word in enumerate(self.dman.vocabularies[vocabulary])}
        return tf.constant(np.vectorize(lambda word: places.get(word, -1), otypes=["int64"])(words.numpy()))

    def search(self, queries, k, ranking="inner"):
        self.ranking = ranking
        return {"ids": queries, "scores": tf.matmul(queries, self.vectors, transpose_b=True)}


def test_signatures_answer_as_the_model_does(pixels):
    dman, dataset = made(pixels)
    model = dman.build()
    signatures = dman.signatures(dman.from_pixels(model), Answers(dman))
    assert set(signatures) == {"serving_default", "search_by_tags", "search_by_image", "attend"}
    post = next(dataset.posts("test"))
    images = tf.constant([post.image, b"junk", post.image])
    embedded = signatures["serving_default"].answer(image=images)
    np.testing.assert_array_equal(embedded["valid"], [True, False, True])
    expected = next(iter(dman.outputs(model, dataset, "test")))["vectors"][0]
    np.testing.assert_allclose(embedded["embedding"][0], expected, atol=1e-5)

    words = tf.constant(["red", "blue", "no such word"])
    attended = signatures["attend"].answer(image=images, word=words)
    np.testing.assert_array_equal(attended["valid"], [True, False, False])
    assert attended["map"].shape == (3, 8, 8)
    assert float(tf.reduce_sum(attended["map"][0])) == pytest.approx(1.0, abs=1e-4)
    assert not attended["map"][2].numpy().any()
    confidence = float(embedded["embedding"][0][dman.vocabularies["tags"].index("red")])
    np.testing.assert_allclose(attended["score"], [confidence, 0.0, 0.0], atol=1e-6)

    tags = tf.constant([["red", "blue"], ["green", ""], ["", "nothing"]])
    found = signatures["search_by_tags"].answer(tags=tags, k=tf.constant([1, 1, 1]))
    places = dman.vocabularies["tags"]
    np.testing.assert_array_equal(found["valid"], [True, True, False])
    assert float(found["scores"][0][places.index("red")]) == pytest.approx(1 / np.sqrt(2))
    assert float(found["scores"][1][places.index("green")]) == pytest.approx(1.0)
    np.testing.assert_allclose(tf.norm(found["ids"], axis=1), [1, 1, 0], atol=1e-6)


@pytest.mark.parametrize(("by", "ranking"), [("cosine", "inner"), ("score", "scaled"), ("rank_sum", "rank_sum")])
def test_tags_are_searched_by_what_was_chosen(pixels, by, ranking):
    dman, _ = made(pixels)
    dman.choices = {"search_by_tags": Choice(by, {by: 0.5}, {by: by}, "mAP")}
    services = Answers(dman)
    signature = dman.signatures(dman.from_pixels(dman.build()), services)["search_by_tags"]
    found = signature.answer(tags=tf.constant([["red", "blue", "red"], ["none", "", ""]]), k=tf.constant([1, 1]))
    assert services.ranking == ranking
    # A score is the mean confidence of the tags, a cosine is of unit vectors; a tag said twice says no more.
    red = dman.vocabularies["tags"].index("red")
    assert float(found["scores"][0][red]) == pytest.approx(1 / np.sqrt(2) if by == "cosine" else 0.5)
    assert not found["scores"][1].numpy().any()


def test_labels_come_from_the_classifier_and_bad_pictures_have_none(pixels):
    dman, dataset = made(pixels)
    model = dman.build()

    def classify(vectors):
        return {"labels": tf.tile([[b"blue", b"red"]], [tf.shape(vectors)[0], 1]), "scores": vectors[:, :2]}

    answer = dman.signatures(dman.from_pixels(model), Answers(dman, classify))["classify"].answer
    found = answer(image=tf.constant([b"junk", next(dataset.posts("test")).image]))
    assert found["labels"].numpy().tolist() == [[b"", b""], [b"blue", b"red"]]
    expected = next(iter(dman.outputs(model, dataset, "test")))["vectors"][0][:2]
    np.testing.assert_allclose(found["scores"], [[0, 0], expected], atol=1e-5)
    np.testing.assert_array_equal(found["valid"], [False, True])


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        (["network.base=words"], {"attend"}),
        (["network.base=embedding", "network.embedding=5", "loss.beta=0"], {"attend", "search_by_tags"}),
    ],
)
def test_ablations_answer_what_they_can(pixels, changes, missing):
    dman, dataset = made(pixels, "network.fully_connected=[8]", *changes)
    model = dman.build()
    signatures = dman.signatures(dman.from_pixels(model), Answers(dman))
    assert set(signatures) == {"serving_default", "search_by_tags", "search_by_image", "attend"} - missing
    images = tf.constant([next(dataset.posts("test")).image])
    expected = next(iter(dman.outputs(model, dataset, "test")))["vectors"][:1]
    np.testing.assert_allclose(signatures["serving_default"].answer(image=images)["embedding"], expected, atol=1e-5)


def test_an_empty_batch_of_pictures_is_answered(pixels):
    dman, _ = made(pixels)
    answer = dman.signatures(dman.from_pixels(dman.build()), Answers(dman))["serving_default"].answer
    assert answer(image=tf.zeros((0,), tf.string))["embedding"].shape == (0, 6)


def test_index_vectors_have_unit_norm(tiny, rng):
    dman, _ = made(tiny)
    vectors = dman.Signatures.index_vectors({"vectors": rng.random((5, 6))})
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1.0, rtol=1e-6)
    raw = rng.random((5, 6)).astype("float32")
    unit, scales = (of({"vectors": raw}) for of in (dman.Signatures.index_vectors, dman.Signatures.index_scales))
    np.testing.assert_allclose(unit * scales[:, None], raw, rtol=1e-6)


def test_says_which_field_is_missing(tmp_path):
    folder = write_dataset(tmp_path / "data", {"train": tiny_posts(8, 0, linked=False)})
    with pytest.raises(UserError, match="no post of split 'train' has the field 'links', which this model needs"):
        made(folder)


def test_says_that_the_batch_is_too_large(tiny):
    dman, dataset = made(tiny, "training.batch_size=500")
    with pytest.raises(UserError, match="training.batch_size: 500 is more than the 120 training posts"):
        dman.stages(dman.build(), dataset)
