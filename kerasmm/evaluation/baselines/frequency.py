"""Labels by how often they occur: what a ranking of labels must beat."""

from __future__ import annotations

from typing import Self

import numpy as np

ROWS = 4096


class Frequency:
    """Scores labels by their share of the training posts, the same for every post.

    Example:

    >>> model = Frequency().fit(np.array([[1, 0, 1], [1, 0, 0]]))
    >>> model.scores(2).tolist()
    [[1.0, 0.0, 0.5], [1.0, 0.0, 0.5]]
    """

    def fit(self, labels: np.ndarray) -> Self:
        """Counts.

        Args:
            labels: `(n, K)` multi-hot labels of the training posts; may be a memory map.

        Raises:
            ValueError: When there is no post, or `labels` isn't a matrix.
        """
        if labels.ndim != 2 or not len(labels):
            raise ValueError(f"`labels` must have shape (posts, labels), one post or more. Received: {labels.shape}")
        self.shares: np.ndarray = (label_counts(labels) / len(labels)).astype("float32")
        return self

    def scores(self, posts: int) -> np.ndarray:
        """`(posts, K)`: one row, seen as often as asked for; it can't be written to."""
        return np.broadcast_to(self.shares, (posts, len(self.shares)))


def label_counts(labels: np.ndarray) -> np.ndarray:
    """How many posts have each label `(K,)`, of multi-hot `(n, K)` that may be a memory map."""
    counts = np.zeros(labels.shape[1], "int64")
    for start in range(0, len(labels), ROWS):
        counts += np.count_nonzero(np.asarray(labels[start : start + ROWS]) > 0, axis=0)
    return counts
