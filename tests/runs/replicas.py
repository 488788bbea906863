"""Run by test_replicas.py in a process of its own: `python -m tests.runs.replicas DATA SEED CASES`.

CASES is JSON: a system, changes of its configuration, a number of steps and how to clip the gradient. Each case is
trained from the same weights three times: by Keras' own optimizer on one device with its `global_clipnorm`, by our
trainer on one device, and by our trainer on two logical CPUs under MirroredStrategy. Prints for each case the weights'
largest differences and the norms of the gradients. All cases share one strategy: two of one process get in each
other's way.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

RATE = 0.05


def main(folder: str, seed: int, cases: list[dict[str, Any]]) -> None:
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
    )
    from kerasmm.data import open_dataset
    from kerasmm.runs.strategy import make_strategy

    dataset = open_dataset(Path(folder))
    two = make_strategy("auto", 16)
    assert two.num_replicas_in_sync == 2
    print(json.dumps([answer(dataset, seed, two, **case) for case in cases]))


def answer(
    dataset: Any, seed: int, two: Any, model: str, changes: list[str], steps: int, clip: Any, stage: int = 0
) -> dict[str, Any]:
    """What became of one case, of one of its stages; a `clip` of "median" is the median of the norms, so that half of the
    steps are clipped."""
    from kerasmm.runs.trainer import Trainer
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    kind = system(model)
    config = load_config(kind.Config, None, changes)
    made = kind(config, kind.gather_facts(config, dataset), seed)
    keras.utils.set_random_seed(seed)
    start = made.build().get_weights()

    def stage_of(network: keras.Model) -> Any:
        network.set_weights(start)
        return made.stages(network, dataset)[stage]

    def batches(network: keras.Model) -> tf.data.Dataset:
        return made.stages(network, dataset)[stage].batches(0, 0).take(steps)

    def optimizer(**more: Any) -> keras.optimizers.Optimizer:
        return keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True, **more)

    def reference(threshold: float | None) -> tuple[list[np.ndarray], list[float]]:
        """One device, the gradient of the objective, Keras' optimizer and its own clipping of the global norm."""
        network, keras_own, norms = made.build(), optimizer(global_clipnorm=threshold), []
        stage = stage_of(network)
        variables = stage.model.trainable_variables
        for inputs, targets in batches(network):
            with tf.GradientTape() as tape:
                outputs = stage.model(inputs, training=True)
                total = sum(stage.objective(targets, outputs).values()) + sum(stage.model.losses)
            gradients = tape.gradient(total, [variable.value for variable in variables])
            norms.append(float(tf.linalg.global_norm(gradients)))
            keras_own.apply(gradients, variables)
        return network.get_weights(), norms

    def trained(strategy: tf.distribute.Strategy, threshold: float | None) -> list[np.ndarray]:
        with strategy.scope():
            network = made.build()
            stage = stage_of(network)
            trainer = Trainer(stage)
            trainer.clip_norm = threshold
            ours = optimizer()
            ours.build(stage.model.trainable_variables)
            trainer.compile(ours, jit_compile=False)
        trainer.fit(batches(network), epochs=1, verbose=0, shuffle=False)
        return [np.array(weight) for weight in network.get_weights()]

    threshold = float(np.median(reference(None)[1])) if clip == "median" else clip
    wanted, norms = reference(threshold)
    one, both = trained(tf.distribute.get_strategy(), threshold), trained(two, threshold)

    def apart(a: list[np.ndarray], b: list[np.ndarray]) -> float:
        return max(float(np.abs(x - y).max()) for x, y in zip(a, b, strict=True))

    return {
        "one_and_reference": apart(one, wanted),
        "two_and_one": apart(both, one),
        "moved": apart(one, start),
        "norms": norms,
        "threshold": threshold,
    }


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
