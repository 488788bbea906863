import numpy as np
import pytest
from sklearn.metrics import coverage_error

from kerasmm.metrics import Coverage
from tests.metrics.top_labels import without_ties


def coverage(y_true, y_pred, **arguments):
    metric = Coverage(**arguments)
    metric.update_state(np.array(y_true), np.array(y_pred, "float32"))
    return float(metric.result())


def test_worked_by_hand():
    """Orders 1, 0, 1, 1 and 0, 0, 1, 0: the last true labels have ranks 4 and 3."""
    y_true, y_pred = [[1, 1, 0, 1], [0, 1, 0, 0]], [[0.9, 0.2, 0.8, 0.1], [0.4, 0.2, 0.3, 0.1]]
    assert coverage(y_true, y_pred) == pytest.approx((3 + 2) / 2)


def test_is_sklearns_coverage_error_less_one(rng):
    y_true, y_pred = without_ties(rng, 40, 30)
    assert coverage(y_true, y_pred) == pytest.approx(coverage_error(y_true, y_pred) - 1, rel=1e-5)


def test_ties_go_to_the_first_and_what_is_not_a_number_to_the_end():
    assert coverage([[1, 0, 0]], [[0.5, 0.5, 0.5]]) == 0
    assert coverage([[0, 1, 0]], [[0.5, 0.5, 0.5]]) == 1
    assert coverage([[1, 0, 0]], [[np.nan, -9.0, -8.0]]) == 2


def test_labels_that_take_no_part_take_no_rank():
    assert coverage([[0, -1, 1]], [[0.9, 0.8, 0.7]]) == 1


def test_rows_without_true_labels():
    y_true, y_pred = [[0, 1], [0, 0], [-1, -1]], [[0.9, 0.1]] * 3
    assert coverage(y_true, y_pred) == 1
    assert coverage(y_true, y_pred, empty_rows="count") == 0.5
    assert coverage([[0, 0]], [[0.9, 0.1]]) == 0


def test_a_long_row_keeps_its_digits(rng):
    """Ranks past 2,048, where float16 stops counting by ones."""
    y_true, y_pred = without_ties(rng, 3, 20_001)
    assert coverage(y_true, y_pred, dtype="float16") == pytest.approx(coverage_error(y_true, y_pred) - 1, rel=1e-6)


def test_says_what_was_wrong():
    with pytest.raises(ValueError, match="`empty_rows` must be 'count' or 'skip'. Received: empty_rows=None"):
        Coverage(empty_rows=None)
