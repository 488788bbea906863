from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.data import open_dataset
from kerasmm.models import begin_second_stage, hashtag_part
from kerasmm.runs.evaluation import Evaluation
from kerasmm.runs.loop import train
from kerasmm.runs.run import Run, write_run
from kerasmm.serving.export import export
from kerasmm.systems.hashtag import users
from kerasmm.systems.hashtag.agnostic_stage import tag_logits
from kerasmm.systems.hashtag.observed import AXES
from tests.systems.hashtag.world import SETTINGS, WORDS, made, posts, write_world
from tests.tiny import tiny_posts, write_dataset

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return write_world(tmp_path_factory.mktemp("hashtag") / "world", second=True)


def stages_of(folder, *changes, seed=0):
    hashtag, dataset = made(folder, *changes, seed=seed)
    model = hashtag.build()
    return hashtag, model, dataset, hashtag.stages(model, dataset)


# === Data ===


def test_knows_the_users_of_the_training_split_most_posts_first(tmp_path):
    """And those that the data set names, where it does."""
    train = [dataclasses.replace(post, user=f"u{min(n % 5, 3)}") for n, post in enumerate(posts(24, 1))]
    train[3] = dataclasses.replace(train[3], user=None)
    other = [dataclasses.replace(post, user="stranger") for post in posts(4, 2, "other")]
    hashtag, dataset = made(write_dataset(tmp_path / "data", {"train": train, "validation": other}))
    counts = Counter(post.user for post in train if post.user)
    assert hashtag.users == sorted(counts, key=lambda user: (-counts[user], user)) == ["u3", "u0", "u1", "u2"]
    rows = np.concatenate([batch["user"] for batch in hashtag.outputs(hashtag.build(), dataset, "train")])
    assert rows.tolist() == [hashtag.users.index(post.user) if post.user else -1 for post in train]
    (strangers,) = (batch["user"] for batch in hashtag.outputs(hashtag.build(), dataset, "validation"))
    assert strangers.tolist() == [-1] * 4


def test_too_many_users_for_one_memory_are_refused(world, monkeypatch):
    monkeypatch.setattr(users, "MOST_USERS", 5)
    with pytest.raises(UserError, match="no vocabulary of users and more than 5 of them"):
        users.known_users(open_dataset(world))


@pytest.mark.parametrize(("field", "changes"), [("user", ()), ("tags", ("network.user_model=none",))])
def test_a_data_set_without_a_needed_field_is_refused(tmp_path, field, changes):
    empty = None if field == "user" else ()
    train = [dataclasses.replace(post, **{field: empty}) for post in posts(12, 1)]
    with pytest.raises(UserError, match=f"no post of split 'train' has the field '{field}'"):
        made(write_dataset(tmp_path / "data", {"train": train}), *changes)


def test_without_a_user_model_nobody_is_needed(tmp_path):
    train = [dataclasses.replace(post, user=None) for post in posts(24, 1)]
    folder = write_dataset(tmp_path / "data", {"train": train})
    hashtag, model, _, (stage,) = stages_of(folder, "network.user_model=none")
    assert (hashtag.users, stage.weights, hashtag.other_weights) == ([], "best", ())
    assert "user" not in model.input


def test_an_epoch_shows_each_post_once_with_a_tag_of_its_own(world, seed):
    hashtag, _, dataset, stages = stages_of(world, seed=seed)
    own = {tuple(post.features.astype("float32").tolist()): post for post in dataset.posts("train")}
    assert [stage.name for stage in stages] == ["agnostic", "tensor"]
    drawn = {}
    for stage in stages:
        for epoch in range(2):
            seen = []
            for inputs, _ in stage.batches(epoch, 0):
                for number, tag in enumerate(inputs["tag"].numpy()):
                    post = own[tuple(inputs["features"][number].numpy().tolist())]
                    assert WORDS[tag] in post.tags
                    if "user" in inputs:
                        assert hashtag.users[int(inputs["user"][number])] == post.user
                    seen.append(post.id)
                    drawn[stage.name, epoch, post.id] = tag
            assert len(seen) == len(set(seen)) == 72
    # 72 coins that all fall alike twice: once in 2⁷¹.
    assert any(drawn["tensor", 0, post.id] != drawn["tensor", 1, post.id] for post in own.values())
    assert len(hashtag.vocabularies["tags"]) == len(WORDS)


def test_skipping_batches_goes_on_where_the_epoch_stood(world):
    *_, stages = stages_of(world)
    for stage in stages:
        whole, rest = list(stage.batches(1, 0)), list(stage.batches(1, 1))
        assert len(rest) == len(whole) - 1 == 2
        for one, other in zip(whole[1:], rest, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def shared(count, rng):
    """Posts of few users on few pictures, several tags each; the first has no tag that is known."""
    pictures = rng.normal(size=(5, 4)).astype("float16")
    made = []
    for number in range(count):
        tags = rng.choice(WORDS[:4], rng.integers(1, 4), replace=False).tolist() if number else ["unknown"]
        user = str(rng.choice(["ann", "bob", "cid"]))
        made.append(
            dataclasses.replace(
                posts(1, 0, f"s{number}")[0], tags=tuple(tags), user=user, features=pictures[rng.integers(5)]
            )
        )
    return made


def test_no_observed_triplet_is_a_negative(tmp_path, rng, seed):
    """Wherever it was observed: in the batch, or in another one, of a picture that several posts show."""
    train = shared(24, rng)
    folder = write_dataset(tmp_path / "data", {"train": train})
    hashtag, _, _, stages = stages_of(folder, "training.batch_size=8", seed=seed % 1000)
    key = {post.id: tuple(post.features.tolist()) for post in train}
    observed = {(key[post.id], tag, post.user) for post in train for tag in post.tags}
    found = Counter()
    for inputs, targets in stages[1].batches(0, 0):
        rows = [
            (tuple(f.astype("float16").tolist()), WORDS[t], hashtag.users[u])
            for f, t, u in zip(*(inputs[name].numpy() for name in ("features", "tag", "user")), strict=True)
        ]
        truth = targets["truth"].numpy()
        empty = [(truth[row] < 0).all() for row in range(8)]
        for i, j in np.ndindex(8, 8):
            for axis, name in enumerate(AXES):
                place = AXES.index(name)
                if empty[i] or (name == "tag" and empty[j]):
                    wanted = -1
                elif i == j:
                    wanted = 1
                else:
                    triplet = tuple(rows[j][p] if p == place else rows[i][p] for p in range(3))
                    wanted = -1 if triplet in observed or rows[j][place] == rows[i][place] else 0
                assert truth[i, axis, j] == wanted, (name, rows[i], rows[j])
                found[wanted] += 1
    assert found[0] and found[1], "nothing was compared"


# === Objectives ===


def unit(vectors):
    return vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)


def test_the_softmax_is_equation_1(world, rng):
    hashtag, model, _, stages = stages_of(world, "network.agnostic=mcll")
    table = rng.normal(size=(6, 8)).astype("float32")
    model.get_layer("agnostic_tags").set_weights([table])
    image, tag = rng.normal(size=(5, 8)).astype("float32"), np.array([0, 5, 2, -1, 2], "int32")
    got = stages[0].objective({"tag": tf.constant(tag)}, {"image": tf.constant(image)})
    wanted = []
    for f, t in zip(image, tag, strict=True):
        if t >= 0:
            exponentials = [np.exp(float(f @ h)) for h in table]
            wanted.append(-np.log(exponentials[t] / sum(exponentials)))
    assert float(got["softmax_loss"]) == pytest.approx(np.mean(wanted), rel=1e-4)


def test_the_sampled_softmax_is_that_of_the_drawn_tags(world, rng):
    """The expected counts of Zipf's law taken off, and what is the true tag itself left out."""
    sampled = 5
    hashtag, model, _, stages = stages_of(world, "network.agnostic=mcll", f"loss.sampled={sampled}")
    table = rng.normal(size=(6, 8)).astype("float32")
    model.get_layer("agnostic_tags").set_weights([table])
    image, tag = rng.normal(size=(4, 8)).astype("float32"), np.array([0, 5, -1, 1], "int32")
    seen = set()
    for seed in rng.integers(0, 1 << 30, (4, 2)):
        draw = tf.constant(seed, tf.int32)
        layer = tag_logits(hashtag, model)
        layer.seed_generator.give(draw)
        drawn = layer.draw().numpy().tolist()
        seen.add(tuple(drawn))

        def corrected(f, c):
            chance = np.log((c + 2) / (c + 1)) / np.log(6 + 1)
            return np.exp(float(f @ table[c]) - np.log(sampled * chance))

        wanted = []
        for f, t in zip(image, tag, strict=True):
            if t >= 0:
                others = [corrected(f, c) for c in drawn if c != t]
                wanted.append(-np.log(corrected(f, t) / (corrected(f, t) + sum(others))))
        targets = {"tag": tf.constant(tag), "draw": tf.tile(draw[None], [4, 1])}
        loss = stages[0].objective(targets, {"image": tf.constant(image)})["softmax_loss"]
        assert float(loss) == pytest.approx(np.mean(wanted), rel=1e-4)
    # Four times the same five of six tags: less than once in 10⁷ (the likeliest such draw has a chance of 0.006).
    assert len(seen) > 1


def test_the_cosine_is_equation_2(world, rng):
    _, model, _, stages = stages_of(world)
    table = rng.normal(size=(6, 8)).astype("float32")
    table[4] = 0
    model.get_layer("agnostic_tags").set_weights([table])
    image = tf.constant(rng.normal(size=(4, 8)).astype("float32"))
    tags = np.array([[0, 1, 5], [2, -1, -1], [-1, -1, -1], [4, -1, -1]], "int32")
    with tf.GradientTape() as tape:
        tape.watch(image)
        loss = stages[0].objective({"tags": tf.constant(tags)}, {"image": image})["cosine_loss"]
    sums = [sum(table[t] for t in row if t >= 0) for row in tags[:2].tolist()]
    cosines = [unit(h) @ unit(f) for h, f in zip(sums, image.numpy()[:2], strict=True)]
    assert float(loss) == pytest.approx(-sum(cosines) / 4, rel=1e-4)
    gradient = tape.gradient(loss, image).numpy()
    assert np.isfinite(gradient).all() and not gradient[2:].any()
    assert not stages[0].model.get_layer("agnostic_tags").trainable


@pytest.mark.parametrize("kind", ["tensor", "mlp"])
def test_the_loss_is_of_every_triplets_score(world, rng, kind):
    """One unobserved candidate an axis, so that nothing is left to chance: each of its two hinges is the same."""
    _, model, dataset, stages = stages_of(world, f"network.user_model={kind}", "training.batch_size=3")
    model.set_weights([rng.normal(scale=0.4, size=w.shape).astype("float32") for w in model.get_weights()])
    inputs = {
        "features": rng.normal(size=(3, 6)).astype("float32"),
        "tag": np.array([0, 3, 5], "int32"),
        "user": np.array([4, -1, 2], "int32"),
    }
    truth = np.full((3, 3, 3), -1.0, "float32")
    other = rng.integers(1, 3, (3, 3))
    for row, axis in np.ndindex(3, 3):
        truth[row, axis, row] = 1
        truth[row, axis, (row + other[row, axis]) % 3] = 0
    outputs = stages[1].model(inputs)
    got = stages[1].objective({"truth": tf.constant(truth), "draw": tf.constant([[3, 4]] * 3)}, outputs)

    image = np.asarray(hashtag_part(model, "image")({"features": inputs["features"]})["image"], "float64")
    tag = np.asarray(model.get_layer("tags").embeddings, "float64")[inputs["tag"]]
    everyone = np.asarray(model.get_layer("users").embeddings, "float64")
    user = np.stack([everyone[4], everyone.mean(0), everyone[2]])

    def score(i, t, u):
        if kind == "tensor":
            kernel = np.asarray(model.get_layer("tensor").kernel, "float64")
            return np.einsum("dfe,d,f,e->", kernel, tag[t], image[i], user[u])
        hidden = np.concatenate([tag[t], image[i], user[u]])
        mlp = model.get_layer("mlp")
        for kernel, bias in zip(mlp.kernels[:-1], mlp.biases[:-1], strict=True):
            hidden = np.maximum(hidden @ np.asarray(kernel, "float64") + np.asarray(bias), 0)
        return float((hidden @ np.asarray(mlp.kernels[-1], "float64") + np.asarray(mlp.biases[-1]))[0])

    total = 0.0
    for row in range(3):
        for axis in range(3):
            another = (row + other[row, axis]) % 3
            parts = [another if place == axis else row for place in range(3)]
            total += 2 * max(0.0, 1 + score(*parts) - score(row, row, row))
    assert float(got["triplet_loss"]) == pytest.approx(total / 3, rel=1e-3)


# === Training ===


def trained(folder, data, *changes, seed=0, quiet=True):
    hashtag, dataset = made(data, *changes, seed=seed)
    keras.utils.set_random_seed(seed)
    folder.mkdir(exist_ok=True)
    run = Run(folder, hashtag, dataset.folder, hashtag.build())

    def validate():
        return hashtag.protocol.validate(Evaluation(hashtag, run.model, dataset, "validation"))

    figures = train(run, dataset, validate, tf.distribute.get_strategy(), quiet)
    return run, dataset, figures


LEARNS = (
    *("training.batch_size=36", "training.epochs=1", "user_specific.epochs=4", "network.agnostic=mcll"),
    *("training.optimizer.learning_rate=0.03", "user_specific.learning_rate=0.03"),
)


def test_users_resolve_what_is_planted_and_the_agnostic_stage_cannot(tmp_path, seed):
    """Each word means one kind to half of the users and another one to the others."""
    data = write_world(tmp_path / "data", train=720)
    run, dataset, figures = trained(tmp_path / "run", data, *LEARNS, seed=seed % 1000)
    assert figures["A@1"] > 0.9
    assert run.system.other_weights == ("agnostic",)
    run.load_weights("agnostic")
    agnostic = run.system.protocol.evaluate(Evaluation(run.system, run.model, dataset, "test"))
    # What it says of a kind is wrong for half of the users; noise in a picture moves it to the other half's word: of 36 coins
    # 31 fall alike less than once in 10⁵.
    assert agnostic["A@1"] <= 30 / 36
    assert agnostic["chance/A@1"] == pytest.approx(1 / 6)


def weights_of(model):
    return {variable.path: np.asarray(variable).copy() for variable in model.variables}


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for path, values in wanted.items():
        np.testing.assert_array_equal(found[path], values, err_msg=path)


class Cut(Exception):
    """A training that is killed."""


def cut_after(run, dataset, epochs, before=0):
    """Trains with figures that rise, and is killed in the validation after so many epochs; None trains to the end."""
    seen = []

    def validate():
        seen.append(weights_of(run.model))
        if epochs is not None and len(seen) > epochs:
            raise Cut
        return {"A@1": float(before + len(seen))}

    train(run, dataset, validate, tf.distribute.get_strategy(), quiet=True)
    return seen


def new_run(folder, data, *changes):
    hashtag, dataset = made(data, *changes)
    keras.utils.set_random_seed(1)
    folder.mkdir(exist_ok=True)
    return Run(folder, hashtag, dataset.folder, hashtag.build()), dataset


def test_users_are_trained_from_the_best_of_the_first_stage_and_go_on_after_a_cut(world, tmp_path):
    changes = ("training.epochs=1", "user_specific.epochs=2", "training.batch_size=36")
    run, dataset = new_run(tmp_path / "whole", world, *changes)
    first, second, third = cut_after(run, dataset, None)
    # What the first stage doesn't train, and what the second one begins with.
    assert not first["stage/embeddings"] > 1 and second["stage/embeddings"] == third["stage/embeddings"] == 2
    start = weights_of(new_run(tmp_path / "same", world, *changes)[0].model)
    for path in ("users/embeddings", "tensor/kernel"):
        np.testing.assert_array_equal(first[path], start[path])
        assert (second[path] != first[path]).any() and (third[path] != second[path]).any()
    np.testing.assert_array_equal(third["agnostic_tags/embeddings"], first["agnostic_tags/embeddings"])
    # Two steps of Adam from the tags' first vectors.
    moved = np.abs(second["tags/embeddings"] - first["agnostic_tags/embeddings"])
    assert 0 < moved.max() < 3 * run.system.config.user_specific.learning_rate
    run.load_weights("agnostic")
    assert_same(weights_of(run.model), first)

    cut, dataset = new_run(tmp_path / "cut", world, *changes)
    with pytest.raises(Cut):
        cut_after(cut, dataset, 2)
    again, dataset = new_run(tmp_path / "cut", world, *changes)
    cut_after(again, dataset, None, before=2)
    again.load_weights("best")
    assert_same(weights_of(again.model), third)


def kept(run, dataset):
    """What a run's folder holds when it was trained."""
    write_run(run.folder, run.system, dataset, {"command": "", "deterministic": False})
    cut_after(run, dataset, None)
    return run.folder


def test_a_second_training_begins_with_the_first_stage_of_another_run(world, tmp_path):
    other, dataset = new_run(tmp_path / "other", world, "network.user_model=mlp", "user_specific.epochs=1")
    folder = kept(other, dataset)
    other.load_weights("agnostic")
    theirs = weights_of(other.model)
    run, dataset = new_run(tmp_path / "run", world, f"user_specific.start={folder}")
    assert (run.system.other_weights, [s.name for s in run.system.stages(run.model, dataset)]) == ((), ["tensor"])
    keras.utils.set_random_seed(7)
    (found,) = cut_after(run, dataset, None)
    np.testing.assert_array_equal(found["agnostic_tags/embeddings"], theirs["agnostic_tags/embeddings"])
    for path, before in (("projection/kernel", "projection/kernel"), ("tags/embeddings", "agnostic_tags/embeddings")):
        # Three steps of Adam.
        assert 0 < np.abs(found[path] - theirs[before]).max() < 4 * run.system.config.user_specific.learning_rate

    refused = {
        "network.dimension=9": "has network.dimension=8, this run 9",
        "network.agnostic=mcll": "has network.agnostic=ncsl, this run mcll",
    }
    for change, message in refused.items():
        run, dataset = new_run(tmp_path / change, world, f"user_specific.start={folder}", change)
        with pytest.raises(UserError, match=message):
            cut_after(run, dataset, None)
    run, dataset = new_run(tmp_path / "third", world, f"user_specific.start={tmp_path / 'run'}")
    kept(new_run(tmp_path / "run", world, f"user_specific.start={folder}")[0], dataset)
    with pytest.raises(UserError, match="has no first stage of its own; name .*other, which it began with"):
        cut_after(run, dataset, None)


def test_two_replicas_take_the_steps_of_one(world, seed):
    """In a process of its own: MirroredStrategy objects of one process get in each other's way."""
    small = [*SETTINGS, "training.batch_size=16"]
    cases = [
        {"model": "hashtag", "changes": [*small, *more], "steps": 2, "clip": None, "stage": stage}
        for stage, more in (
            (0, ["network.agnostic=mcll", "loss.sampled=4"]),
            (1, []),
        )
    ]
    command = [sys.executable, "-m", "tests.runs.replicas", str(world), str(seed % 100_000), json.dumps(cases)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    for case, answer in zip(cases, json.loads(done.stdout.splitlines()[-1]), strict=True):
        assert answer["moved"] > 1e-4, case
        assert answer["one_and_reference"] < 1e-5, case
        assert answer["two_and_one"] < 1e-5, case


# === Measuring and serving ===


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


@pytest.mark.parametrize(
    ("row", "title"), [(row, row) for row in ("Tensor (NCSL-MS)", "MLP (MCLL)", "NCSL-PPMI", "ImageNet")]
)
def test_a_variant_is_called_by_its_row(world, row, title):
    kind = made(world)[0]
    changes = [f"{key}={json.dumps(value)}" for key, value in kind.variants[row].items()]
    assert made(world, *changes)[0].protocol.title == title


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
