"""The optimizer of a configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasmm.systems.config import Optimizer

if TYPE_CHECKING:
    import keras


def make_optimizer(config: Optimizer, steps: int) -> keras.optimizers.Optimizer:
    """A new Keras optimizer. Clipping is not its job: gradients are summed over replicas first (`kerasmm.training`).

    Args:
        config: Its settings.
        steps: Steps of the whole training, over which a schedule runs.
    """
    import keras

    rate = config.learning_rate
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, steps)
    decay = config.weight_decay
    if config.name == "sgd":
        return keras.optimizers.SGD(rate, momentum=config.momentum, nesterov=config.nesterov, weight_decay=decay)
    if config.name == "adam":
        return keras.optimizers.Adam(rate, weight_decay=decay)
    # AdamW is Adam with a decay; Keras' own where none is said.
    return keras.optimizers.AdamW(rate) if decay is None else keras.optimizers.AdamW(rate, weight_decay=decay)
