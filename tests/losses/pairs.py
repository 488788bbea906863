"""Labels, scores and checks that the tests of pairwise losses share."""

import numpy as np

from tests.losses.by_loop import pairs
from tests.public_class import finite_differences, value_and_gradient


def draw(rng, rows=10):
    """A random number of labels, any number of positives, some labels that take no part, scores with and without ties."""
    labels, share = int(rng.integers(1, 40)), rng.random((rows, 1))
    y_true = (rng.random((rows, labels)) < share).astype("float32")
    y_true[rng.random((rows, labels)) < 0.15] = -1
    y_true[0], y_true[1] = 0, 1
    tied = rng.integers(-6, 7, (rows, labels)) / 4
    return y_true, np.where(rng.random((rows, 1)) < 0.5, tied, 2 * rng.normal(size=(rows, labels))).astype("float32")


def draw_tied(rng, positives, rows=4, labels=60):
    """So many positives a row, some labels that take no part, and scores that are often a half or a whole apart."""
    y_true = np.zeros((rows, labels), "float32")
    for row in y_true:
        chosen = rng.permutation(labels)
        row[chosen[:positives]], row[chosen[-5:]] = 1, -1
    return y_true, (rng.integers(-6, 7, y_true.shape) / 4).astype("float32")


def by_rows(loop, y_true, y_pred):
    """A slow loop over rows, in Python's float64."""
    return np.array([loop(labels, scores) for labels, scores in zip(y_true.tolist(), y_pred.tolist(), strict=True)])


def slopes_by_loop(pair_slopes, y_true, y_pred):
    """Gradients of rows: `pair_slopes(p, negatives)` gives the slope of each of a positive's pairs by its negative."""
    gradient = np.zeros(y_pred.shape)
    for row, (labels, scores) in enumerate(zip(y_true, y_pred.astype("float64"), strict=True)):
        places = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)
        for place, (p, negatives) in zip(places[0], pairs(labels, scores), strict=True):
            slopes = np.array(pair_slopes(p, negatives), "float64")
            gradient[row, places[1]] += slopes
            gradient[row, place] -= slopes.sum()
    return gradient


def check_smooth(loss, loop, y_true, y_pred):
    """Value and gradient are those of the loop, to 1e-5; the gradient by small steps, which are as exact."""
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    np.testing.assert_allclose(value, by_rows(loop, y_true, y_pred), rtol=1e-5, atol=1e-6)
    wanted = finite_differences(lambda x: by_rows(loop, y_true, x), y_pred)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-5, atol=1e-6)


def wide(rng, rows, labels, positives):
    """Many labels, few positives."""
    y_true = np.zeros((rows, labels), "float32")
    for row in y_true:
        row[rng.choice(labels, positives, replace=False)] = 1
    return y_true, (2 * rng.normal(size=(rows, labels))).astype("float32")
