from __future__ import annotations

import math

import keras
import numpy as np
import pytest

from kerasmm.systems.config import Optimizer
from kerasmm.systems.optimizer import make_optimizer


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_a_constant_rate_is_the_rate(name):
    assert float(make_optimizer(Optimizer(name=name, learning_rate=0.03), 100).learning_rate) == pytest.approx(0.03)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_cosine_falls_to_nothing_over_the_training(name):
    optimizer = make_optimizer(Optimizer(name=name, learning_rate=0.5, schedule="cosine"), 40)
    for step in (0, 10, 20, 39, 40, 50):
        optimizer.iterations.assign(step)
        expected = 0.5 * (1 + math.cos(math.pi * min(step, 40) / 40)) / 2
        assert float(optimizer.learning_rate) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw"])
def test_weight_decay_takes_its_share_of_the_rate(name):
    variable = keras.Variable(np.array([2.0, -4.0]))
    optimizer = make_optimizer(Optimizer(name=name, learning_rate=0.5, weight_decay=0.1), 100)
    optimizer.apply([np.zeros(2, "float32")], [variable])
    np.testing.assert_allclose(variable, [2.0 - 0.5 * 0.1 * 2.0, -4.0 + 0.5 * 0.1 * 4.0], rtol=1e-6)
