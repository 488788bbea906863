from __future__ import annotations

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import guarded
from kerasmm.fit import main as fit
from kerasmm.runs.run import open_run
from kerasmm.runs.trainer import Trainer
from kerasmm.systems.system import Stage


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_learns_as_float32_does(tiny, tmp_path, precision):
    losses = {}
    for policy in ("float32", precision):
        folder = tmp_path / policy
        settings = [f"training.precision={policy}", "training.epochs=4", "network.units=[8, 1]", "network.dropout=0"]
        settings += ["training.optimizer.clip_norm=2", "training.batch_size=8"]
        chosen = [part for setting in settings for part in ("--set", setting)]
        command = [
            "--quiet",
            "--model",
            "dman",
            "--data",
            str(tiny),
            "--run",
            str(folder),
            "--no-export",
            "--no-evaluate",
        ]
        assert guarded(fit, [*command, *chosen]) == 0
        with (folder / "metrics.csv").open() as file:
            losses[policy] = [float(row["loss"]) for row in csv.DictReader(file)]
        # What is kept and evaluated is float32, whatever the training computed in.
        assert {weight.dtype for weight in open_run(folder).model.get_weights()} == {np.dtype("float32")}
    assert losses[precision][-1] < 0.8 * losses[precision][0]
    np.testing.assert_allclose(losses[precision], losses["float32"], rtol=0.05)


def test_clipping_under_loss_scaling_clips_the_unscaled_gradient(rng):
    """One step of SGD with learning rate 1: the parameters move by the clipped gradient, worked by hand."""
    x, y = rng.normal(size=(6, 3)).astype("float32"), 10 * rng.normal(size=(6, 1)).astype("float32")
    inputs = keras.Input((3,), name="x")
    model = keras.Model({"x": inputs}, {"y": keras.layers.Dense(1, use_bias=False)(inputs)})
    start = model.get_weights()[0]
    gradient = 2 * x.T @ (x @ start - y) / 6
    norm = np.linalg.norm(gradient)
    limit = float(norm) / 3

    def objective(targets, outputs):
        return {"square": keras.ops.mean(keras.ops.square(outputs["y"] - targets["y"]))}

    stage = Stage(
        "train",
        model,
        objective,
        lambda epoch, skip: None,
        lambda epoch: 1,
        ("square",),
        1,
        keras.optimizers.SGD,
        limit,
    )
    trainer = Trainer(stage)
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(1.0), initial_scale=1024.0)
    optimizer.build(model.trainable_variables)
    trainer.compile(optimizer, jit_compile=False)
    trainer.fit(tf.data.Dataset.from_tensors(({"x": x}, {"y": y})), verbose=0, shuffle=False)
    np.testing.assert_allclose(start - model.get_weights()[0], gradient * limit / norm, rtol=1e-4)
