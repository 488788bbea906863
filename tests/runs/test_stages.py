"""A training of several stages: what each begins with, what the run keeps, and how it goes on after a cut."""

from __future__ import annotations

import csv
import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError, guarded
from kerasmm.evaluate import main as evaluate
from kerasmm.fit import main as fit
from kerasmm.runs.checkpoint import Checkpoint
from kerasmm.runs.loop import train
from kerasmm.runs.run import Run
from kerasmm.runs.trainer import Trainer
from tests.systems.webly.world import SETTINGS, clean_posts, made, write_clean, write_web
from tests.tiny import write_dataset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    return write_clean(tmp_path_factory.mktemp("stages") / "clean", train=24)


@pytest.fixture(scope="module")
def web(tmp_path_factory):
    return write_web(tmp_path_factory.mktemp("stages") / "web")


@pytest.fixture
def untraced():
    """Stages of a few steps each: tracing them would take longer than they do."""
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def new_run(folder, data, *changes, seed=0):
    webly, dataset = made(data, *changes)
    keras.utils.set_random_seed(seed)
    folder.mkdir(exist_ok=True)
    return Run(folder, webly, dataset.folder, webly.build()), dataset


def weights_of(model):
    return {variable.path: np.array(variable) for variable in model.variables}


def stored(run, name):
    run.load_weights(name)
    return weights_of(run.model)


def assert_same(found, wanted):
    assert found.keys() == wanted.keys()
    for path, values in wanted.items():
        np.testing.assert_array_equal(found[path], values, err_msg=path)


STAGES = ("web.curriculum=0", "loss.negatives=sum", "text.most_words=3")
"""The loop doesn't ask which loss it is, nor how long sentences are; these cost least."""


def trained(folder, data, figures, *changes):
    """A run whose validation says `figures` one after the other; with the weights at each of them."""
    settings = (*STAGES, "training.batch_size=24", "training.optimizer.learning_rate=0.003")
    run, dataset = new_run(folder, data, *settings, *changes)
    seen = []

    def validate():
        seen.append(weights_of(run.model))
        return {"rsum": figures[len(seen) - 1], "call": float(len(seen))}

    answer = train(run, dataset, validate, tf.distribute.get_strategy(), quiet=True)
    assert len(seen) == len(figures)
    return run, seen, answer


@pytest.mark.usefixtures("untraced")
def test_stage_two_begins_with_the_best_of_stage_one_and_the_run_keeps_what_is_better(clean, web, tmp_path):
    # Two epochs of stage I, one on the web, one of the control.
    changes = (f"web.data={web}", "web.control=true", "training.epochs=2")
    run, seen, answer = trained(tmp_path / "run", clean, [9.0, 7.0, 10.0, 11.0], *changes)
    best_clean = seen[0]
    assert_same(stored(run, "clean"), best_clean)
    assert_same(stored(run, "web"), seen[2])
    assert_same(stored(run, "control"), seen[3])
    # The control is better than all, and only a control.
    assert_same(stored(run, "best"), seen[2])
    assert answer == {"rsum": 10.0, "call": 3.0}
    for place in (2, 3):
        for path, values in seen[place].items():
            moved = np.abs(values - best_clean[path]).max()
            if "image_embedding" in path or "tag_embedding" in path:
                # Adam's two steps are about the learning rate, 0.00002.
                assert 0 < moved < 3 * 2e-5, path
            else:
                assert moved == 0, f"{path} is no part of the image or the tag branch"
    kernel = "image_embedding_1/kernel"
    assert np.abs(seen[1][kernel] - best_clean[kernel]).max() > 1e-3, "the last epoch of stage I is another"
    assert (seen[3][kernel] != seen[2][kernel]).any()


@pytest.mark.usefixtures("untraced")
def test_where_the_web_helps_nothing_stage_one_stays(clean, web, tmp_path):
    """Of equals the earlier one."""
    changes = (f"web.data={web}", "training.epochs=2")
    run, seen, answer = trained(tmp_path / "run", clean, [9.0, 7.0, 9.0], *changes)
    assert_same(stored(run, "best"), seen[0])
    assert_same(stored(run, "web"), seen[2])
    assert answer == {"rsum": 9.0, "call": 1.0}
    rows = list(csv.DictReader((run.folder / "metrics.csv").open(newline="")))
    epochs = [(row["stage"], float(row["epoch"])) for row in rows]
    assert epochs == [("clean", 1.0), ("clean", 2.0), ("web", 1.0)]


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("last", [False, True])
def test_weights_that_become_no_numbers_end_a_training_that_can_go_on(clean, tmp_path, monkeypatch, rng, last):
    """Whichever variable it is, and in the last step of an epoch, too, whose loss is still one."""
    run, dataset = new_run(tmp_path / "run", clean, *STAGES, "training.epochs=2", "training.batch_size=24")
    variables = run.model.trainable_variables
    spoilt, seen, steps = variables[rng.integers(len(variables))], [], []
    step = Trainer.train_step

    def validate():
        seen.append(weights_of(run.model))
        return {"rsum": float(len(seen))}

    def stepped(self, data):
        answer = step(self, data)
        steps.append(len(seen))
        # As many steps as the first epoch had.
        if len(seen) == 1 and (not last or steps.count(1) == steps.count(0)):
            spoilt.assign(tf.fill(spoilt.shape, np.nan))
        return answer

    monkeypatch.setattr(Trainer, "train_step", stepped)
    with pytest.raises(UserError, match="clean, epoch 2: .*the training has diverged; lower training.optim") as caught:
        train(run, dataset, validate, tf.distribute.get_strategy(), quiet=True)
    assert f"{run.folder} keeps its best weights so far (rsum 1.0000)" in str(caught.value)
    assert_same(stored(run, "best"), seen[0])
    monkeypatch.undo()
    run, dataset = new_run(tmp_path / "run", clean, *STAGES, "training.epochs=2", "training.batch_size=24", seed=1)
    train(run, dataset, validate, tf.distribute.get_strategy(), quiet=True)
    assert len(seen) == 2 and all(np.isfinite(values).all() for values in stored(run, "best").values())


def test_weights_that_are_no_numbers_are_not_served(clean, tmp_path):
    run, _ = new_run(tmp_path / "run", clean, *STAGES)
    variable = run.model.trainable_variables[-1]
    variable.assign(tf.fill(variable.shape, np.inf))
    run.save_weights()
    with pytest.raises(UserError, match=r"best\.weights\.h5: holds weights that are no numbers"):
        run.load_weights()


class Cut(Exception):
    """The power is gone, right after a checkpoint was written."""


@pytest.mark.usefixtures("untraced")
def test_a_training_cut_in_mid_epoch_of_each_stage_ends_as_a_whole_one(clean, web, tmp_path, monkeypatch):
    changes = (
        *(*STAGES, f"web.data={web}", "training.epochs=2", "network.dropout=0.2"),
        *("training.checkpoint_seconds=0", "training.optimizer.learning_rate=0.01", "web.learning_rate=0.01"),
    )
    save, cuts = Checkpoint.save, []

    def saved(self, state, number):
        save(self, state, number)
        if cuts and number == cuts[0]:
            cuts.pop(0)
            raise Cut

    monkeypatch.setattr(Checkpoint, "save", saved)

    def go(folder, seed):
        run, dataset = new_run(folder, clean, *changes, seed=seed)

        def validate():
            return {"rsum": float(sum(np.abs(values).sum() for values in run.model.get_weights()))}

        train(run, dataset, validate, tf.distribute.get_strategy(), quiet=True)
        return run

    whole = go(tmp_path / "whole", 1)
    # A checkpoint a step: two epochs of three of stage I, one of three on the web. Cut in the midst of the last of either.
    cuts[:] = [5, 8]
    # What is begun with another seed must get its weights and its dropout from the checkpoint.
    for seed in (1, 2):
        with pytest.raises(Cut):
            go(tmp_path / "cut", seed)
    resumed = go(tmp_path / "cut", 3)
    assert not cuts
    for name in ("clean", "web", "best"):
        found, wanted = stored(resumed, name), stored(whole, name)
        for path, values in wanted.items():
            if "seed_generator" not in path:
                np.testing.assert_allclose(found[path], values, atol=1e-5, err_msg=f"{name}: {path}")

    def rows(run):
        kept = csv.DictReader((run.folder / "metrics.csv").open(newline=""))
        return [{key: value for key, value in row.items() if key != "seconds"} for row in kept]

    assert [row["stage"] for row in rows(resumed)] == ["clean", "clean", "web"]
    for own, other in zip(rows(resumed), rows(whole), strict=True):
        for key, value in other.items():
            assert own[key] == value or float(own[key]) == pytest.approx(float(value), rel=1e-4), key


def chosen(*changes):
    return [part for change in (*SETTINGS, *changes) for part in ("--set", change)]


def test_fit_finds_what_is_there_to_find_and_says_nothing_of_a_collapse(tmp_path, web, capsys):
    """Pictures and sentences of 36 kinds; one of each in the test split, so that chance is 1 in 36."""
    data, folder = write_clean(tmp_path / "data", train=360), tmp_path / "run"
    changes = chosen(
        *("training.epochs=4", "training.optimizer.learning_rate=0.02", "training.optimizer.schedule=cosine"),
        *("network.dimension=24", "network.gru_units=24", "loss.warm_up=0.5"),
        *(f"web.data={web}", "web.control=true", "web.epochs=1"),
    )
    arguments = ["--model", "webly", "--data", str(data), "--run", str(folder), "--no-export"]
    assert guarded(fit, [*arguments, *changes]) == 0
    printed = capsys.readouterr()
    assert "collapsed" not in printed.out + printed.err
    assert "Image-to-Text Retrieval" in printed.out
    figures = json.loads((folder / "evaluation.json").read_text())
    for prefix in ("", "clean/", "web/", "control/"):
        for way in ("image_to_text", "text_to_image"):
            assert figures[f"{prefix}{way}/R@1"] > 0.5
            assert figures[f"{prefix}{way}/chance/R@1"] < 0.06
    assert {f"{name}.weights.h5" for name in ("best", "clean", "web", "control")} <= {p.name for p in folder.iterdir()}
    with h5py.File(folder / "best.weights.h5") as best:
        assert best.keys()
    assert guarded(evaluate, ["--quiet", "--run", str(folder), "--json", str(tmp_path / "again.json")]) == 0
    again = json.loads((tmp_path / "again.json").read_text())
    assert again == pytest.approx(figures)


@pytest.mark.usefixtures("untraced")
def test_a_collapse_is_said_in_the_log_of_the_training(tmp_path, capsys):
    """Pictures that differ in nothing that counts and one sentence for all: all similarities are equal."""
    posts = [
        dataclasses.replace(
            post,
            features=np.full(12, 2.0 ** -(number % 10), "float16") * (1 + number // 10),
            sentences=("a picture",),
            sentence_tags=("picture",),
        )
        for number, post in enumerate(clean_posts(40, 1))
    ]
    data = write_dataset(tmp_path / "data", {"train": posts})
    changes = ("training.optimizer.learning_rate=1e-9", "training.epochs=3", "loss.tag_weight=0", "loss.warm_up=0.4")
    run, dataset = new_run(tmp_path / "run", data, *changes)
    train(run, dataset, lambda: {"rsum": 0.0}, tf.distribute.get_strategy(), quiet=False)
    printed = capsys.readouterr()
    lines = [line for line in (printed.out + printed.err).splitlines() if "it has collapsed; start again" in line]
    # The first epoch has the sum of all negatives.
    assert [line.partition(":")[0] for line in lines] == ["clean, epoch 2", "clean, epoch 3"]


def test_two_replicas_take_the_steps_of_one(clean, seed):
    """In a process of its own: MirroredStrategy objects of one process get in each other's way."""
    changes = [*SETTINGS, "loss.negatives=sum"]
    # A whole epoch, clipped as the stage is.
    case = {"model": "webly", "changes": changes, "steps": 3, "clip": 2.0}
    command = [sys.executable, "-m", "tests.runs.replicas", str(clean), str(seed % 100_000), json.dumps([case])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    (answer,) = json.loads(done.stdout.splitlines()[-1])
    assert answer["moved"] > 1e-3
    assert answer["two_and_one"] < 1e-5
