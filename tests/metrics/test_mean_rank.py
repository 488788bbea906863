import numpy as np
import pytest

from kerasmm.metrics import MeanRank


def test_worked_by_hand():
    """Ranks 2 and 4; the third query has no true item; an absent item takes no rank, so the fourth has rank 1."""
    metric = MeanRank()
    y_true = np.array([[0, 1, 0, 1], [0, 0, 0, 1], [0, 0, 0, 0], [-1, 1, 0, 0]])
    metric.update_state(y_true, np.array([[0.9, 0.8, 0.7, 0.6]] * 4))
    assert float(metric.result()) == pytest.approx((2 + 4 + 1) / 3)
    metric.update_state(y_true[1:2], np.array([[0.9, 0.8, 0.7, 0.6]]), np.array([3.0]))
    assert float(metric.result()) == pytest.approx((2 + 4 + 1 + 3 * 4) / 6)
