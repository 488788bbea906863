import math

import numpy as np
import pytest
from keras import ops

from kerasmm.losses import BidirectionalRankingLoss
from tests.apart import apart, drawn_until
from tests.losses.by_loop import bidirectional_ranking
from tests.public_class import finite_differences, to_numpy, value_and_gradient

BOTH = pytest.mark.parametrize("negatives", ["sum", "hardest"])


def similarities(rng, low, high, shape, margin=0.2):
    """No hinge is near its kink and no two are near each other, where small steps and roundings choose sides."""
    return drawn_until(lambda drawn: apart(drawn.ravel(), edges=(0.0, margin)), lambda: rng.uniform(low, high, shape))


def check(y_true, y_pred, negatives, margin=0.2):
    """Value of each row and the gradient of their sum, against loops over the printed equations."""
    loop = bidirectional_ranking(margin, negatives)
    loss = BidirectionalRankingLoss(margin, negatives, reduction=None)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred.astype("float32"))
    wanted = np.array(loop(y_true.tolist(), y_pred.astype("float32").tolist()))
    np.testing.assert_allclose(value, wanted, rtol=1e-5, atol=1e-5)
    slope = finite_differences(lambda x: np.array(loop(y_true.tolist(), x.tolist())), y_pred.astype("float32"))
    # Every term has slope 1, so gradients are whole numbers and differences tell them exactly.
    assert np.abs(slope - np.rint(slope)).max() < 1e-4
    np.testing.assert_allclose(gradient, np.rint(slope), atol=1e-5)
    return value, gradient


def test_worked_by_hand():
    """Pairs 0.9, 0.5, 0.6 on the diagonal; in each row and column what is within 0.2 of the pair costs.

    Row 0: 0.2 - 0.9 + 0.8 = 0.1. Row 1: 0.2 - 0.5 + 0.4 = 0.1 and 0.2 - 0.5 + 0.6 = 0.3. Row 2: nothing.
    Column 0: nothing. Column 1: 0.2 - 0.5 + 0.8 = 0.5. Column 2: 0.2 - 0.6 + 0.6 = 0.2.
    """
    similarity = np.array([[0.9, 0.8, 0.1], [0.4, 0.5, 0.6], [0.2, 0.1, 0.6]])
    value, gradient = check(np.eye(3), similarity, "sum")
    np.testing.assert_allclose(value, [0.1, 0.1 + 0.3 + 0.5, 0.2], rtol=1e-5)
    np.testing.assert_array_equal(gradient, [[-1, 2, 0], [1, -3, 2], [0, 0, -1]])
    value, gradient = check(np.eye(3), similarity, "hardest")
    np.testing.assert_allclose(value, [0.1, 0.3 + 0.5, 0.2], rtol=1e-5)
    np.testing.assert_array_equal(gradient, [[-1, 2, 0], [0, -2, 2], [0, 0, -1]])


def test_the_default_is_the_sum_over_the_batch_and_both_directions(rng):
    y_pred = rng.uniform(-1, 1, (7, 7)).astype("float32")
    for negatives in ("sum", "hardest"):
        wanted = sum(bidirectional_ranking(0.2, negatives)(np.eye(7).tolist(), y_pred.tolist()))
        assert float(BidirectionalRankingLoss(negatives=negatives)(np.eye(7), y_pred)) == pytest.approx(
            wanted, rel=1e-5
        )


@BOTH
@pytest.mark.parametrize("shape", [(1, 1), (1, 6), (6, 1), (2, 2), (9, 9), (12, 5), (5, 12)])
@pytest.mark.parametrize("margin", [0.0, 0.2, 5.0])
def test_any_pairs_and_absences(rng, negatives, shape, margin):
    """Several pairs a row and a column, rows and columns without, and entries that are neither."""
    y_true = rng.choice([1.0, 0.0, -1.0], shape, p=[0.3, 0.5, 0.2])
    check(y_true, similarities(rng, -1, 1, shape, margin), negatives, margin)


@BOTH
def test_another_sentence_of_the_same_image_is_no_negative(rng, negatives):
    """The same image twice in a batch: marked below 0, its other sentence changes neither value nor gradient."""
    y_true = np.eye(5)
    y_true[0, 1] = y_true[1, 0] = -1
    y_pred = similarities(rng, -1, 0.5, (5, 5))
    value, gradient = check(y_true, y_pred, negatives)
    nearer = y_pred.copy()
    nearer[0, 1] = nearer[1, 0] = 0.99
    got = value_and_gradient(
        lambda x: BidirectionalRankingLoss(negatives=negatives, reduction=None)(y_true, x), nearer.astype("float32")
    )
    np.testing.assert_array_equal(got[0], value)
    np.testing.assert_array_equal(got[1], gradient)
    assert not gradient[[0, 1], [1, 0]].any()


@BOTH
def test_without_pairs_or_without_negatives_there_is_no_loss(rng, negatives):
    y_pred = rng.uniform(-1, 1, (4, 4)).astype("float32")
    for labels in (0.0, 1.0, -1.0):
        value, gradient = value_and_gradient(
            lambda x, labels=labels: BidirectionalRankingLoss(negatives=negatives)(np.full((4, 4), labels), x), y_pred
        )
        assert value == 0 and not gradient.any()
    # One pair whose row has a negative and whose column has none.
    value, _ = check(np.array([[1.0, 0.0], [-1.0, 0.0]]), np.array([[0.3, 0.4], [0.9, 0.9]]), negatives)
    np.testing.assert_allclose(value, [0.2 - 0.3 + 0.4, 0], rtol=1e-5)


def test_equal_similarities_cost_the_margin_each():
    """A collapsed embedding: 2 Δ a pair with the hardest, 2 Δ (n - 1) with all; the gradient is no number too large."""
    for negatives, wanted in (("hardest", 2 * 0.2), ("sum", 2 * 0.2 * 5)):
        loss = BidirectionalRankingLoss(0.2, negatives, reduction=None)
        value, gradient = value_and_gradient(lambda x, loss=loss: loss(np.eye(6), x), np.full((6, 6), 0.7, "float32"))
        np.testing.assert_allclose(value, [wanted] * 6, rtol=1e-5)
        # What pulls the pairs up pushes negatives down by as much, however the equal ones share it.
        assert gradient.sum() == pytest.approx(0, abs=1e-5)
        np.testing.assert_allclose(np.diag(gradient), [-wanted / 0.2] * 6, rtol=1e-5)


@BOTH
def test_ties_on_the_margin_cost_nothing(negatives):
    """0.25 - 0.5 + 0.25 in binary numbers is 0 exactly."""
    value, gradient = value_and_gradient(
        lambda x: BidirectionalRankingLoss(0.25, negatives)([[1.0, 0.0], [0.0, 1.0]], x),
        np.array([[0.5, 0.25], [0.25, 0.5]], "float32"),
    )
    assert value == 0 and np.isfinite(gradient).all()


def test_one_pair_and_one_negative_make_both_losses_the_same(rng):
    y_pred = rng.uniform(-1, 1, (2, 2)).astype("float32")
    values = [
        float(BidirectionalRankingLoss(negatives=negatives)(np.eye(2), y_pred)) for negatives in ("sum", "hardest")
    ]
    # Four hinges below 2.2, summed in another order: three roundings of numbers below 16, of 2⁻²¹ each at most.
    assert values[0] == pytest.approx(values[1], abs=3 * 2**-21)


@BOTH
def test_a_batch_of_the_papers_size(rng, negatives):
    """128 images with 128 sentences, some of the same image, near the top of the range, where sums cancel."""
    image = rng.integers(0, 110, 128)
    y_true = np.where(np.eye(128) > 0, 1.0, np.where(image[:, None] == image, -1.0, 0.0))
    y_pred = rng.uniform(0.85, 1.0, (128, 128)).astype("float32")
    value = to_numpy(BidirectionalRankingLoss(0.2, negatives, reduction=None)(y_true, y_pred))
    wanted = bidirectional_ranking(0.2, negatives)(y_true.tolist(), y_pred.tolist())
    np.testing.assert_allclose(value, wanted, rtol=1e-5)


@BOTH
def test_a_diverged_network_is_seen(negatives):
    """Similarities that are no numbers must not pass for a perfect batch."""
    value = BidirectionalRankingLoss(negatives=negatives)(np.eye(3), np.full((3, 3), np.nan, "float32"))
    assert math.isnan(float(value))


@BOTH
@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0)])
def test_an_empty_batch_has_no_loss(negatives, shape):
    assert to_numpy(BidirectionalRankingLoss(negatives=negatives)(np.zeros(shape), np.zeros(shape))).sum() == 0


@BOTH
@pytest.mark.parametrize("compute", ["bfloat16", "float16"])
def test_half_precision_is_summed_in_single(rng, negatives, compute):
    """128 hinges of about 2 exceed what bfloat16 counts to by ones."""
    y_true, y_pred = np.eye(128), ops.cast(rng.uniform(-1, 1, (128, 128)), compute)
    got = BidirectionalRankingLoss(2.5, negatives, reduction=None)(y_true, y_pred)
    wanted = bidirectional_ranking(2.5, negatives)(y_true.tolist(), to_numpy(y_pred).astype("float64").tolist())
    np.testing.assert_allclose(to_numpy(got), wanted, rtol=1e-5)


@pytest.mark.parametrize("margin", [-1.0, math.nan, math.inf])
def test_says_what_was_wrong_with_the_margin(margin):
    with pytest.raises(ValueError, match=f"`margin` must be non-negative and finite. Received: margin={margin}"):
        BidirectionalRankingLoss(margin=margin)


def test_refuses_another_word_for_negatives():
    with pytest.raises(ValueError, match=r"`negatives` must be one of \('sum', 'hardest'\). Received: negatives='all'"):
        BidirectionalRankingLoss(negatives="all")
