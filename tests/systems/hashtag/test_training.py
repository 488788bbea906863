"""Trainings of hashtag: what they learn, cut and started from another run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.runs.evaluation import Evaluation
from kerasmm.runs.loop import train
from kerasmm.runs.run import Run, write_run
from tests.systems.hashtag.world import SETTINGS, made, write_world

ROOT = Path(__file__).resolve().parents[3]


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
    *("training.optimizer.learning_rate=0.03", "user_specific.optimizer.learning_rate=0.03"),
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


def begun(vectors):
    """Directions of the first stage, as long as eight numbers that are uniform in ±0.05: their mean square is 0.05² / 3."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, 1e-12) * np.sqrt(8 * 0.05**2 / 3)


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
    # Two steps of Adagrad, of at most a rate each, from where the tags begin.
    moved = np.abs(second["tags/embeddings"] - begun(first["agnostic_tags/embeddings"]))
    assert 0 < moved.max() < 3 * run.system.config.user_specific.optimizer.learning_rate
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
    start = {path: theirs[path] for path in ("projection/kernel", "projection/bias")}
    start["tags/embeddings"] = begun(theirs["agnostic_tags/embeddings"])
    for path, before in start.items():
        # Two steps of Adagrad.
        assert 0 < np.abs(found[path] - before).max() < 3 * run.system.config.user_specific.optimizer.learning_rate

    refused = {
        "network.dimension=9": "has network.dimension=8, this run 9",
        "network.agnostic=mcll": "has network.agnostic=ncsl, this run mcll",
        "user_specific.left_out=0.3": r"on users whom this run leaves out \(user_specific.left_out=0.0 there, 0.3 here\)",
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
