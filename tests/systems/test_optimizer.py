from __future__ import annotations

import math
from pathlib import Path

import keras
import numpy as np
import pytest

from kerasmm.systems.config import Optimizer, load_config
from kerasmm.systems.optimizer import make_optimizer


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adagrad"])
def test_a_constant_rate_is_the_rate(name):
    assert float(make_optimizer(Optimizer(name=name, learning_rate=0.03), [50, 50]).learning_rate) == pytest.approx(
        0.03
    )


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adagrad"])
def test_cosine_falls_to_nothing_over_the_steps_of_all_epochs(name):
    optimizer = make_optimizer(Optimizer(name=name, learning_rate=0.5, schedule="cosine"), [15, 5, 20])
    for step in (0, 10, 20, 39, 40, 50):
        optimizer.iterations.assign(step)
        expected = 0.5 * (1 + math.cos(math.pi * min(step, 40) / 40)) / 2
        assert float(optimizer.learning_rate) == pytest.approx(expected, abs=1e-6)


def rates(config, steps):
    """The learning rate of each step of each epoch, and of three steps after the last."""
    optimizer, found = make_optimizer(config, steps), []
    for step in range(sum(steps) + 3):
        optimizer.iterations.assign(step)
        found.append(float(optimizer.learning_rate))
    return found


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adagrad"])
def test_steps_fall_at_the_first_step_of_an_epoch(name):
    """Seven epochs of unequal length, as a curriculum makes them; every two epochs a fifth of the rate."""
    steps = [3, 1, 4, 2, 5, 1, 2]
    config = Optimizer(name=name, learning_rate=0.5, schedule="step", step_epochs=2, step_factor=0.2)
    wanted = [0.5] * 4 + [0.1] * 6 + [0.02] * 6 + [0.004] * (2 + 3)
    np.testing.assert_allclose(rates(config, steps), wanted, rtol=1e-6)


@pytest.mark.parametrize("name", ["vgg19", "resnet152"])
def test_the_papers_schedule(name):
    """Webly, section 4.2: 0.0002, divided by ten every ten epochs, 30 epochs; 0.00002 on the web."""
    from kerasmm.systems.webly.config import WeblyConfig

    path = Path(__file__).resolve().parents[2] / "configs" / "webly" / f"{name}.yaml"
    config = load_config(WeblyConfig, path)
    assert (config.training.epochs, config.training.batch_size) == (30, 128)
    assert (config.training.optimizer.name, config.training.optimizer.clip_norm) == ("adam", 2.0)
    found = rates(config.training.optimizer, [3] * 30)
    np.testing.assert_allclose(found, [2e-4] * 30 + [2e-5] * 30 + [2e-6] * 33, rtol=1e-6)
    assert config.web.learning_rate == 2e-5


@pytest.mark.parametrize("epochs", [1, 2, 3])
def test_a_training_without_a_drop_is_constant(epochs):
    config = Optimizer(learning_rate=0.5, schedule="step", step_epochs=3)
    assert rates(config, [2] * epochs) == [0.5] * (2 * epochs + 3)


def test_an_epoch_without_steps_drops_the_rate_all_the_same():
    config = Optimizer(learning_rate=0.5, schedule="step", step_epochs=1, step_factor=0.1)
    np.testing.assert_allclose(rates(config, [2, 0, 2]), [0.5] * 2 + [0.005] * 5, rtol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "adagrad"])
def test_weight_decay_takes_its_share_of_the_rate(name):
    variable = keras.Variable(np.array([2.0, -4.0]))
    optimizer = make_optimizer(Optimizer(name=name, learning_rate=0.5, weight_decay=0.1), [100])
    optimizer.apply([np.zeros(2, "float32")], [variable])
    np.testing.assert_allclose(variable, [2.0 - 0.5 * 0.1 * 2.0, -4.0 + 0.5 * 0.1 * 4.0], rtol=1e-6)
