"""Which web posts an epoch admits: posts on common keywords first (webly, section 3.3)."""

from __future__ import annotations

import numpy as np


def admitted_rank(epoch: int, keywords: int, epochs: int) -> int:
    """How many keywords an epoch admits, the most frequent ones first.

    Formula: ⌈K (e + 1) / E⌉ in epoch e = 0 … E - 1, all K after that.

    Args:
        epoch: e.
        keywords: K.
        epochs: E, over which the keywords are let in; 0 or 1 admits all at once.

    Example:

    >>> [admitted_rank(epoch, keywords=10, epochs=4) for epoch in range(6)]
    [3, 5, 8, 10, 10, 10]
    """
    if epochs <= 1 or epoch + 1 >= epochs:
        return keywords
    return -(-keywords * (epoch + 1) // epochs)


def admitted_rows(ranks: np.ndarray, epoch: int, keywords: int, epochs: int, least: int) -> np.ndarray:
    """Rows of the posts that an epoch admits, in reading order.

    Args:
        ranks: `(n,)` place of each post's most frequent keyword in the list, 0 the most frequent of all.
        epoch: Of the stage, from 0.
        keywords: Length of the list.
        epochs: See `admitted_rank`.
        least: So many posts are admitted at least, the next common ones, so that a batch is full.

    Returns:
        Rows in reading order; all there are, where there are fewer than `least`.
    """
    limit = admitted_rank(epoch, keywords, epochs)
    if len(ranks) > least:
        limit = max(limit, int(np.partition(ranks, least - 1)[least - 1]) + 1)
    return np.flatnonzero(ranks < limit) if len(ranks) > least else np.arange(len(ranks))
