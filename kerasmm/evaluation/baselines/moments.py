"""Means and variances of some posts' features, read in chunks."""

from __future__ import annotations

import numpy as np

from kerasmm.data.moments import moments

CHUNK = 4096


def moments_of_rows(features: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Means and variances `(M,)` of some rows, one or more, of `(n, M)` features, float32; see `kerasmm.data.moments`."""
    # In reading order: features may be a memory map.
    found = moments(features[np.sort(rows[start : start + CHUNK])] for start in range(0, len(rows), CHUNK))
    assert found is not None
    mean, variance = found
    return mean.astype("float32"), variance.astype("float32")
