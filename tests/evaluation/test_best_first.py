from __future__ import annotations

import math

import numpy as np

from kerasmm.evaluation.best_first import best_first


def test_orders_each_row_by_hand(rng):
    """Few different scores, so that many are equal, and some that are not a number."""
    scores = rng.integers(0, 4, (5, 12)) / 4
    scores[rng.random(scores.shape) < 0.2] = math.nan
    for row, order in zip(scores, best_first(scores), strict=True):
        wanted = sorted(range(12), key=lambda place: (math.isnan(row[place]), -np.nan_to_num(row[place]), place))
        assert order.tolist() == wanted
        assert best_first(row).tolist() == wanted
