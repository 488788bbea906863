"""CCA and RCCA of image features and texts: the subspaces that CMEM's projections are compared with (table 2)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Self

import numpy as np

from kerasmm.evaluation.baselines.projections import ROWS, Projections, chunks

SMALLEST = 1e-8
"""Share of the identity in each covariance whatever the regularisation: enough to solve where it is singular."""
UNRELATED = 1e-6
"""Directions with less of the first one's correlation exist by rounding only: a view's rank has ended."""


class CanonicalRetrieval:
    """Canonical correlation analysis with a ridge on the scatter matrices, in all canonical directions.

    Formula, with the centred views X and T, rows posts:

        max tr(Wᵀ Xᵀ T V)  subject to  Wᵀ (Xᵀ X + λ I) W = I  and  Vᵀ (Tᵀ T + λ I) V = I

    λ = 0 is CCA, 100 and 1,000 are RCCA-100 and RCCA-1000. The paper doesn't say what its λ is added to; it is the sums of
    squares here, so it weighs less where posts are more, and more where features are small. (Beside shares of topics,
    which are small and sum to one, λ = 1,000 is nearly all there is.) Coordinates are x ↦ Wᵀ(x - mean), up to one factor a
    view, which no cosine sees.

    λ I is brought in as rows of data: the mean ± √(λ / 2) e_j for each column j of a view, with the other view at its mean,
    leave means and Xᵀ T as they are and add λ I. So `Projections` solves it from chunks. On top it puts the share `SMALLEST`
    of the identity, relative to the scale of the view, so that a singular covariance has a solution.

    Args:
        regularisation: λ, not negative.

    Raises:
        ValueError: If `regularisation` is negative.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> texts = generator.random((50, 3))
    >>> model = CanonicalRetrieval().fit(texts @ generator.normal(size=(3, 4)), texts)
    >>> images = np.array([[0.1, 0.2, 0.3, 0.4]])
    >>> model.images(images).shape, model.texts(texts).shape
    ((1, 3), (50, 3))

    Reference:
        Vinod (1976), "Canonical ridge and econometrics of joint production"; Mogadala et al. (2018), "Discovering
        Connotations as Labels for Weakly Supervised Image-Sentence Data", section 5.2.3.
    """

    def __init__(self, regularisation: float = 0.0) -> None:
        if not 0.0 <= regularisation < np.inf:
            raise ValueError(f"`regularisation` must be non-negative. Received: regularisation={regularisation}")
        self.regularisation = regularisation

    def fit(self, images: np.ndarray, texts: np.ndarray) -> Self:
        """Learns from the training posts.

        Args:
            images: `(n, p)` features; may be a memory map.
            texts: `(n, q)`, row i is the tweet of picture i.

        Raises:
            ValueError: When the views don't have the same posts, two or more; a value isn't finite; or a view is the same
                for all posts.
        """
        if images.ndim != 2 or texts.ndim != 2 or len(images) != len(texts):
            raise ValueError(
                f"`images` and `texts` must be matrices of the same posts. Received: {images.shape} and {texts.shape}"
            )
        self._projections = Projections(min(images.shape[1], texts.shape[1]), SMALLEST)
        self._projections.fit(self._with_ridge(images, texts))
        correlations = self._projections.correlations
        self._kept = correlations >= UNRELATED * correlations.max()
        return self

    def images(self, features: np.ndarray) -> np.ndarray:
        """Pictures in the shared space: `(m, p)` → `(m, d)`."""
        return self._projections.project(0, features)[:, self._kept]

    def texts(self, representations: np.ndarray) -> np.ndarray:
        """Tweets in the shared space: `(m, q)` → `(m, d)`."""
        return self._projections.project(1, representations)[:, self._kept]

    def _with_ridge(self, images: np.ndarray, texts: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        sums = [np.zeros(images.shape[1]), np.zeros(texts.shape[1])]
        for views in chunks(len(images), lambda rows: (images[rows], texts[rows])):
            for total, view in zip(sums, views, strict=True):
                total += view.sum(axis=0, dtype="float64")
            yield views
        if not self.regularisation:
            return
        means = [total / len(images) for total in sums]
        step = np.sqrt(self.regularisation / 2)
        for place in range(2):
            for start in range(0, len(means[place]), ROWS // 2):
                away = step * np.eye(len(means[place]))[start : start + ROWS // 2]
                rows = [np.tile(mean, (2 * len(away), 1)) for mean in means]
                rows[place] += np.concatenate([away, -away])
                yield rows[0], rows[1]
