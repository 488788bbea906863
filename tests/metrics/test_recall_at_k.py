import numpy as np
import pytest
from sklearn.metrics import recall_score

from kerasmm.metrics import RecallAtK
from tests.metrics.top_labels import top, without_ties


def recall(k, y_true, y_pred, **arguments):
    metric = RecallAtK(k, **arguments)
    metric.update_state(np.array(y_true), np.array(y_pred, "float32"))
    return float(metric.result())


def test_worked_by_hand():
    """Order 1, 0, 1, 1 and 0, 0, 1, 0."""
    y_true, y_pred = [[1, 1, 0, 1], [0, 1, 0, 0]], [[0.9, 0.2, 0.8, 0.1], [0.4, 0.2, 0.3, 0.1]]
    assert recall(1, y_true, y_pred) == pytest.approx((1 / 3 + 0) / 2)
    assert recall(3, y_true, y_pred) == pytest.approx((2 / 3 + 1) / 2)
    assert recall(4, y_true, y_pred) == recall(50, y_true, y_pred) == 1


@pytest.mark.parametrize("k", [1, 5, 10, 30])
def test_is_sklearns_recall_of_the_binarised_top(rng, k):
    y_true, y_pred = without_ties(rng, 40, 30)
    wanted = recall_score(y_true, top(y_pred, k), average="samples")
    assert recall(k, y_true, y_pred) == pytest.approx(wanted, rel=1e-5)


def test_rows_without_true_labels():
    y_true, y_pred = [[1, 0], [0, 0], [-1, -1]], [[0.9, 0.1]] * 3
    assert recall(1, y_true, y_pred) == 1
    assert recall(1, y_true, y_pred, empty_rows="count") == 0.5
    assert recall(1, [[0, 0]], [[0.9, 0.1]]) == 0


def test_ties_go_to_the_first_and_what_is_not_a_number_to_the_end():
    assert recall(1, [[1, 0]], [[0.5, 0.5]]) == 1
    assert recall(1, [[0, 1]], [[0.5, 0.5]]) == 0
    assert recall(1, [[0, 1]], [[np.nan, -9.0]]) == 1


def test_names_and_the_default_of_the_paper():
    assert (RecallAtK().k, RecallAtK().name, RecallAtK(5).name, RecallAtK(5, name="own").name) == (
        10,
        "recall_at_10",
        "recall_at_5",
        "own",
    )


@pytest.mark.parametrize("k", [0, -1, 2.5, None])
def test_says_what_was_wrong(k):
    with pytest.raises(ValueError, match=f"`k` must be a positive integer. Received: k={k}"):
        RecallAtK(k)


def test_refuses_another_word_for_empty_rows():
    with pytest.raises(ValueError, match="`empty_rows` must be 'count' or 'skip'. Received: empty_rows='drop'"):
        RecallAtK(1, empty_rows="drop")
