"""Run by test_stages.py in a process of its own: `python -m tests.training.webly_replicas DATA SEED`.

Trains webly for an epoch twice from the same weights, on one device and on two logical CPUs under MirroredStrategy, and
prints the weights' largest differences.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


def main(folder: str, seed: int) -> None:
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    from kerasmm.training.strategy import make_strategy
    from kerasmm.training.trainer import Trainer
    from tests.webly_world import made

    webly, dataset = made(Path(folder), "loss.negatives=sum", seed=seed)
    keras.utils.set_random_seed(seed)
    start = webly.build().get_weights()

    def trained(strategy: tf.distribute.Strategy) -> list[np.ndarray]:
        with strategy.scope():
            model = webly.build()
            model.set_weights(start)
            stage = webly.stages(model, dataset)[0]
            trainer = Trainer(stage)
            optimizer = keras.optimizers.SGD(0.05)
            optimizer.build(model.trainable_variables)
            trainer.compile(optimizer, jit_compile=False)
        trainer.fit(stage.batches(0, 0), epochs=1, verbose=0, shuffle=False)
        return [np.array(weight) for weight in model.get_weights()]

    def apart(a: list[np.ndarray], b: list[np.ndarray]) -> float:
        return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))

    one, two = trained(tf.distribute.get_strategy()), trained(make_strategy("auto", 16))
    print(json.dumps({"two_and_one": apart(two, one), "moved": apart(one, start)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
