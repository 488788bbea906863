"""What a library's metrics of sets of labels are given."""

import numpy as np


def without_ties(rng, rows, labels):
    """Multi-hot rows with at least one true label, and scores that differ within a row."""
    y_true = (rng.random((rows, labels)) < 0.2).astype(int)
    y_true[np.arange(rows), rng.integers(0, labels, rows)] = 1
    return y_true, rng.permuted(np.tile(np.arange(labels), (rows, 1)), axis=1) / labels


def top(y_pred, k):
    """1 for the k best-scored labels of a row, else 0."""
    given = np.zeros(y_pred.shape, int)
    for row, scores in enumerate(y_pred):
        for label in sorted(range(len(scores)), key=lambda place: -scores[place])[:k]:
            given[row, label] = 1
    return given
