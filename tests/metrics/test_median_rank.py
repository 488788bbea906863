import math
import statistics

import numpy as np
import pytest

from kerasmm.metrics import MedianRank


def with_ranks(metric, ranks, items, weights=None, size=None):
    """Queries whose only true item has that rank."""
    size = size or len(ranks)
    for start in range(0, len(ranks), size):
        some = slice(start, start + size)
        y_true = np.arange(1, items + 1) == np.array(ranks[some])[:, None]
        y_pred = np.broadcast_to(-np.arange(items), y_true.shape)
        metric.update_state(y_true, y_pred, None if weights is None else np.array(weights[some], "float32"))
    return float(metric.result())


def test_the_middle_rank_or_the_mean_of_the_two_middle_ones():
    assert with_ranks(MedianRank(), [9, 1, 4], 10) == 4
    assert with_ranks(MedianRank(), [9, 1, 4, 6], 10) == 5
    assert with_ranks(MedianRank(), [2, 2, 2, 7], 10) == 2
    assert with_ranks(MedianRank(), [7], 10) == 7


def test_the_first_of_several_true_items_counts_and_queries_without_ask_nothing():
    metric = MedianRank()
    y_true = np.array([[0, 1, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0], [-1, 1, 0, 0]])
    metric.update_state(y_true, np.array([[0.9, 0.8, 0.7, 0.6]] * 4))
    assert float(metric.result()) == statistics.median([2, 3, 1])


def test_many_queries_in_any_batches(rng):
    ranks = rng.integers(1, 301, 5001).tolist() + [1] * int(rng.integers(0, 2000))
    for size in (len(ranks), 997):
        assert with_ranks(MedianRank(), ranks, 300, size=size) == statistics.median(ranks)
        assert with_ranks(MedianRank(deepest=300), ranks[:-1], 300, size=size) == statistics.median(ranks[:-1])


def test_weights():
    """Half the weight is 2.5: reached and passed by rank 3 in the first, reached by 3 and passed by 8 in the second."""
    assert with_ranks(MedianRank(), [1, 3, 8], 10, weights=[1.5, 2.0, 1.5]) == 3
    assert with_ranks(MedianRank(), [1, 3, 8], 10, weights=[1.5, 1.0, 2.5]) == (3 + 8) / 2
    assert with_ranks(MedianRank(), [1, 3, 8], 10, weights=[0.0, 0.0, 0.5]) == 8
    assert with_ranks(MedianRank(), [1, 3], 10, weights=[0.0, 0.0]) == 0


def test_a_median_past_the_deepest_rank_is_infinite():
    """Exact or plainly not known, never a wrong number."""
    assert with_ranks(MedianRank(deepest=3), [1, 3, 9], 10) == 3
    assert with_ranks(MedianRank(deepest=3), [1, 4, 9], 10) == math.inf
    assert with_ranks(MedianRank(deepest=3), [1, 3, 4, 9], 10) == math.inf
    assert with_ranks(MedianRank(deepest=1), [1, 1, 2], 10) == 1


@pytest.mark.parametrize("deepest", [0, -1, 2.5, None])
def test_says_what_was_wrong(deepest):
    with pytest.raises(ValueError, match=f"`deepest` must be a positive integer. Received: deepest={deepest}"):
        MedianRank(deepest=deepest)
