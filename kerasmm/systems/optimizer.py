"""The optimizer of a configuration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerasmm.systems.config import Optimizer

if TYPE_CHECKING:
    import keras


def make_optimizer(config: Optimizer, steps: Sequence[int]) -> keras.optimizers.Optimizer:
    """A new Keras optimizer. Clipping is not its job: gradients are summed over replicas first (`kerasmm.runs`).

    Args:
        config: Its settings.
        steps: Steps of each epoch of the training, over which a schedule runs.
    """
    import keras

    rate = config.learning_rate
    if config.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, sum(steps))
    if config.schedule == "step":
        drops = range(config.step_epochs, len(steps), config.step_epochs)
        rates = [rate * config.step_factor**drop for drop in range(len(drops) + 1)]
        # Keras takes the later rate from the step after a boundary on.
        boundaries = [sum(steps[:epoch]) - 1 for epoch in drops]
        rate = keras.optimizers.schedules.PiecewiseConstantDecay(boundaries, rates) if boundaries else rate
    decay = config.weight_decay
    if config.name == "sgd":
        return keras.optimizers.SGD(rate, momentum=config.momentum, nesterov=config.nesterov, weight_decay=decay)
    if config.name == "adam":
        return keras.optimizers.Adam(rate, weight_decay=decay)
    if config.name == "adagrad":
        return keras.optimizers.Adagrad(rate, config.initial_accumulator, weight_decay=decay)
    # AdamW is Adam with a decay; Keras' own where none is said.
    return keras.optimizers.AdamW(rate) if decay is None else keras.optimizers.AdamW(rate, weight_decay=decay)
