"""DCCA: two networks whose outputs are as correlated as they can be, then CCA on the outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from kerasmm.evaluation.baselines.baseline import Baseline, Views
from kerasmm.evaluation.baselines.deep_cca_training import branch_outputs, train_deep_cca
from kerasmm.evaluation.baselines.moments import moments_of_rows
from kerasmm.evaluation.baselines.projections import Projections, chunks
from kerasmm.losses import CanonicalCorrelationLoss
from kerasmm.models import deep_cca

HELD_OUT, FEWEST = 0.1, 20


class DCCA(Baseline):
    """Deep canonical correlation analysis: `deep_cca`, trained with `CanonicalCorrelationLoss`, then linear CCA.

    A batch is large, as the covariances of the loss are those of the batch. A tenth of the training posts, drawn by
    the seed, stops the training when their correlation no longer rises, and the best weights are kept; with fewer than
    `FEWEST` posts none is held out. The linear CCA of the outputs over all training posts turns them into directions in
    order of correlation, as in the paper.

    Args:
        seed: Seeds initial weights, dropout, the held-out tenth and the order of posts.
        dimensions: d of the outputs and of the shared space.
        hidden: Units of the hidden layers of each branch.
        dropout: Rate in [0, 1).
        weight_decay: Of AdamW.
        loss_regularization: r₁ = r₂ of the loss.
        regularisation: Share of the identity in each covariance of the linear CCA.
        power: Weights each direction by its correlation to this power.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> tags = (generator.random((50, 6)) < 0.5).astype("float32")
    >>> features = tags @ generator.normal(size=(6, 4)).astype("float32")
    >>> views = Views(features, tags, (np.zeros(51, "int64"), np.zeros(0, "int64")))
    >>> model = DCCA(dimensions=3, hidden=(8,)).fit(views)
    >>> model.images(features).shape, model.words(np.eye(6)).shape
    ((50, 3), (6, 3))

    Reference:
        Andrew, Arora, Bilmes and Livescu (2013), "Deep Canonical Correlation Analysis"; Yan and Mikolajczyk (2015),
        "Deep Correlation for Matching Images and Text".
    """

    name = "dcca"
    title = "DCCA"
    grid: ClassVar[tuple[dict[str, Any], ...]] = (
        {"dimensions": 32, "power": 0.0},
        {"dimensions": 32, "power": 4.0},
        {"dimensions": 16, "power": 4.0},
    )

    def __init__(
        self,
        seed: int = 0,
        dimensions: int = 32,
        hidden: Sequence[int] = (1024,),
        dropout: float = 0.5,
        weight_decay: float = 1e-4,
        loss_regularization: float = 0.1,
        regularisation: float = 0.1,
        power: float = 0.0,
    ) -> None:
        self.seed, self.dimensions, self.hidden = seed, dimensions, hidden
        self.dropout, self.weight_decay, self.loss_regularization = dropout, weight_decay, loss_regularization
        self.projections = Projections(dimensions, regularisation, power)

    def fit(self, views: Views) -> Self:
        posts = len(views.features)
        order = np.random.default_rng(self.seed).permutation(posts)
        held = int(posts * HELD_OUT) if posts >= FEWEST else 0
        held_out, train = order[:held], order[held:]
        mean, variance = moments_of_rows(views.features, train)
        self.model = deep_cca(
            views.features.shape[1],
            views.tags.shape[1],
            dimensions=self.dimensions,
            hidden=self.hidden,
            dropout=self.dropout,
            feature_mean=mean.tolist(),
            feature_variance=variance.tolist(),
            seed=self.seed,
        )
        train_deep_cca(
            self.model,
            CanonicalCorrelationLoss(self.loss_regularization),
            views,
            train,
            held_out,
            weight_decay=self.weight_decay,
            seed=self.seed,
        )
        self.projections.fit(
            chunks(
                posts,
                lambda rows: (
                    branch_outputs(self.model, "images", views.features[rows]),
                    branch_outputs(self.model, "words", views.tags[rows]),
                ),
            )
        )
        return self

    def images(self, features: np.ndarray) -> np.ndarray:
        return self.projections.project(0, branch_outputs(self.model, "images", features))

    def words(self, tags: np.ndarray) -> np.ndarray:
        """A query goes through the network of tags and is centred as its outputs for the training posts were."""
        return self.projections.project(1, branch_outputs(self.model, "words", tags))
