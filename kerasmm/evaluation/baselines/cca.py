"""CCA: linear maps of pooled features and tags to one space."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from kerasmm.evaluation.baselines.baseline import Baseline, Views
from kerasmm.evaluation.baselines.projections import Projections, chunks


class CCA(Baseline):
    """Regularised canonical correlation analysis of pooled image features and multi-hot tags; see `Projections`.

    Regularised always: words that few posts have and a thousand words beside a few thousand posts make the covariance
    of the tags nearly singular. 54,000 posts of 512 features and 1,000 words take some ten seconds and 0.2 GiB.

    Args:
        seed: Not used; nothing is drawn.
        dimensions: d of the shared space, at most the number of features or words.
        regularisation: Share of the identity in each covariance, in 0 … 1.
        power: Weights each direction by its correlation to this power.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> tags = (generator.random((50, 6)) < 0.5).astype("float32")
    >>> features = tags @ generator.normal(size=(6, 4)).astype("float32")
    >>> model = CCA(dimensions=3).fit(Views(features, tags, (np.zeros(51, "int64"), np.zeros(0, "int64"))))
    >>> model.images(features).shape, model.words(np.eye(6)).shape
    ((50, 3), (6, 3))
    """

    name = "cca"
    title = "CCA"
    grid: ClassVar[tuple[dict[str, Any], ...]] = (
        {"dimensions": 64, "regularisation": 0.1, "power": 0.0},
        {"dimensions": 16, "regularisation": 0.5, "power": 0.0},
        {"dimensions": 64, "regularisation": 0.3, "power": 4.0},
        {"dimensions": 64, "regularisation": 0.5, "power": 2.0},
        {"dimensions": 64, "regularisation": 0.8, "power": 1.0},
    )

    def __init__(self, seed: int = 0, dimensions: int = 64, regularisation: float = 0.5, power: float = 0.0) -> None:
        self.seed = seed
        self.projections = Projections(dimensions, regularisation, power)

    def fit(self, views: Views) -> Self:
        self.projections.fit(chunks(len(views.tags), lambda rows: (views.features[rows], views.tags[rows])))
        return self

    def images(self, features: np.ndarray) -> np.ndarray:
        return self.projections.project(0, features)

    def words(self, tags: np.ndarray) -> np.ndarray:
        """A query is centred as the tags of the training posts were."""
        return self.projections.project(1, tags)
