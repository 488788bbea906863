"""Means and variances that standardise features, taken in chunks."""

from __future__ import annotations

import numpy as np
from sklearn.preprocessing import StandardScaler

CHUNK = 4096


def moments(features: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances `(M,)` of some rows of `(n, M)` features, float32; a constant feature has variance 1."""
    scaler = StandardScaler()
    for start in range(0, len(rows), CHUNK):
        # In reading order: features may be a memory map.
        scaler.partial_fit(np.asarray(features[np.sort(rows[start : start + CHUNK])], "float64"))
    return scaler.mean_.astype("float32"), np.square(scaler.scale_).astype("float32")
