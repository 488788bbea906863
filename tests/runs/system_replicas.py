"""Run by tests in a process of its own: `python -m tests.runs.system_replicas MODEL DATA SEED [KEY=VALUE …]`.

Trains the first stage of a system for an epoch twice from the same weights, on one device and on two logical CPUs under MirroredStrategy, and
prints the weights' largest differences.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf


def main(model_name: str, folder: str, seed: int, *changes: str) -> None:
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    from kerasmm.data.dataset import open_dataset
    from kerasmm.runs.strategy import make_strategy
    from kerasmm.runs.trainer import Trainer
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    kind, dataset = system(model_name), open_dataset(Path(folder))
    config = load_config(kind.Config, None, list(changes))
    made = kind(config, kind.gather_facts(config, dataset), seed)
    keras.utils.set_random_seed(seed)
    start = made.build().get_weights()

    def trained(strategy: tf.distribute.Strategy) -> list[np.ndarray]:
        with strategy.scope():
            model = made.build()
            model.set_weights(start)
            stage = made.stages(model, dataset)[0]
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
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), *sys.argv[4:])
