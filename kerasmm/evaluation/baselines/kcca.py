"""KCCA: canonical correlation analysis behind kernels, exact for few posts, by Nyström features for many."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.kernel_approximation import Nystroem
from sklearn.metrics import pairwise_distances

from kerasmm.evaluation.baselines.baseline import Baseline, Views
from kerasmm.evaluation.baselines.projections import ROWS, Projections, chunks

MEDIAN_POSTS = 1000
"""Posts whose distances the median is taken of."""
KERNELS = ("linear", "rbf")


class KCCA(Baseline):
    """Regularised CCA in the feature spaces of two kernels.

    Formula, with the landmarks L of a view, a sample of its training posts:

        z(x) = K(L, L)^{-1/2} k(L, x)      so that z(x)ᵀ z(y) ≈ k(x, y), exactly where x or y is a landmark
        CCA of z₁(features) and z₂(tags), see `Projections`

    With every post a landmark this is kernel CCA itself (cca-zoo's `KCCA`, whose cost of O(n³) and of a permutation a
    feature it avoids); that is so up to `landmarks` posts.

    The kernel of pictures is exp(-γ ‖x - y‖²) with γ = `width` / median ‖x - y‖² of training posts, the median
    heuristic. That of tags is linear, the number of words that two posts share, which needs no landmarks and answers a
    query of one word by what the word adds to a post; or RBF, which knows combinations of words, but to which a query
    of one word is most like the posts with few. As 0/1 entries differ by (x - y)² / (x + y), the RBF kernel of tags is
    also their χ² kernel. The grid has both.

    Args:
        seed: Draws landmarks and the posts of the median.
        dimensions: d of the shared space.
        regularisation: Share of the identity in each covariance, in 0 … 1.
        power: Weights each direction by its correlation to this power.
        width: Multiple of the median heuristic's γ.
        tags: Kernel of tags, `"linear"` or `"rbf"`.
        landmarks: Posts that stand for all, in each view.

    Raises:
        ValueError: For `width` or `landmarks` that aren't positive, or another kernel.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> tags = (generator.random((50, 6)) < 0.5).astype("float32")
    >>> features = tags @ generator.normal(size=(6, 4)).astype("float32")
    >>> model = KCCA(dimensions=3).fit(Views(features, tags, (np.zeros(51, "int64"), np.zeros(0, "int64"))))
    >>> model.images(features).shape, model.words(np.eye(6)).shape
    ((50, 3), (6, 3))

    Reference:
        Hardoon, Szedmak and Shawe-Taylor (2004), "Canonical correlation analysis: an overview with application to
        learning methods"; Williams and Seeger (2001), "Using the Nyström method to speed up kernel machines".
    """

    name = "kcca"
    title = "KCCA"
    grid: ClassVar[tuple[dict[str, Any], ...]] = (
        {"dimensions": 64, "regularisation": 0.1, "power": 0.0},
        {"dimensions": 64, "regularisation": 0.8, "power": 1.0},
        {"dimensions": 64, "regularisation": 0.5, "power": 2.0, "tags": "rbf"},
        {"dimensions": 64, "regularisation": 0.3, "power": 4.0, "tags": "rbf"},
    )

    def __init__(
        self,
        seed: int = 0,
        dimensions: int = 64,
        regularisation: float = 0.5,
        power: float = 0.0,
        width: float = 1.0,
        tags: str = "linear",
        landmarks: int = 1000,
    ) -> None:
        if not 0.0 < width < np.inf:
            raise ValueError(f"`width` must be positive. Received: width={width}")
        if tags not in KERNELS:
            raise ValueError(f"`tags` must be one of {KERNELS}. Received: tags={tags!r}")
        if landmarks < 1:
            raise ValueError(f"`landmarks` must be positive. Received: landmarks={landmarks}")
        self.seed, self.width, self.tags, self.landmarks = seed, width, tags, landmarks
        self.projections = Projections(dimensions, regularisation, power)

    def fit(self, views: Views) -> Self:
        generator = np.random.default_rng(self.seed)
        self._maps = (
            self._nystroem(views.features, self.width, generator),
            None if self.tags == "linear" else self._nystroem(views.tags, 1.0, generator),
        )
        self.projections.fit(
            chunks(len(views.tags), lambda rows: (self._map(0, views.features[rows]), self._map(1, views.tags[rows])))
        )
        return self

    def images(self, features: np.ndarray) -> np.ndarray:
        return self._project(0, features)

    def words(self, tags: np.ndarray) -> np.ndarray:
        """A query is centred in the kernel's space as the tags of the training posts were."""
        return self._project(1, tags)

    def _nystroem(self, view: np.ndarray, width: float, generator: np.random.Generator) -> Nystroem:
        posts = len(view)
        sample = np.sort(generator.permutation(posts)[:MEDIAN_POSTS])
        squared = pairwise_distances(np.asarray(view[sample], "float64"), metric="sqeuclidean")
        # Of different posts: a post's distance to itself is always 0. Where most posts are alike, the mean.
        apart = squared[np.triu_indices(len(sample), 1)]
        typical = float(np.median(apart)) or float(apart.mean()) or 1.0
        chosen = np.sort(generator.permutation(posts)[: self.landmarks])
        kernel = Nystroem(gamma=width / typical, n_components=len(chosen), random_state=self.seed)
        return kernel.fit(np.asarray(view[chosen], "float64"))

    def _map(self, view: int, rows: np.ndarray) -> np.ndarray:
        kernel, rows = self._maps[view], np.asarray(rows, "float64")
        mapped: np.ndarray = rows if kernel is None else kernel.transform(rows)
        return mapped

    def _project(self, view: int, rows: np.ndarray) -> np.ndarray:
        parts = [
            self.projections.project(view, self._map(view, rows[start : start + ROWS]))
            for start in range(0, len(rows), ROWS)
        ]
        return np.concatenate(parts)
