import math

import numpy as np
import pytest

from kerasmm.losses import LinkLoss
from tests.losses.by_loop import link
from tests.public_class import value_and_gradient


def test_worked_by_hand():
    """A decision of log 3: log(1 + 1/3) where linked, log(1 + 3) where not; the slopes are -1/4 and 3/4."""
    d = math.log(3)
    value, gradient = value_and_gradient(
        lambda x: LinkLoss(reduction=None)([[1, 0], [0, -1]], x), np.array([[d, d], [d, d]], "float32")
    )
    np.testing.assert_allclose(value, [math.log(4 / 3) + math.log(4), math.log(4)], rtol=1e-6)
    np.testing.assert_allclose(gradient, [[-1 / 4, 3 / 4], [3 / 4, 0]], rtol=1e-5)


def test_the_gradient_in_closed_form(rng):
    """-A_ij σ(-A_ij d_ij)."""
    y_true = (rng.random((5, 7)) < 0.4).astype("float32")
    d = rng.normal(scale=3, size=(5, 7)).astype("float32")
    _, gradient = value_and_gradient(lambda x: LinkLoss(reduction=None)(y_true, x), d)
    sign = 2 * y_true - 1
    np.testing.assert_allclose(gradient, -sign / (1 + np.exp(sign * d)), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("ratio", [1.0, 3.0])
def test_a_ratio_is_what_sampling_gives_on_average(rng, ratio):
    """Drawing `ratio` unlinked entries with replacement for each of two linked ones, many times."""
    y_true, d = [1, 0, 0, 1, 0, 0, 0], rng.normal(size=7)
    drawn = rng.choice([1, 2, 4, 5, 6], size=(40_000, int(2 * ratio)))
    sampled = link()([1, 1], d[[0, 3]]) + np.log1p(np.exp(d[drawn])).sum(axis=1)
    error = sampled.std() / math.sqrt(len(sampled))
    got = float(LinkLoss(unlinked_ratio=ratio)([y_true], d[None].astype("float32")))
    assert abs(got - sampled.mean()) < 7 * error


def test_large_decisions_stay_finite():
    value, gradient = value_and_gradient(
        lambda x: LinkLoss(reduction=None)([[1, 0], [0, 1]], x), np.full((2, 2), 1e4, "float32")
    )
    np.testing.assert_allclose(value, [1e4, 1e4])
    np.testing.assert_array_equal(gradient, [[0, 1], [1, 0]])


@pytest.mark.parametrize("ratio", [0.0, -1.0, math.nan, math.inf])
def test_says_what_was_wrong(ratio):
    with pytest.raises(
        ValueError, match=f"`unlinked_ratio` must be positive and finite. Received: unlinked_ratio={ratio}"
    ):
        LinkLoss(unlinked_ratio=ratio)
