import math

import numpy as np
import pytest

from kerasmm.losses import PLSPLoss
from tests.apart import apart, drawn_until
from tests.losses.by_loop import pairs, plsp
from tests.losses.pairs import check_smooth, draw
from tests.public_class import to_numpy, value_and_gradient


def test_worked_by_hand():
    """s = -2, gaps -4, -1, 2 and 8: exponents -2, -1, -1 and -1/4; slopes 1/2 and 2/64, none on the flat part."""
    terms = np.exp([-2, -1, -1, -1 / 4])
    value, gradient = value_and_gradient(
        lambda x: PLSPLoss(truncation=-2.0)([[1, 0, 0, 0, 0]], x), np.array([[1, -3, 0, 3, 9]], "float32")
    )
    np.testing.assert_allclose(value, np.log1p(terms.sum()), rtol=1e-6)
    slopes = terms * [1 / 2, 0, 0, 2 / 64] / (1 + terms.sum())
    np.testing.assert_allclose(gradient, [[-slopes.sum(), *slopes]], rtol=1e-6)


@pytest.mark.parametrize("truncation", [-0.3, -1.1, -2.9])
def test_a_slow_loop(rng, truncation):
    """Of scores in steps of 1/4, no gap is at an edge of the flat part, and of the others none is drawn near one."""
    drawn = drawn_until(lambda drawn: apart(drawn[1], edges=(truncation,)), lambda: draw(rng))
    check_smooth(PLSPLoss(truncation, reduction=None), plsp(truncation), *drawn)


def test_scores_near_zero_stay_where_they_are(rng):
    """Which is equation 6 as printed."""
    y_true, y_pred = draw(rng)
    value, gradient = value_and_gradient(lambda x: PLSPLoss(reduction=None)(y_true, x), 0.1 * y_pred.clip(-4, 4))
    counts = [(labels == 1).sum() * (labels == 0).sum() for labels in y_true]
    np.testing.assert_allclose(value, [math.log1p(count / math.e) for count in counts], rtol=1e-5)
    assert not gradient.any()
    share = float(PLSPLoss().flat_share(y_true, 0.1 * y_pred.clip(-4, 4)))
    assert share == (1 if sum(counts) else 0)


def test_no_pair_costs_more_than_one_term():
    """However wrong: log(1 + 1) where the gap is endless, and the slope of a far pair fades as 1 / d²."""
    value, gradient = value_and_gradient(
        lambda x: PLSPLoss(reduction=None)([[1, 0]] * 3, x), np.array([[0, 10], [0, 1e3], [0, 1e30]], "float32")
    )
    wanted = np.exp([-1 / 10, -1 / 1e3, 0])
    np.testing.assert_allclose(value, np.log1p(wanted), rtol=1e-6)
    np.testing.assert_allclose(gradient[:2, 1], (wanted / (1 + wanted))[:2] / [1e2, 1e6], rtol=1e-5)
    assert gradient[2].tolist() == [0, 0]


def test_the_share_of_flat_pairs(rng):
    """Counted pair by pair; the edges |d| = |s|, of which there are many here, belong to it."""
    y_true, y_pred = drawn_until(lambda drawn: apart(drawn[1], edges=(0.75,), ties=True), lambda: draw(rng))
    y_pred = np.where(y_true < 0, np.nan, y_pred)
    gaps = [
        [n - p for p, negatives in pairs(labels, scores) for n in negatives]
        for labels, scores in zip(y_true.tolist(), y_pred.tolist(), strict=True)
    ]
    flat = [sum(abs(gap) <= 0.75 for gap in row) for row in gaps]
    loss = PLSPLoss(truncation=-0.75)
    got = loss.flat_pairs(y_true, y_pred)
    np.testing.assert_array_equal(to_numpy(got[0]), flat)
    np.testing.assert_array_equal(to_numpy(got[1]), [len(row) for row in gaps])
    every = sum(map(len, gaps))
    assert float(loss.flat_share(y_true, y_pred)) == pytest.approx(sum(flat) / every if every else 0)


@pytest.mark.parametrize("truncation", [0.0, 1.0, -math.inf, math.nan])
def test_says_what_was_wrong(truncation):
    with pytest.raises(
        ValueError, match=f"`truncation` must be negative and finite. Received: truncation={truncation}"
    ):
        PLSPLoss(truncation=truncation)
