import math

import numpy as np
import pytest
from keras import ops

from kerasmm.losses import WARPLoss
from kerasmm.losses.pairwise_ranking_loss import FEW_POSITIVES
from kerasmm.losses.warp_loss import harmonic
from tests.losses.by_loop import warp
from tests.losses.pairs import by_rows, draw, draw_tied, slopes_by_loop, wide
from tests.public_class import to_numpy, value_and_gradient


def test_worked_by_hand():
    """Margin 1, one positive at 0: violators 1, 0 and -0.5 with hinges 2, 1 and 0.5, and a tie at -1; w(3) = 11/6."""
    y_true, y_pred = [[1, 0, 0, 0, 0]], np.array([[0, 1, 0, -0.5, -1]], "float32")
    for normalize, weight in ((False, 11 / 6), (True, 11 / 18)):
        value, gradient = value_and_gradient(lambda x, n=normalize: WARPLoss(normalize=n)(y_true, x), y_pred)
        np.testing.assert_allclose(value, 3.5 * weight, rtol=1e-6)
        np.testing.assert_allclose(gradient, np.array([[-3, 1, 1, 1, 0]]) * weight, rtol=1e-6)


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(
    ("margin", "positives"), [(0.0, 1), (0.5, FEW_POSITIVES), (0.5, FEW_POSITIVES + 1), (1.0, None)]
)
def test_a_slow_loop(rng, margin, positives, normalize):
    """Ties at the margin are many here, and count in no rank."""

    def slopes(p, negatives):
        violates = np.array([margin + n - p > 0 for n in negatives])
        rank = int(violates.sum())
        return violates * sum(1 / j for j in range(1, rank + 1)) / (max(rank, 1) if normalize else 1)

    y_true, y_pred = draw_tied(rng, positives) if positives else draw(rng)
    loss = WARPLoss(margin, normalize=normalize, reduction=None)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    np.testing.assert_allclose(value, by_rows(warp(margin, normalize), y_true, y_pred), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient, slopes_by_loop(slopes, y_true, y_pred), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("positives", [FEW_POSITIVES, FEW_POSITIVES + 1])
def test_the_margin_is_exact(rng, positives):
    """Negatives on the float next to the margin, or on it: which ones violate it is what the float64 of a loop says."""

    def slopes(p, negatives):
        violates = 1 + np.array(negatives) - p > 0
        return violates * np.sum(1 / np.arange(1, violates.sum() + 1))

    y_true, y_pred = wide(rng, 4, 4 * positives, positives)
    for labels, scores in zip(y_true, y_pred, strict=True):
        limits = np.repeat(scores[labels == 1] - np.float32(1), 3)
        scores[labels == 0] = np.nextafter(limits, limits + rng.choice([-1, 0, 1], limits.shape).astype("float32"))
    loss = WARPLoss(1.0, normalize=False, reduction=None)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    np.testing.assert_allclose(gradient, slopes_by_loop(slopes, y_true, y_pred), rtol=1e-5)
    np.testing.assert_allclose(value, by_rows(warp(1.0, False), y_true, y_pred), rtol=1e-5)


def test_all_labels_near_each_other_tie(rng):
    """A margin of 0 and equal scores: no violators; half-precision scores have many such ties."""
    y_true = np.array([rng.permutation([0] * 15 + [1] * 15) for _ in range(3)], "float32")
    assert float(WARPLoss(margin=0.0)(y_true, np.zeros((3, 30), "float32"))) == 0
    coarse = to_numpy(ops.cast(rng.normal(size=(3, 30)).astype("float32"), "bfloat16"))
    got = to_numpy(WARPLoss(margin=0.0, reduction=None)(y_true, coarse))
    np.testing.assert_allclose(got, by_rows(warp(0.0, True), y_true, coarse), rtol=1e-5, atol=1e-5)
    # -0 equals 0, whatever its bits.
    y_true, zeros = [[1] * 15 + [0] * 2], np.array([[-0.0] * 15 + [0.0, 1.0]], "float32")
    assert float(WARPLoss(margin=0.0)(y_true, zeros)) == pytest.approx(15)


def test_sampling_as_weston_et_al_has_this_mean(rng):
    """Negatives are drawn until one violates, whose hinge is weighted by w(r): here 30,000 times for each positive."""
    y_true, scores = np.array([1, 0, 0, 1, 0, 0, 0, 0]), rng.normal(size=8)
    negatives, means, errors = scores[y_true == 0], 0.0, 0.0
    for p in scores[y_true == 1]:
        hinges = np.maximum(0, 1 + negatives - p)
        rank = (hinges > 0).sum()
        if rank == 0:
            continue
        # Enough draws that one of them violates.
        draws = hinges[rng.integers(0, len(hinges), (30_000, 200))]
        sampled = draws[np.arange(len(draws)), (draws > 0).argmax(axis=1)] * (1 / np.arange(1, rank + 1)).sum()
        means, errors = means + sampled.mean(), errors + sampled.var() / len(sampled)
    value, _ = value_and_gradient(lambda x: WARPLoss()(y_true[None], x), scores[None].astype("float32"))
    assert abs(value - means) <= 7 * math.sqrt(errors) + 1e-5


@pytest.mark.parametrize(("positives", "normalize"), [(5, True), (20_000, True), (20_000, False)])
def test_many_labels_lose_no_digits(rng, positives, normalize):
    y_true, y_pred = wide(rng, 1, 40_000, positives)
    loss = WARPLoss(1.0, normalize=normalize)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    limits = y_pred[y_true == 1].astype("float64") - 1
    negatives = np.sort(y_pred[y_true == 0].astype("float64"))
    violators = len(negatives) - np.searchsorted(negatives, limits, side="right")
    weights = np.concatenate([[0], np.cumsum(1 / np.arange(1, 40_001))])[violators]
    weights = weights / np.maximum(violators, 1) if normalize else weights
    sums = np.concatenate([[0], np.cumsum(negatives[::-1])])
    assert value == pytest.approx(np.sum(weights * (sums[violators] - violators * limits)), rel=1e-5)
    np.testing.assert_allclose(gradient[y_true == 1], -weights * violators, rtol=1e-5)
    order = np.argsort(limits)
    before = np.searchsorted(limits[order], y_pred[y_true == 0].astype("float64"), side="left")
    np.testing.assert_allclose(
        gradient[y_true == 0], np.concatenate([[0], np.cumsum(weights[order])])[before], rtol=1e-5, atol=1e-9
    )


def test_harmonic_numbers():
    numbers = np.arange(1, 100_001)
    got = to_numpy(harmonic(ops.convert_to_tensor(numbers.astype("float32"))))
    np.testing.assert_allclose(got, np.cumsum(1 / numbers), rtol=1e-6)
