"""The features themselves: what the image encoder knows before anything is learnt."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np

from kerasmm.evaluation.baselines.baseline import Baseline, Views


class Features(Baseline):
    """Pooled image features as they are, for the common classifier; they have no text view.

    Example:

    >>> Features().images(np.ones((2, 4))).shape
    (2, 4)
    """

    name = "features"
    title = "Features"
    grid: ClassVar[tuple[dict[str, Any], ...]] = ({},)
    searches = False

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def fit(self, views: Views) -> Self:
        return self

    def images(self, features: np.ndarray) -> np.ndarray:
        return np.asarray(features, "float32")
