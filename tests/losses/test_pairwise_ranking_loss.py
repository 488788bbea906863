import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.losses import LSEPLoss, PairwiseRankingLoss, PLSPLoss, WARPLoss
from kerasmm.losses.pairwise_ranking_loss import FEW_POSITIVES
from tests.apart import apart, drawn_until
from tests.losses.by_loop import hinge_rank
from tests.losses.pairs import by_rows, draw, draw_tied, slopes_by_loop, wide
from tests.public_class import COMPILED_OR_NOT, to_numpy, value_and_gradient

ALL = (PairwiseRankingLoss, WARPLoss, LSEPLoss, PLSPLoss)


def test_worked_by_hand():
    """Margin 1, positives 2 and 0: hinges 0.5 and 0 of the first, 2.5 and 1 of the second, where the tie counts not."""
    value, gradient = value_and_gradient(
        lambda x: PairwiseRankingLoss()([[1, 0, 1, 0, -1]], x), np.array([[2, 1.5, 0, -1, 9]], "float32")
    )
    assert value == 3.0
    np.testing.assert_array_equal(gradient, [[-1, 2, -1, 0, 0]])


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("positives", [1, FEW_POSITIVES, FEW_POSITIVES + 1, None])
def test_a_slow_loop(rng, margin, positives):
    """Also where hinges are exactly 0, which the loop leaves out as well."""
    y_true, y_pred = draw_tied(rng, positives) if positives else draw(rng)
    value, gradient = value_and_gradient(lambda x: PairwiseRankingLoss(margin, reduction=None)(y_true, x), y_pred)
    np.testing.assert_allclose(value, by_rows(hinge_rank(margin), y_true, y_pred), rtol=1e-5, atol=1e-5)
    wanted = slopes_by_loop(lambda p, negatives: [margin + n - p > 0 for n in negatives], y_true, y_pred)
    np.testing.assert_array_equal(gradient, wanted)


def test_scores_far_from_zero(rng):
    """What counts are differences: near 10,000 the scores have steps of 1/1024, but the loss has all its digits."""
    y_true, y_pred = draw(rng)
    y_pred = np.round(y_pred * 64).astype("float32") / 64 + 1e4
    value, _ = value_and_gradient(lambda x: PairwiseRankingLoss(0.7, reduction=None)(y_true, x), y_pred)
    np.testing.assert_allclose(value, by_rows(hinge_rank(0.7), y_true, y_pred), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("positives", [5, 20_000])
def test_many_labels_lose_no_digits(rng, positives):
    """40,000 labels against float64: as many sums as labels, each exact, from NumPy's sorted scores."""
    y_true, y_pred = wide(rng, 1, 40_000, positives)
    value, gradient = value_and_gradient(lambda x: PairwiseRankingLoss(1.0)(y_true, x), y_pred)
    limits = y_pred[y_true == 1].astype("float64") - 1
    negatives = np.sort(y_pred[y_true == 0].astype("float64"))
    violators = len(negatives) - np.searchsorted(negatives, limits, side="right")
    sums = np.concatenate([[0], np.cumsum(negatives[::-1])])
    assert value == pytest.approx(np.sum(sums[violators] - violators * limits), rel=1e-5)
    np.testing.assert_array_equal(gradient[y_true == 1], -violators)
    wanted = np.searchsorted(np.sort(limits), y_pred[y_true == 0].astype("float64"), side="left")
    np.testing.assert_array_equal(gradient[y_true == 0], wanted)


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("negatives", [None, 3])
def test_no_pairs_cost_nothing(rng, loss, negatives):
    """Rows without positives, without negatives, with nothing; no labels; no rows."""
    y_true = np.array([[0, 0, 0, 0], [1, 1, 1, 1], [-1, -1, -1, -1], [1, -1, -1, 1]], "float32")
    y_pred = rng.normal(size=y_true.shape).astype("float32")
    made = loss(negatives=negatives, reduction=None)
    value, gradient = value_and_gradient(lambda x: made(y_true, x), y_pred)
    np.testing.assert_array_equal(value, 0)
    np.testing.assert_array_equal(gradient, 0)
    for shape in ((0, 3), (3, 0)):
        empty = np.zeros(shape, "float32")
        assert to_numpy(made(empty, empty)).tolist() == [0] * shape[0]


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("negatives", [None, 30])
def test_large_scores_stay_finite(rng, loss, negatives):
    y_true, _ = draw(rng)
    y_pred = rng.choice([-1e4, 0, 1e4], y_true.shape).astype("float32")
    made = loss(negatives=negatives, reduction=None)
    value, gradient = value_and_gradient(lambda x: made(y_true, x), y_pred)
    assert np.isfinite(value).all()
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("loss", ALL)
def test_more_draws_than_negatives_use_each_once(rng, loss):
    y_true, y_pred = draw(rng)
    exact = value_and_gradient(lambda x: loss(reduction=None)(y_true, x), y_pred)
    # A row with a positive has at least one negative less than labels.
    draws = max(y_true.shape[1] - 1, 1)
    drawn = value_and_gradient(lambda x: loss(reduction=None, negatives=draws)(y_true, x), y_pred)
    for got, wanted in zip(drawn, exact, strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


def test_draws_have_the_mean_of_all(rng):
    """n drawn of N negatives: N / n times the loss has the exact one as its mean, its gradient too."""
    labels, scores = np.array([1, 0, 0, -1, 1, 0, 0, 0]), rng.normal(size=8)
    exact = hinge_rank(1.0)(labels.tolist(), scores.tolist())
    repeated, n = 20_000, 2
    y_true, y_pred = (np.tile(values, (repeated, 1)).astype("float32") for values in (labels, scores))
    loss = PairwiseRankingLoss(negatives=n, seed=int(rng.integers(2**31)), reduction=None)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    wanted = slopes_by_loop(lambda p, negatives: [1 + m - p > 0 for m in negatives], labels[None], scores[None])[0]
    for drawn, mean in [(value * 5 / n, exact), *zip(gradient.T * 5 / n, wanted, strict=True)]:
        assert abs(drawn.mean() - mean) <= 7 * drawn.std() / math.sqrt(repeated) + 1e-5


@pytest.mark.parametrize("loss", ALL)
def test_each_draw_is_what_is_left_of_the_row(rng, loss):
    """One negative drawn of two: the loss is one of the two that rows with this negative alone have, either as often."""
    y_true, y_pred = np.array([[1, 0, 1, 0]] * 2000), np.tile([[0.5, 1.0, 3.0, 2.5]], (2000, 1)).astype("float32")
    both = [float(loss()([[1, 0, 1, -1]], y_pred[:1])), float(loss()([[1, -1, 1, 0]], y_pred[:1]))]
    assert both[0] != pytest.approx(both[1], rel=1e-3)
    got = to_numpy(loss(negatives=1, seed=int(rng.integers(2**31)), reduction=None)(y_true, y_pred))
    first = np.isclose(got, both[0], rtol=1e-5)
    np.testing.assert_allclose(got[~first], both[1], rtol=1e-5)
    assert abs(first.mean() - 0.5) < 7 * 0.5 / math.sqrt(2000)


def test_draws_are_fresh_and_seeded(rng):
    y_true, y_pred = wide(rng, 3, 50, 2)
    one, same, other = (PairwiseRankingLoss(negatives=4, seed=seed) for seed in (5, 5, 6))
    values = [[float(loss(y_true, y_pred)) for _ in range(4)] for loss in (one, same, other)]
    assert values[0] == values[1] != values[2]
    assert len(set(values[0])) > 1


def test_draws_are_fresh_inside_a_compiled_step(rng):
    """A model that can't learn has another loss in each epoch, where it knows the state of the draws."""
    y_true, x = wide(rng, 4, 50, 2)
    for jit in COMPILED_OR_NOT:
        inputs = keras.Input((50,))
        model = keras.Model(inputs, keras.layers.Dense(50, kernel_initializer="identity")(inputs))
        loss = PairwiseRankingLoss(negatives=2, seed=1)
        model.draws = loss.seed_generator
        model.compile(keras.optimizers.SGD(0.0), loss, jit_compile=jit)
        losses = model.fit(x, y_true, batch_size=4, epochs=6, verbose=0, shuffle=False).history["loss"]
        assert len(set(losses)) > 1


@pytest.mark.parametrize("loss", ALL)
@pytest.mark.parametrize("negatives", [0, -1, 2.5, "all"])
def test_says_what_was_wrong_with_negatives(loss, negatives):
    with pytest.raises(ValueError, match=f"`negatives` must be a positive integer or None. Received: {negatives=!s}"):
        loss(negatives=negatives)


@pytest.mark.parametrize("loss", [PairwiseRankingLoss, WARPLoss])
@pytest.mark.parametrize("margin", [-1.0, math.nan, math.inf])
def test_says_what_was_wrong(loss, margin):
    with pytest.raises(ValueError, match=f"`margin` must be non-negative and finite. Received: margin={margin}"):
        loss(margin=margin)


def test_it_is_the_hinge_rank_loss(rng):
    """Which forms every pair, through Keras' ops."""
    from kerasmm.losses import HingeRankLoss

    y_true, y_pred = drawn_until(lambda drawn: apart(drawn[1], edges=(0.5,), ties=True), lambda: draw(rng))
    one, other = PairwiseRankingLoss(0.5, reduction=None), HingeRankLoss(0.5, reduction=None)
    weights = ops.convert_to_tensor(rng.random(len(y_true)).astype("float32"))
    got, wanted = (value_and_gradient(lambda x, c=c: c(y_true, x, weights), y_pred) for c in (one, other))
    for ours, theirs in zip(got, wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)
