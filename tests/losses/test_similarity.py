import numpy as np
import pytest
from keras import backend, ops

from kerasmm.losses import triplet_similarity
from tests.losses.by_loop import similarity
from tests.public_class import finite_differences, to_numpy, value_and_gradient

BOTH = pytest.mark.parametrize("normalization", ["product", "sum"])


def test_worked_by_hand():
    """(3, 4) · (4, 3) = 24; norms 5 and 5."""
    a, b = np.array([3.0, 4.0]), np.array([4.0, 3.0])
    assert float(triplet_similarity(a, b)) == pytest.approx(24 / 25)
    assert float(triplet_similarity(a, b, normalization="sum")) == pytest.approx(24 / 10)


@BOTH
def test_matches_the_equation(rng, normalization):
    a, b = rng.normal(size=(4, 5)).astype("float32"), rng.normal(size=(4, 5)).astype("float32")
    wanted = [similarity(x, y, normalization) for x, y in zip(a, b, strict=True)]
    value, gradient = value_and_gradient(lambda x: triplet_similarity(x, b, normalization), a)
    np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-6)
    slow = finite_differences(lambda x: [similarity(p, q, normalization) for p, q in zip(x, b, strict=True)], a)
    np.testing.assert_allclose(gradient, slow, rtol=1e-3, atol=1e-4)


@BOTH
def test_broadcasts_an_anchor_over_its_candidates(rng, normalization):
    anchors, others = rng.normal(size=(2, 1, 5)), rng.normal(size=(2, 3, 5))
    got = to_numpy(triplet_similarity(anchors, others, normalization))
    wanted = [[similarity(anchors[i, 0], others[i, j], normalization) for j in range(3)] for i in range(2)]
    np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


@BOTH
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e-18, 1e-10, 1e-3, 1e6])
def test_finite_at_any_norm(rng, normalization, size):
    b = rng.normal(size=(3, 4)).astype("float32")
    for other in (b, b * np.float32(size)):
        value, gradient = value_and_gradient(
            lambda x, other=other: triplet_similarity(x, other, normalization), b * np.float32(size)
        )
        assert np.isfinite(value).all()
        assert np.isfinite(gradient).all()
        if size == 0:
            assert not value.any()
            if normalization == "product":
                assert not gradient.any()
        elif size >= 1e-10 and normalization == "product":
            np.testing.assert_allclose(value, 1.0, rtol=1e-5)


def test_the_cosine_is_scale_free_and_the_printed_one_is_not(rng):
    a, b = rng.normal(size=7), rng.normal(size=7)
    # Products of either sign may cancel: each rounds relative to the norms, which bound what the sum would be without.
    bound = np.linalg.norm(a) * np.linalg.norm(b) / (np.linalg.norm(a) + np.linalg.norm(b))
    assert float(triplet_similarity(50 * a, 50 * b)) == pytest.approx(float(triplet_similarity(a, b)), abs=1e-5)
    assert float(triplet_similarity(50 * a, 50 * b, "sum")) == pytest.approx(
        50 * float(triplet_similarity(a, b, "sum")), abs=1e-5 * 50 * bound
    )


@pytest.mark.parametrize("compute", ["bfloat16", "float16"])
@BOTH
def test_half_precision_is_computed_in_float32(rng, compute, normalization):
    """Squares of 300 overflow float16, which ends at 65,504."""
    a, b = (ops.cast(300 * rng.normal(size=(4, 5)), compute) for _ in range(2))
    got = triplet_similarity(a, b, normalization)
    assert backend.standardize_dtype(got.dtype) == "float32"
    wanted = [similarity(x, y, normalization) for x, y in zip(to_numpy(a), to_numpy(b), strict=True)]
    # What cancels rounds relative to the norms: 300, but for a factor, where they are summed.
    np.testing.assert_allclose(to_numpy(got), wanted, rtol=1e-4, atol=1e-5 if normalization == "product" else 3e-3)


def test_says_what_was_wrong():
    with pytest.raises(ValueError, match="`normalization` must be 'product' or 'sum'. Received: normalization='mean'"):
        triplet_similarity([1.0], [1.0], normalization="mean")
