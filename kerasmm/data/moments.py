"""Means and variances that standardise features."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np


def moments(chunks: Iterable[np.ndarray]) -> tuple[np.ndarray, np.ndarray] | None:
    """Means and variances `(M,)`, float64, of rows that come in chunks; None where none comes.

    A feature that never varies stays as it is, but for its mean: its variance is 1.

    Args:
        chunks: Features `(rows, M)`.

    Example:

    >>> mean, variance = moments([np.array([[1.0, 5.0]]), np.array([[3.0, 5.0]])])
    >>> mean.tolist(), variance.tolist()
    ([2.0, 5.0], [1.0, 1.0])
    """
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler()
    for rows in chunks:
        scaler.partial_fit(np.asarray(rows, "float64"))
    return (scaler.mean_, np.square(scaler.scale_)) if hasattr(scaler, "mean_") else None
