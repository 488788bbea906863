import numpy as np
import pytest
from sklearn.metrics import hamming_loss

from kerasmm.metrics import HammingLossAtK
from tests.metrics.top_labels import top, without_ties


def loss(k, y_true, y_pred, **arguments):
    metric = HammingLossAtK(k, **arguments)
    metric.update_state(np.array(y_true), np.array(y_pred, "float32"))
    return float(metric.result())


def test_worked_by_hand():
    """Order 1, 0, 1, 1 and 0, 0, 1, 0."""
    y_true, y_pred = [[1, 1, 0, 1], [0, 1, 0, 0]], [[0.9, 0.2, 0.8, 0.1], [0.4, 0.2, 0.3, 0.1]]
    assert loss(1, y_true, y_pred) == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert loss(3, y_true, y_pred) == pytest.approx((2 / 4 + 2 / 4) / 2)
    assert loss(50, y_true, y_pred) == pytest.approx((1 / 4 + 3 / 4) / 2)


@pytest.mark.parametrize("k", [1, 5, 10, 30])
def test_is_sklearns_hamming_loss_of_the_binarised_top(rng, k):
    y_true, y_pred = without_ties(rng, 40, 30)
    assert loss(k, y_true, y_pred) == pytest.approx(hamming_loss(y_true, top(y_pred, k)), rel=1e-5)


def test_labels_that_take_no_part_are_not_counted():
    """Two of three labels are there; the first is given and wrong, the last is missed."""
    assert loss(1, [[0, -1, 1]], [[0.9, 0.8, 0.7]]) == 1
    assert loss(1, [[0, 0, 1]], [[0.9, 0.8, 0.7]]) == pytest.approx(2 / 3)


def test_rows_without_true_labels():
    y_true, y_pred = [[1, 0, 0, 0], [0, 0, 0, 0], [-1, -1, -1, -1]], [[0.9, 0.3, 0.2, 0.1]] * 3
    assert loss(1, y_true, y_pred) == 0
    assert loss(1, y_true, y_pred, empty_rows="count") == pytest.approx((0 + 1 / 4) / 2)


def test_is_named_after_k():
    assert HammingLossAtK().name == "hamming_loss_at_10"


@pytest.mark.parametrize("k", [0, -1, 2.5, None])
def test_says_what_was_wrong(k):
    with pytest.raises(ValueError, match=f"`k` must be a positive integer. Received: k={k}"):
        HammingLossAtK(k)
