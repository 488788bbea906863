import numpy as np
import pytest
from sklearn.metrics import jaccard_score

from kerasmm.metrics import MultiLabelAccuracyAtK, RecallAtK
from tests.metrics.top_labels import top, without_ties


def accuracy(k, y_true, y_pred, **arguments):
    metric = MultiLabelAccuracyAtK(k, **arguments)
    metric.update_state(np.array(y_true), np.array(y_pred, "float32"))
    return float(metric.result())


def test_worked_by_hand():
    """Order 1, 0, 1, 1 and 0, 0, 1, 0: of the first three, two of four and one of three are right."""
    y_true, y_pred = [[1, 1, 0, 1], [0, 1, 0, 0]], [[0.9, 0.2, 0.8, 0.1], [0.4, 0.2, 0.3, 0.1]]
    assert accuracy(1, y_true, y_pred) == pytest.approx((1 / 3 + 0) / 2)
    assert accuracy(3, y_true, y_pred) == pytest.approx((2 / 4 + 1 / 3) / 2)
    assert accuracy(50, y_true, y_pred) == pytest.approx((3 / 4 + 1 / 4) / 2)


@pytest.mark.parametrize("k", [1, 5, 10, 30])
def test_is_sklearns_jaccard_score_of_the_binarised_top(rng, k):
    y_true, y_pred = without_ties(rng, 40, 30)
    wanted = jaccard_score(y_true, top(y_pred, k), average="samples")
    assert accuracy(k, y_true, y_pred) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.parametrize("k", [1, 3, 10])
def test_never_exceeds_recall(rng, k):
    y_true, y_pred = without_ties(rng, 40, 30)
    metric = RecallAtK(k)
    for row in range(40):
        metric.reset_state()
        metric.update_state(y_true[row : row + 1], y_pred[row : row + 1])
        assert accuracy(k, y_true[row : row + 1], y_pred[row : row + 1]) <= float(metric.result()) + 1e-6


def test_rows_without_true_labels():
    y_true, y_pred = [[1, 0], [0, 0], [-1, -1]], [[0.9, 0.1]] * 3
    assert accuracy(1, y_true, y_pred) == 1
    assert accuracy(1, y_true, y_pred, empty_rows="count") == 0.5


def test_is_named_after_k():
    assert MultiLabelAccuracyAtK().name == "multi_label_accuracy_at_10"


@pytest.mark.parametrize("k", [0, -1, 2.5, None])
def test_says_what_was_wrong(k):
    with pytest.raises(ValueError, match=f"`k` must be a positive integer. Received: k={k}"):
        MultiLabelAccuracyAtK(k)
