"""Baselines that need no training of ours."""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

STRENGTH = 100.0
"""α of the ridge penalty, on standardised features."""


def ridge_scores(features: np.ndarray, targets: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Ridge regression from pooled image features to multi-hot targets.

    Args:
        features: `(n, d)` mean features of the training pictures.
        targets: `(n, words)` multi-hot.
        test: `(m, d)`.

    Returns:
        `(m, words)` scores; a linear model has no bounds, so they may leave 0 … 1.
    """
    model = make_pipeline(StandardScaler(), Ridge(STRENGTH))
    model.fit(features, targets.astype("float32"))
    scores: np.ndarray = model.predict(test)
    return scores.reshape(len(test), targets.shape[1])
