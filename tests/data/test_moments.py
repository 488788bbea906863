import numpy as np
import pytest

from kerasmm.data.moments import moments
from tests.public_class import check_examples


@pytest.mark.parametrize("size", [1, 7, 50])
def test_chunks_change_nothing_and_a_constant_feature_keeps_its_scale(rng, size):
    features = rng.normal(3.0, 2.0, size=(50, 4)).astype("float16")
    features[:, 1] = 5.0
    mean, variance = moments(features[start : start + size] for start in range(0, 50, size))
    wide = features.astype("float64")
    np.testing.assert_allclose(mean, wide.mean(axis=0), rtol=1e-9)
    np.testing.assert_allclose(variance, [wide[:, 0].var(), 1.0, wide[:, 2].var(), wide[:, 3].var()], rtol=1e-9)


def test_nothing_has_no_moments():
    assert moments([]) is None


def test_example():
    check_examples(moments)
