"""The one order of scores that all rankings have."""

from __future__ import annotations

import numpy as np


def best_first(scores: np.ndarray) -> np.ndarray:
    """Places along the last axis from the best score down; of equal ones the earlier, and one that is not a number last.

    Example:

    >>> best_first(np.array([0.2, np.nan, 0.7, 0.2])).tolist()
    [2, 0, 3, 1]
    """
    order: np.ndarray = np.argsort(np.where(np.isnan(scores), np.inf, -scores), axis=-1, kind="stable")
    return order
