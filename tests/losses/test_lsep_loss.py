import math

import numpy as np

from kerasmm.losses import LSEPLoss
from tests.losses.by_loop import lsep
from tests.losses.pairs import check_smooth, draw
from tests.public_class import value_and_gradient


def test_worked_by_hand():
    """Gaps of log 2 and log 3: log(1 + 2 + 3), with slopes 2/6, 3/6 and their sum."""
    y_pred = np.array([[math.log(2), 0, math.log(3)]], "float32")
    value, gradient = value_and_gradient(lambda x: LSEPLoss()([[0, 1, 0]], x), y_pred)
    np.testing.assert_allclose(value, math.log(6), rtol=1e-6)
    np.testing.assert_allclose(gradient, [[2 / 6, -5 / 6, 3 / 6]], rtol=1e-6)


def test_a_slow_loop(rng):
    check_smooth(LSEPLoss(reduction=None), lsep(), *draw(rng))


def test_the_largest_gap_is_what_remains_of_large_scores():
    value, gradient = value_and_gradient(
        lambda x: LSEPLoss(reduction=None)([[1, 0, 0], [0, 1, 1]], x),
        np.array([[-1e4, 1e4, 0], [-1e4, 1e4, 0]], "float32"),
    )
    np.testing.assert_allclose(value, [2e4, 0])
    np.testing.assert_array_equal(gradient, [[-1, 1, 0], [0, 0, 0]])
