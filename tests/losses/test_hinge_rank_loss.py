import math

import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.losses import HingeRankLoss, triplet_similarity
from tests.losses.by_loop import hinge_rank, similarity
from tests.public_class import to_numpy, value_and_gradient


def test_worked_by_hand():
    """0.3 - 0.5 + 0.4 = 0.2 and 0.3 - 0.5 + 0.1 < 0; 0.3 - 0.1 + 0.4 = 0.6 and 0.3 - 0.1 + 0.1 = 0.3."""
    y_true, y_pred = np.array([[1.0, 0, 0], [1, 0, 0]]), np.array([[0.5, 0.4, 0.1], [0.1, 0.4, 0.1]], "float32")
    value, gradient = value_and_gradient(lambda x: HingeRankLoss(reduction=None)(y_true, x), y_pred)
    np.testing.assert_allclose(value, [0.2, 0.9], rtol=1e-6)
    np.testing.assert_array_equal(gradient, [[-1, 1, 0], [-2, 1, 1]])
    assert float(HingeRankLoss(reduction="sum")(y_true, y_pred)) == pytest.approx(1.1)


def test_all_pairs_of_several_positives(rng):
    y_true = np.array([[1, 0, 1, 0, 1, 0, 0]])
    y_pred = rng.uniform(-1, 1, (1, 7))
    wanted = hinge_rank(0.5)(y_true[0], y_pred[0])
    assert float(HingeRankLoss(margin=0.5)(y_true, y_pred)) == pytest.approx(wanted, rel=1e-5, abs=1e-5)


def test_equal_similarities_cost_the_margin():
    """Where a network gives every picture the same place, each of 1 × 3 pairs costs the margin."""
    loss = HingeRankLoss(margin=0.3)([[1.0, 0, 0, 0]], [[0.7, 0.7, 0.7, 0.7]])
    assert float(loss) == pytest.approx(0.9)


def test_no_margin_and_a_tie_cost_nothing():
    value, gradient = value_and_gradient(
        lambda x: HingeRankLoss(margin=0.0)([[1.0, 0.0]], x), np.array([[0.5, 0.5]], "float32")
    )
    assert value == 0
    assert np.isfinite(gradient).all()


def test_a_mask_of_rows_leaves_rows_out(rng):
    """Rows that Keras masks take no part in the mean either, as in Keras' own losses."""

    class MaskOfRows(keras.layers.Layer):
        def call(self, inputs):
            return ops.copy(inputs)

        def compute_mask(self, inputs, mask=None):
            return ops.convert_to_tensor([True, False, True])

    y_true, y_pred = np.array([[1, 0, 0]] * 3), rng.uniform(-1, 1, (3, 3)).astype("float32")
    wanted = np.mean([hinge_rank(0.3)(y_true[row], y_pred[row]) for row in (0, 2)])
    assert float(HingeRankLoss()(y_true, MaskOfRows()(y_pred))) == pytest.approx(wanted, rel=1e-5, abs=1e-6)


def test_the_whole_of_equations_1_to_3(rng):
    """An anchor, a positive and three negatives, through the similarity, with finite gradients for a zero embedding."""
    anchors, others = rng.normal(size=(4, 1, 6)).astype("float32"), rng.normal(size=(4, 4, 6)).astype("float32")
    others[0, 0], anchors[1] = 0.0, 0.0
    y_true = np.array([[1, 0, 0, 0]] * 4)
    for normalization in ("product", "sum"):
        value, gradient = value_and_gradient(
            lambda x, n=normalization: HingeRankLoss(reduction=None)(y_true, triplet_similarity(x, others, n)), anchors
        )
        wanted = [
            hinge_rank(0.3)(y_true[i], [similarity(anchors[i, 0], other, normalization) for other in others[i]])
            for i in range(4)
        ]
        np.testing.assert_allclose(value, wanted, rtol=1e-4, atol=1e-5)
        assert np.isfinite(gradient).all()


@pytest.mark.parametrize("margin", [-1.0, math.nan, math.inf])
def test_says_what_was_wrong(margin):
    with pytest.raises(ValueError, match=f"`margin` must be non-negative and finite. Received: margin={margin}"):
        HingeRankLoss(margin=margin)


def test_an_empty_batch_has_no_loss():
    assert to_numpy(HingeRankLoss(reduction="sum")(np.zeros((0, 3)), np.zeros((0, 3)))).sum() == 0
