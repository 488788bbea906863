"""Linear CCA of any number of posts: second moments in chunks, the solution from cca-zoo."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Self

import numpy as np
from cca_zoo.linear import RidgeCCA

ROWS = 4096
"""Posts held in float64 at a time."""


def chunks(
    posts: int, view: Callable[[slice], tuple[np.ndarray, np.ndarray]]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Both views of all posts, `ROWS` posts at a time."""
    for start in range(0, posts, ROWS):
        yield view(slice(start, min(start + ROWS, posts)))


class Projections:
    """The two linear maps of regularised CCA.

    Formula, with C₁₁, C₂₂ the covariances of the views, C₁₂ the one between them, s_i² = tr C_ii / p_i the mean variance
    of a column of view i, and c the regularisation:

        max tr(W₁ᵀ C₁₂ W₂)  subject to  W_iᵀ ((1 - c) C_ii + c s_i² I) W_i = I

    The k-th columns are the k-th canonical directions; their regularised correlation is ρ_k. A post's coordinate is
    `ρ_k^power w_kᵀ(x - mean)`; Gong et al. search with the correlations as weights, so that directions in which the
    views agree decide.

    The solution depends on the posts through means and covariances only. These are summed in float64 over chunks, and
    the solver is given p₁ + p₂ rows with the same covariances in place of the n posts: its memory doesn't grow with
    n. Costs O(n (p₁ + p₂)² + (p₁ + p₂)³).

    Args:
        dimensions: d of the shared space; less where a view has a smaller rank.
        regularisation: c in 0 … 1. 0 is CCA, 1 partial least squares; between them shrinkage towards a multiple of the
            identity, which is relative to the scale of each view, so that units don't matter.
        power: Not negative; 0 leaves the coordinates unweighted.

    Raises:
        ValueError: For other values.

    Reference:
        Hardoon, Szedmak and Shawe-Taylor (2004), "Canonical correlation analysis: an overview with application to
        learning methods"; Vinod (1976), "Canonical ridge and econometrics of joint production"; Gong, Ke, Isard and
        Lazebnik (2014), "A multi-view embedding space for modeling internet images, tags, and their semantics".
    """

    def __init__(self, dimensions: int, regularisation: float, power: float = 0.0) -> None:
        if dimensions < 1:
            raise ValueError(f"`dimensions` must be positive. Received: dimensions={dimensions}")
        if not 0.0 <= regularisation <= 1.0:
            raise ValueError(f"`regularisation` must lie in 0 … 1. Received: regularisation={regularisation}")
        if not 0.0 <= power < np.inf:
            raise ValueError(f"`power` must be non-negative. Received: power={power}")
        self.dimensions, self.regularisation, self.power = dimensions, regularisation, power

    def fit(self, views: Iterable[tuple[np.ndarray, np.ndarray]]) -> Self:
        """Solves for the maps.

        Args:
            views: Chunks of posts: `(rows, p₁)` and `(rows, p₂)`.

        Raises:
            ValueError: When there are fewer than two posts, a value isn't finite, or a view is the same for all posts.
        """
        self.means, covariance, first = _moments(views)
        scales = []
        for place, columns in enumerate((slice(first), slice(first, None))):
            variance = np.diag(covariance)[columns].mean()
            # Below the digits that float64 has left after subtracting the mean, a column is constant.
            if variance <= np.finfo("float64").eps * np.square(self.means[place]).mean():
                raise ValueError(f"CCA needs posts that differ. Received: view {place + 1} is the same for all posts")
            scales.append(np.full(covariance[columns].shape[0], 1.0 / np.sqrt(variance)))
        scale = np.concatenate(scales)
        values, vectors = np.linalg.eigh(covariance * scale * scale[:, None])
        rows = np.sqrt(np.maximum(values, 0.0) * (len(values) - 1))[:, None] * vectors.T
        pair = [rows[:, :first], rows[:, first:]]
        model = RidgeCCA(
            min(self.dimensions, *(view.shape[1] for view in pair)), center=False, shrinkage=self.regularisation
        ).fit(pair)
        left, right = model.weights_
        products = (pair[0] @ left) * (pair[1] @ right)
        self.correlations: np.ndarray = products.sum(axis=0) / (len(values) - 1)
        weights = np.maximum(self.correlations, 0.0) ** self.power
        self.weights = (scale[:first, None] * left * weights, scale[first:, None] * right * weights)
        return self

    def project(self, view: int, rows: np.ndarray) -> np.ndarray:
        """Coordinates `(m, d)` of rows of view 0 or 1, centred as the posts were."""
        out = np.empty((len(rows), self.weights[view].shape[1]), "float32")
        for start in range(0, len(rows), ROWS):
            part = np.asarray(rows[start : start + ROWS], "float64")
            out[start : start + ROWS] = (part - self.means[view]) @ self.weights[view]
        return out


def _moments(views: Iterable[tuple[np.ndarray, np.ndarray]]) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, int]:
    """Means of both views, the covariance of all columns together, and the number of columns of the first view."""
    count, first = 0, 0
    for one, two in views:
        rows = np.concatenate([np.asarray(one, "float64"), np.asarray(two, "float64")], axis=1)
        if not count:
            first = one.shape[1]
            # Sums of differences from near the mean lose no digits to a large mean.
            near = rows.mean(axis=0)
            total, squares = np.zeros(rows.shape[1]), np.zeros((rows.shape[1], rows.shape[1]))
        rows -= near
        total += rows.sum(axis=0)
        squares += rows.T @ rows
        count += len(rows)
    if count < 2:
        raise ValueError(f"CCA learns from two posts or more. Received: {count}")
    if not np.isfinite(squares).all():
        raise ValueError("CCA needs finite values. Received: a view holds NaN or infinity")
    mean = near + total / count
    covariance = (squares - np.outer(total, total) / count) / (count - 1)
    return (mean[:first], mean[first:]), covariance, first
