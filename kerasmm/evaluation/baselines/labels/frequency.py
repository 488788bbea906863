"""Labels by how often they occur: what a ranking of labels must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np

from kerasmm.evaluation.baselines.labels.label_baseline import LabelBaseline, check_posts

ROWS = 4096


class Frequency(LabelBaseline):
    """Scores labels by their share of the training posts, the same for every post, whatever it says.

    Example:

    >>> model = Frequency().fit(["snow", "ice"], np.array([[1, 0, 1], [1, 0, 0]]))
    >>> model.scores(["sun", "sand"]).tolist()
    [[1.0, 0.0, 0.5], [1.0, 0.0, 0.5]]
    """

    def fit(self, texts: Sequence[str], labels: np.ndarray) -> Self:
        check_posts(texts, labels)
        self.shares: np.ndarray = (label_counts(labels) / len(labels)).astype("float32")
        return self

    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """`(m, K)`: one row, seen as often as there are texts; it can't be written to."""
        return np.broadcast_to(self.shares, (len(texts), len(self.shares)))


def label_counts(labels: np.ndarray) -> np.ndarray:
    """How many posts have each label `(K,)`, of multi-hot `(n, K)` that may be a memory map."""
    counts = np.zeros(labels.shape[1], "int64")
    for start in range(0, len(labels), ROWS):
        counts += np.count_nonzero(np.asarray(labels[start : start + ROWS]) > 0, axis=0)
    return counts
