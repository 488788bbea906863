from __future__ import annotations

import numpy as np

from kerasmm.evaluation.baselines.moments import moments_of_rows


def test_chunks_change_nothing_and_a_constant_feature_keeps_its_scale(rng, monkeypatch):
    monkeypatch.setattr("kerasmm.evaluation.baselines.moments.CHUNK", 7)
    features, rows = rng.normal(3.0, 2.0, size=(50, 4)).astype("float32"), np.arange(1, 40)
    features[:, 1] = 5.0
    mean, variance = moments_of_rows(features, rng.permutation(rows))
    np.testing.assert_allclose(mean, features[rows].mean(axis=0), rtol=1e-5)
    np.testing.assert_allclose(
        variance, [*features[rows, :1].var(axis=0), 1.0, *features[rows, 2:].var(axis=0)], rtol=1e-4
    )
