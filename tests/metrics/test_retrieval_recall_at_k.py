import numpy as np
import pytest

from kerasmm.metrics import RetrievalRecallAtK


def recall(k, y_true, y_pred):
    metric = RetrievalRecallAtK(k)
    metric.update_state(np.array(y_true), np.array(y_pred, "float32"))
    return float(metric.result())


def test_worked_by_hand():
    """Orders 1, 0, 2, 3 and 3, 2, 1, 0 and 0, 1, 2, 3: the first true ones are second, first and fourth."""
    y_true = [[1, 0, 1, 0], [0, 0, 1, 1], [0, 0, 0, 1]]
    y_pred = [[0.8, 0.9, 0.7, 0.6], [0.1, 0.2, 0.3, 0.4], [0.4, 0.3, 0.2, 0.1]]
    assert recall(1, y_true, y_pred) == pytest.approx(1 / 3)
    assert recall(2, y_true, y_pred) == recall(3, y_true, y_pred) == pytest.approx(2 / 3)
    assert recall(4, y_true, y_pred) == recall(50, y_true, y_pred) == 1


def test_one_of_several_true_items_is_enough():
    """Not the share of true items that are found."""
    assert recall(1, [[1, 1, 1, 1, 1]], [[0.5, 0.4, 0.3, 0.2, 0.1]]) == 1


def test_queries_without_a_true_item_ask_nothing():
    assert recall(1, [[1, 0], [0, 0], [-1, 0], [-1, -1]], [[0.9, 0.1]] * 4) == 1
    assert recall(1, [[0, 0]], [[0.9, 0.1]]) == 0


def test_ties_go_to_the_first_and_what_is_not_a_number_to_the_end():
    assert recall(1, [[1, 0]], [[0.5, 0.5]]) == 1
    assert recall(1, [[0, 1]], [[0.5, 0.5]]) == 0
    assert recall(1, [[0, 1]], [[np.nan, -9.0]]) == 1


def test_is_named_after_k():
    assert RetrievalRecallAtK(5).name == "retrieval_recall_at_5"


@pytest.mark.parametrize("k", [0, -1, 2.5, None])
def test_says_what_was_wrong(k):
    with pytest.raises(ValueError, match=f"`k` must be a positive integer. Received: k={k}"):
        RetrievalRecallAtK(k)
