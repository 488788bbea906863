"""Ridge regression from pooled image features: what a linear model knows of the words."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.linear_model import Ridge as RidgeRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kerasmm.evaluation.baselines.baseline import Baseline, Views

STRENGTH = 100.0
"""α of the ridge penalty, on standardised features."""


def ridge_scores(features: np.ndarray, targets: np.ndarray, test: np.ndarray, strength: float = STRENGTH) -> np.ndarray:
    """Ridge regression from pooled image features to multi-hot targets.

    Args:
        features: `(n, d)` mean features of the training pictures.
        targets: `(n, words)` multi-hot.
        test: `(m, d)`.
        strength: α.

    Returns:
        `(m, words)` scores; a linear model has no bounds, so they may leave 0 … 1.
    """
    return _scores(_fitted(features, targets, strength), test, targets.shape[1])


class Ridge(Baseline):
    """Scores of all words from standardised pooled features; a query's posts are those with the highest score.

    The shared space is the vocabulary: `images` are the scores, `words` the queries themselves, so that their inner
    product is the score of the word, or the sum over the words of a longer query. Labels are regressed in the same way.

    Args:
        seed: Not used; nothing is drawn.
        strength: α of the penalty, positive. The sum of squares of a standardised feature is the number of posts, so
            the same α shrinks less where there are more.

    Raises:
        ValueError: If `strength` isn't positive.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> tags = (generator.random((50, 6)) < 0.5).astype("float32")
    >>> features = tags @ generator.normal(size=(6, 4)).astype("float32")
    >>> model = Ridge(strength=1.0).fit(Views(features, tags, (np.zeros(51, "int64"), np.zeros(0, "int64"))))
    >>> (model.words(np.eye(6)) @ model.images(features).T).shape
    (6, 50)
    """

    name = "ridge"
    title = "Ridge"
    grid: ClassVar[tuple[dict[str, Any], ...]] = tuple(
        {"strength": strength} for strength in (10.0, 100.0, 1_000.0, 10_000.0, 100_000.0)
    )
    distance = "inner"

    def __init__(self, seed: int = 0, strength: float = STRENGTH) -> None:
        if not 0.0 < strength < np.inf:
            raise ValueError(f"`strength` must be positive. Received: strength={strength}")
        self.seed, self.strength = seed, strength

    def fit(self, views: Views) -> Self:
        self._training = views.features
        self._words = views.tags.shape[1]
        self._model = _fitted(views.features, views.tags, self.strength)
        return self

    def images(self, features: np.ndarray) -> np.ndarray:
        return _scores(self._model, features, self._words)

    def words(self, tags: np.ndarray) -> np.ndarray:
        return np.asarray(tags, "float32")

    def label_scores(self, labels: np.ndarray, features: np.ndarray) -> np.ndarray:
        """Regression from the features of the training posts to their labels, with the same α."""
        return ridge_scores(self._training, labels, features, self.strength)


def _fitted(features: np.ndarray, targets: np.ndarray, strength: float) -> Any:
    model = make_pipeline(StandardScaler(), RidgeRegression(strength))
    return model.fit(features, targets.astype("float32"))


def _scores(model: Any, features: np.ndarray, words: int) -> np.ndarray:
    scores: np.ndarray = model.predict(features)
    return scores.reshape(len(features), words)
