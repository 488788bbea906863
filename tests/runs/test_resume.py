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


@pytest.fixture
def checkpoint(tmp_path):
    """Makes the checkpoint of a network of so many units, in one folder."""
    import keras
    import tensorflow as tf

    from kerasmm.runs.trainer import Trainer
    from kerasmm.systems.system import Stage

    def made(units=2):
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
        return Checkpoint(tmp_path / "checkpoints" / "train", trainer)

    return made


def test_a_checkpoint_of_another_model_is_refused(checkpoint):
    checkpoint(2).save({"epoch": 1}, 1)
    assert checkpoint(2).restore() == {"epoch": 1}
    with pytest.raises(UserError, match="ckpt-1: can't be restored into this model"):
        checkpoint(4).restore()


def saved(checkpoint, folder, last):
    one = checkpoint()
    for number in range(1, last + 1):
        one.save({"epoch": number}, number)
    return sorted(path.name for path in folder.iterdir())


def names(*numbers):
    return ["checkpoint", *(f"ckpt-{n}.{end}" for n in numbers for end in ("data-00000-of-00001", "index"))]


@pytest.mark.parametrize("part", ["index", "data-00000-of-00001"])
@pytest.mark.parametrize("damage", ["empty", "half", "junk", "gone"])
def test_a_damaged_newest_checkpoint_leaves_the_one_before(tmp_path, checkpoint, capsys, part, damage):
    folder = tmp_path / "checkpoints" / "train"
    assert saved(checkpoint, folder, 3) == names(2, 3)
    path = folder / f"ckpt-3.{part}"
    content = path.read_bytes()
    path.unlink()
    if damage != "gone":
        path.write_bytes({"empty": b"", "half": content[: len(content) // 2], "junk": b"x" * len(content)}[damage])
    assert checkpoint().restore() == {"epoch": 2}
    told = capsys.readouterr().err
    # Without its index there is no checkpoint, as after a kill.
    if (part, damage) != ("index", "gone"):
        assert told.startswith("note: ") and "ckpt-3: can't be restored" in told and "ckpt-2, the one before it" in told
    checkpoint().save({"epoch": 3}, 3)
    assert checkpoint().restore() == {"epoch": 3}


def test_the_list_of_checkpoints_is_not_believed(tmp_path, checkpoint):
    folder = tmp_path / "checkpoints" / "train"
    for name in ("victim.index", "victim.data-00000-of-00001"):
        (tmp_path / name).write_text("mine")
    saved(checkpoint, folder, 2)
    listed = ["../../victim", str(tmp_path / "victim"), "ckpt-2"]
    (folder / "checkpoint").write_text(
        'model_checkpoint_path: "../../victim"\n' + "".join(f'all_model_checkpoint_paths: "{one}"\n' for one in listed)
    )
    one = checkpoint()
    assert one.restore() == {"epoch": 2}
    for number in (3, 4, 5):
        one.save({"epoch": number}, number)
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoints", "victim.index", "victim.data-00000-of-00001"}
    assert sorted(path.name for path in folder.iterdir()) == names(4, 5)


def test_checkpoints_are_not_written_through_a_link(tmp_path, checkpoint):
    (tmp_path / "victim").mkdir()
    (tmp_path / "checkpoints").symlink_to(tmp_path / "victim")
    with pytest.raises(UserError, match="checkpoints: is a link"):
        checkpoint().save({"epoch": 1}, 1)
    assert not any((tmp_path / "victim").iterdir())


def test_a_full_disk_keeps_the_checkpoint_before(tmp_path, checkpoint, monkeypatch):
    import tensorflow as tf

    folder = tmp_path / "checkpoints" / "train"
    saved(checkpoint, folder, 2)

    def full(_, path):
        Path(f"{path}.data-00000-of-00001.tempstate123").write_bytes(b"half")
        raise tf.errors.ResourceExhaustedError(None, None, f"{path}.data-00000-of-00001; No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tf.train.Checkpoint, "write", full)
        with pytest.raises(UserError, match=r"ckpt-3: can't be written \(.*no space left.*goes on from there"):
            checkpoint().save({"epoch": 3}, 3)
    assert sorted(path.name for path in folder.iterdir()) == names(1, 2)
    assert checkpoint().restore() == {"epoch": 2}


def test_a_second_training_is_told_of_the_first(tmp_path, tiny, monkeypatch, capsys):
    from kerasmm.console import guarded
    from kerasmm.fit import main
    from kerasmm.runs.at_work import at_work

    run, before = tmp_path / "run", Path.cwd()
    arguments = command(tiny, run)[3:]
    with at_work(run):
        assert guarded(main, arguments) == 2
    assert f"{run}: process {os.getpid()} on " in capsys.readouterr().err
    assert Path.cwd() == before and not run.exists()
