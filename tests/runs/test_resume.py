from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerasmm.console import UserError
from kerasmm.runs.checkpoint import Checkpoint
from kerasmm.runs.run import open_run, read_run

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = ["training.epochs=3", "training.batch_size=8", "training.checkpoint_seconds=0", "network.units=[8, 1]"]


def command(data, run, *more):
    return [
        *(sys.executable, "-m", "kerasmm.fit", "--model", "dman", "--run", str(run)),
        *("--no-export", "--no-evaluate", "--quiet"),
        *(() if "--resume" in more else ("--data", str(data), "--deterministic", "--seed", "5")),
        *(() if "--resume" in more else [part for setting in SETTINGS for part in ("--set", setting)]),
        *more,
    ]


def rows(run):
    with (run / "metrics.csv").open(newline="") as file:
        return [{k: v for k, v in row.items() if k != "seconds"} for row in csv.DictReader(file)]


def test_a_killed_training_goes_on_as_if_nothing_had_happened(tiny, tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    subprocess.run(command(tiny, whole), cwd=ROOT, check=True, timeout=300)

    process = subprocess.Popen(command(tiny, killed), cwd=ROOT)
    checkpoints = killed / "checkpoints" / "train"
    deadline = time.monotonic() + 200
    # 120 posts make 15 steps an epoch with a checkpoint each: ckpt-20 and on lie inside the second epoch or the third.
    while not any(int(path.stem.split("-")[1]) in range(20, 44) for path in checkpoints.glob("ckpt-*.index")):
        assert process.poll() is None, "ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(rows(killed)) < 3

    subprocess.run(command(tiny, killed, "--resume"), cwd=ROOT, check=True, timeout=300)
    assert rows(killed) == rows(whole)
    for ours, theirs in zip(open_run(killed).model.get_weights(), open_run(whole).model.get_weights(), strict=True):
        assert (ours == theirs).all()

    # Once more on a finished run: nothing left to do, nothing lost.
    subprocess.run(command(tiny, killed, "--resume"), cwd=ROOT, check=True, timeout=300)
    assert rows(killed) == rows(whole)
    assert json.loads((killed / "run.json").read_text())["deterministic"] is True


def test_no_run_and_no_weights_are_said(tmp_path):
    with pytest.raises(UserError, match="run.json: no run here; train one with"):
        read_run(tmp_path)


def test_a_checkpoint_of_another_model_is_refused(tmp_path, tiny):
    import keras
    import tensorflow as tf

    from kerasmm.runs.trainer import Trainer
    from kerasmm.systems.system import Stage

    def checkpoint(units):
        inputs = keras.Input((3,), name="x")
        model = keras.Model({"x": inputs}, {"y": keras.layers.Dense(units)(inputs)})
        stage = Stage(
            "train",
            model,
            lambda t, o: {"loss_of_y": 0.0},
            lambda e, s: tf.data.Dataset.range(1),
            lambda e: 1,
            ("a",),
            1,
            keras.optimizers.SGD,
        )
        trainer = Trainer(stage)
        trainer.compile(keras.optimizers.SGD())
        trainer.optimizer.build(model.trainable_variables)
        return Checkpoint(tmp_path / "checkpoints", trainer)

    checkpoint(2).save({"epoch": 1}, 1)
    assert checkpoint(2).restore() == {"epoch": 1}
    with pytest.raises(UserError, match="ckpt-1: can't be restored into this model"):
        checkpoint(4).restore()
