from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.losses import PLSPLoss
from kerasmm.runs.evaluation import Evaluation
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from tests.systems.cmem.world import SETTINGS
from tests.tiny import LABELS, tiny_posts, write_dataset

TRAIN = 40


@pytest.fixture(scope="module")
def posts():
    """The first has no label, the second all of them, the third no text."""
    found = tiny_posts(TRAIN, 1)
    odd = [{"labels": ()}, {"labels": LABELS}, {"text": None, "tags": ()}]
    return [dataclasses.replace(post, **change) for post, change in zip(found, odd, strict=False)] + found[3:]


@pytest.fixture(scope="module")
def data(tmp_path_factory, posts):
    splits = {"train": posts, "validation": tiny_posts(12, 2, prefix="v"), "test": tiny_posts(12, 3, prefix="t")}
    return open_dataset(write_dataset(tmp_path_factory.mktemp("cmem") / "data", splits))


def made(dataset, *changes, seed=0):
    kind = system("cmem")
    config = load_config(kind.Config, None, [*SETTINGS, *changes])
    return kind(config, kind.gather_facts(config, dataset), seed)


def stage_of(dataset, *changes, seed=0):
    cmem = made(dataset, *changes, seed=seed)
    model = cmem.build()
    (stage,) = cmem.stages(model, dataset)
    return cmem, model, stage


def batches_of(stage, epoch=0, skip=0):
    return [
        ({name: v.numpy() for name, v in inputs.items()}, {name: v.numpy() for name, v in targets.items()})
        for inputs, targets in stage.batches(epoch, skip)
    ]


# === Data ===


def test_knows_the_characters_of_its_training_split(data, posts):
    cmem = made(data, "text.minimum=1")
    assert set(map(chr, cmem.facts.measured["code_points"])) == set("".join(p.text or "" for p in posts))
    # Ties are many: which of the rarest stay is not said.
    few = made(data, "text.alphabet=3").facts.measured["code_points"]
    counts = Counter("".join(post.text or "" for post in posts))
    assert sorted(counts[chr(point)] for point in few) == sorted(counts.values())[-3:]


def test_a_batch_has_pictures_characters_and_labels(data, posts):
    _, _, stage = stage_of(data, "training.batch_size=8")
    assert stage.steps(0) == len(posts) // 8
    seen = batches_of(stage)
    assert len(seen) == stage.steps(0)
    inputs, targets = seen[0]
    assert inputs["features"].shape[0] == inputs["characters"].shape[0] == 8
    assert targets["labels"].shape == (8, len(LABELS))
    again = batches_of(stage, skip=2)
    np.testing.assert_array_equal(again[0][0]["characters"], seen[2][0]["characters"])
    other = batches_of(stage, epoch=1)
    assert any(a[1]["labels"].tolist() != b[1]["labels"].tolist() for a, b in zip(seen, other, strict=True))


def test_tags_follow_the_text_in_a_new_order_each_time(data):
    cmem = made(data, "text.with_tags=true")
    serialized = tf.constant(data.records("train").read(np.array([5])))
    written = {}
    for name, draw in {"as written": None, **{str(n): tf.constant([n, 7], tf.int64) for n in range(12)}}.items():
        _, kept = cmem.posts.fields(serialized, draw)
        written[name] = kept["text"].numpy()[0].decode()
    post = next(post for row, post in enumerate(data.posts("train")) if row == 5)
    assert written["as written"] == " ".join([post.text, *post.tags])
    assert {" ".join(sorted(text.split())) for text in written.values()} == {
        " ".join(sorted([*post.text.split(), *post.tags]))
    }
    assert all(text.startswith(post.text) for text in written.values())
    assert len(set(written.values())) > 1


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_noise_replaces_a_share_of_the_label_sets_by_as_many_random_labels(tmp_path, share, seed):
    labels = [f"label {number}" for number in range(30)]
    rng = np.random.default_rng(seed)
    own = [
        dataclasses.replace(post, labels=tuple(rng.choice(labels, rng.integers(1, 4), replace=False)))
        for post in tiny_posts(400, 4, linked=False)
    ]
    folder = write_dataset(tmp_path / "data", {"train": own}, labels=labels)
    _, _, stage = stage_of(open_dataset(folder), f"labels.noise={share}", "training.batch_size=100", seed=seed % 1000)
    clean_stage = stage_of(open_dataset(folder), "training.batch_size=100", seed=seed % 1000)[2]
    noisy, clean = (np.concatenate([t["labels"] for _, t in batches_of(s)]) for s in (stage, clean_stage))
    np.testing.assert_array_equal(noisy.sum(axis=1), clean.sum(axis=1))
    changed = (noisy != clean).any(axis=1).mean()
    # A random set is the true one by chance: one label of 30 for a third of the posts. Four deviations of 400 posts.
    lowest, highest = share * (1 - 1 / 90), share
    assert lowest - 4 * np.sqrt(max(lowest * (1 - lowest), 0) / 400) - 0.005 <= changed
    assert changed <= highest + 4 * np.sqrt(highest * (1 - highest) / 400)
    # The same ones in each epoch, whose order is another one.
    later = np.concatenate([t["labels"] for _, t in batches_of(stage, epoch=1)])
    assert sorted(map(tuple, later.tolist())) == sorted(map(tuple, noisy.tolist()))


def test_needs_labels_and_texts(tmp_path, data):
    bare = [dataclasses.replace(post, text=None) for post in tiny_posts(8, 5)]
    without_text = open_dataset(write_dataset(tmp_path / "bare", {"train": bare}))
    with pytest.raises(UserError, match="no post of split 'train' has the field 'text'"):
        made(without_text)
    assert "code_points" not in made(without_text, "network.inputs=image").facts.measured
    unlabelled = [dataclasses.replace(post, labels=()) for post in tiny_posts(8, 5)]
    with pytest.raises(UserError, match="no post of split 'train' has the field 'labels'"):
        made(open_dataset(write_dataset(tmp_path / "unlabelled", {"train": unlabelled})))
    with pytest.raises(UserError, match="training.batch_size: 64 is more than the 40 training posts"):
        stage_of(data, "training.batch_size=64")


# === Training ===


@pytest.mark.parametrize("loss", ["prl", "warp", "lsep", "plsp"])
def test_the_objective_is_the_mean_of_the_loss_over_the_posts(data, rng, loss):
    cmem, _, stage = stage_of(data, f"loss.name={loss}")
    labels = (rng.random((6, len(LABELS))) < 0.5).astype("float32")
    scores = rng.normal(size=labels.shape).astype("float32")
    terms = stage.objective({"labels": tf.constant(labels)}, {"scores": tf.constant(scores)})
    assert set(terms) == set(stage.terms) == {loss}
    one_by_one = [float(cmem.make_loss()(y[None], f[None])[0]) for y, f in zip(labels, scores, strict=True)]
    np.testing.assert_allclose(float(terms[loss]), np.mean(one_by_one), rtol=1e-5)


def test_the_penalty_is_that_of_equation_2(data):
    _, model, _ = stage_of(data, "penalty=0.01")
    wanted = 0.01 * sum(float(np.square(weight.numpy()).sum()) for weight in model.trainable_weights)
    np.testing.assert_allclose(float(sum(model.losses)), wanted, rtol=1e-5)


def test_scores_of_the_first_batch_have_the_spread_that_plsp_wants(data):
    cmem, model, stage = stage_of(data, "loss.name=plsp", "loss.truncation=-0.25")
    stage.prepare()
    inputs, _ = next(iter(stage.batches(0, 0)))
    np.testing.assert_allclose(np.std(model(inputs)["scores"].numpy()), 0.5, rtol=1e-4)
    assert made(data, "loss.name=lsep").config.spread is None
    assert made(data, "concepts.spread=3.0", "loss.name=lsep").config.spread == 3.0


# === Concept vectors ===


def test_concept_vectors_of_a_file_are_what_the_connotations_start_from(data, tmp_path):
    path = tmp_path / "wiki.txt"
    rows = {"DBPEDIA_ID/Red": range(8), "ENTITY/Blue": range(8, 16), "red": range(20, 28)}
    path.write_text("3 8\n" + "".join(f"{name} {' '.join(map(str, row))}\n" for name, row in rows.items()))
    cmem, model, stage = stage_of(data, f"concepts.vectors={path}", "loss.name=lsep")
    stage.prepare()
    kernel = dict(zip(cmem.vocabularies["labels"], model.get_layer("connotations").get_weights()[0].T, strict=True))
    np.testing.assert_array_equal(kernel["red"], np.arange(8))
    np.testing.assert_array_equal(kernel["blue"], np.arange(8, 16))
    # The missing one is as long as the others, about.
    mean = np.mean([np.linalg.norm(kernel[name]) for name in ("red", "blue")])
    assert 0.2 * mean < np.linalg.norm(kernel["green"]) < 3 * mean


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("2 8\nENTITY/Cat 1 2 3 4 5 6 7 8\n", "has a vector of none of the 3 connotations"),
        ("2 9\nENTITY/Red 1 2 3 4 5 6 7 8 9\n", "has vectors of 9 dimensions, `network.dimension` is 8"),
    ],
)
def test_a_file_that_does_not_fit_is_refused(data, tmp_path, content, says):
    path = tmp_path / "wiki.txt"
    path.write_text(content)
    _, _, stage = stage_of(data, f"concepts.vectors={path}")
    with pytest.raises(UserError, match=says):
        stage.prepare()


def test_vectors_of_the_corpus_know_which_connotations_share_words(tmp_path):
    words = {"warm": "sun beach heat", "hot": "sun beach heat", "cold": "ice snow winter", "icy": "ice snow winter"}
    labels = list(words)
    own = [
        dataclasses.replace(post, text=f"{words[label]} " * 8, labels=(label,))
        for post, label in zip(tiny_posts(400, 6, linked=False), labels * 100, strict=True)
    ]
    folder = write_dataset(tmp_path / "data", {"train": own}, labels=labels)
    _, model, stage = stage_of(open_dataset(folder), "loss.name=lsep")
    stage.prepare()
    vectors = model.get_layer("connotations").get_weights()[0].T
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    assert min(cosines[0, 1], cosines[2, 3]) > max(cosines[0, 2], cosines[0, 3], cosines[1, 2], cosines[1, 3])


# === Protocol ===


@pytest.mark.parametrize("inputs", ["both", "image", "text"])
def test_evaluates_what_the_model_has(data, inputs):
    cmem, model, _ = stage_of(data, f"network.inputs={inputs}", "loss.name=plsp")
    evaluation = Evaluation(cmem, model, data, "test")
    figures = cmem.evaluate(evaluation)
    posts = evaluation.outputs("test")
    assert ("image_to_tweet/mean_rank/100" in figures) == (inputs == "both")
    assert ("cca_state/image_to_tweet/mean_rank/100" in figures) == (inputs == "both")
    flat = float(PLSPLoss(cmem.config.loss.truncation).flat_share(posts["labels"], posts["scores"]))
    assert figures["plsp/flat"] == pytest.approx(flat)
    order = np.argsort(-posts["scores"], axis=1, kind="stable")
    best = np.take_along_axis(posts["labels"], order[:, :1], axis=1)[:, 0]
    some = posts["labels"].any(axis=1)
    assert figures["R@1"] == pytest.approx(np.mean(best[some] / posts["labels"][some].sum(axis=1)))
    assert set(figures) >= {"chance/R@10", "frequency/coverage", "precision@recall/1.00"}
    assert [table[0] for table in cmem.table(figures)][0] == "Connotation label prediction (table 1)"


def test_baselines_of_the_tables(data, tmp_path, rng):
    vocabulary = [f"word{number}" for number in range(60)]
    splits = {
        split: [
            dataclasses.replace(post, text=" ".join(rng.choice(vocabulary, 6)))
            for post in tiny_posts(count, 7, prefix=split)
        ]
        for split, count in {"train": 60, "validation": 12, "test": 12}.items()
    }
    rich = open_dataset(write_dataset(tmp_path / "data", splits))
    cmem = made(rich)
    evaluation = Evaluation(cmem, None, rich, "test")
    for name in cmem.baselines:
        figures = cmem.evaluate_baseline(evaluation, name)
        key = "R@10" if name in cmem.text_baselines else "image_to_tweet/mean_rank/100"
        assert 0 <= figures[key] <= (1 if key == "R@10" else 12)
    # Six words that most posts have are no topic.
    with pytest.raises(UserError, match="CCA needs posts that differ"):
        made(data).evaluate_baseline(Evaluation(made(data), None, data, "test"), "cca_lda")
    with pytest.raises(UserError, match="no baseline of labels 'other'"):
        evaluation.label_baseline("other")


def test_the_monitor_needs_more_labels_than_it_looks_at(data):
    assert made(data).monitor == "R@1"
