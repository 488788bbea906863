import numpy as np
import pytest
from sklearn.metrics import top_k_accuracy_score

from kerasmm.metrics import HitRateAtK
from tests.metrics.top_labels import top, without_ties


def hits(k, y_true, y_pred, **arguments):
    metric = HitRateAtK(k, **arguments)
    metric.update_state(np.array(y_true), np.array(y_pred, "float32"))
    return float(metric.result())


def test_worked_by_hand():
    """Order 0, 1, 1 and 0, 0, 1: a true one comes second and third; how many there are is of no matter."""
    y_true, y_pred = [[1, 0, 1], [0, 0, 1]], [[0.5, 0.9, 0.4], [0.5, 0.9, 0.4]]
    assert [hits(k, y_true, y_pred) for k in (1, 2, 3, 50)] == [0, 0.5, 1, 1]


@pytest.mark.parametrize("k", [1, 5])
def test_is_sklearns_accuracy_of_single_labels_and_the_overlap_of_many(rng, k):
    y_true, y_pred = without_ties(rng, 40, 30)
    assert hits(k, y_true, y_pred) == pytest.approx((y_true & top(y_pred, k)).any(axis=1).mean(), rel=1e-5)
    label = rng.integers(0, 30, 40)
    wanted = top_k_accuracy_score(label, y_pred, k=k, labels=range(30))
    assert hits(k, np.eye(30)[label], y_pred) == pytest.approx(wanted, rel=1e-5)


def test_rows_without_true_labels():
    y_true, y_pred = [[1, 0], [0, 0], [-1, -1]], [[0.9, 0.1]] * 3
    assert hits(1, y_true, y_pred) == 1
    assert hits(1, y_true, y_pred, empty_rows="count") == 0.5


def test_is_named_after_k():
    assert HitRateAtK(1).name == "hit_rate_at_1"
