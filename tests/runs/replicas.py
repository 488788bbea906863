"""Run by test_replicas.py in a process of its own: `python -m tests.runs.replicas DATA CLIP SEED`.

Trains DMAN for some steps three times from the same weights: on one device, on two logical CPUs under
MirroredStrategy, and by Keras' own fit of one device with its `global_clipnorm`. Prints the weights' largest
differences and the norms of the gradients.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

STEPS, RATE = 6, 0.05


def main(folder: str, clip: str, seed: int) -> None:
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    from kerasmm.data import open_dataset
    from kerasmm.runs.strategy import make_strategy
    from kerasmm.runs.trainer import Trainer
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    kind = system("dman")
    config = load_config(kind.Config, None, ["network.dropout=0", "training.batch_size=16", "network.units=[8, 1]"])
    dataset = open_dataset(Path(folder))
    made = kind(config, kind.gather_facts(config, dataset), seed)
    keras.utils.set_random_seed(seed)
    start = made.build().get_weights()

    def stage_of(model: keras.Model):
        model.set_weights(start)
        return made.stages(model, dataset)[0]

    def batches():
        return made.stages(model, dataset)[0].batches(0, 0).take(STEPS)

    model = made.build()
    stage = stage_of(model)
    norms = []
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True)
    threshold = None if clip in ("none", "mixed") else float(clip)
    # The reference: one device, the gradient of the objective, Keras' optimizer and its own clipping of the global norm.
    plain = list(batches())
    if clip == "mixed":
        for inputs, targets in plain:
            with tf.GradientTape() as tape:
                total = sum(stage.objective(targets, stage.model(inputs, training=True)).values())
            gradients = tape.gradient(total, [v.value for v in stage.model.trainable_variables])
            norms.append(float(tf.linalg.global_norm(gradients)))
            optimizer.apply(gradients, stage.model.trainable_variables)
        threshold = float(np.median(norms))
        stage = stage_of(model)
    optimizer = keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True, global_clipnorm=threshold)
    norms = []
    for inputs, targets in plain:
        with tf.GradientTape() as tape:
            total = sum(stage.objective(targets, stage.model(inputs, training=True)).values())
        gradients = tape.gradient(total, [v.value for v in stage.model.trainable_variables])
        norms.append(float(tf.linalg.global_norm(gradients)))
        optimizer.apply(gradients, stage.model.trainable_variables)
    reference = model.get_weights()

    def trained(strategy: tf.distribute.Strategy) -> list[np.ndarray]:
        with strategy.scope():
            mine = made.build()
            made_stage = stage_of(mine)
            trainer = Trainer(made_stage)
            trainer.clip_norm = threshold
            optimizer = keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True)
            optimizer.build(made_stage.model.trainable_variables)
            trainer.compile(optimizer, jit_compile=False)
        trainer.fit(batches(), epochs=1, verbose=0, shuffle=False)
        return mine.get_weights()

    one = trained(tf.distribute.get_strategy())
    two = trained(make_strategy("auto", 16))

    def apart(a: list[np.ndarray], b: list[np.ndarray]) -> float:
        return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))

    answer = {
        "replicas": make_strategy("single").num_replicas_in_sync,
        "one_and_reference": apart(one, reference),
        "two_and_one": apart(two, one),
        "moved": apart(one, start),
        "norms": norms,
        "threshold": threshold,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
