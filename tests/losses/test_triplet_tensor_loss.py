import math

import keras
import numpy as np
import pytest

from kerasmm.layers import ThreeWayTensor
from kerasmm.losses import TripletTensorLoss
from tests.apart import apart, drawn_until
from tests.losses.by_loop import triplet_tensor
from tests.public_class import COMPILED_OR_NOT, to_numpy, value_and_gradient


def test_worked_by_hand():
    """1 + 1.5 - 2 for one image, 1 + 3 - 2 for one tag, each hard and drawn; no user is unobserved."""
    y_true = np.array([[[1, 0, -1], [-1, 1, 0], [1, -1, -1]], [[-1, -1, -1]] * 3])
    y_pred = np.array([[[2, 1.5, 9], [9, 2, 3], [2, 9, 9]], [[9, 9, 9]] * 3], "float32")
    value, gradient = value_and_gradient(lambda x: TripletTensorLoss(reduction=None)(y_true, x), y_pred)
    np.testing.assert_allclose(value, [5.0, 0.0], rtol=1e-6)
    np.testing.assert_array_equal(gradient, [[[-2, 2, 0], [0, -2, 2], [0, 0, 0]], [[0, 0, 0]] * 3])


COPIES = 3000


def many_rows(rng):
    """The same row many times: three unobserved entries an axis, all scores nearer each other than the margin."""
    labels = [[1, 0, 0, -1, 0], [0, 1, 0, 0, -1], [0, -1, 0, 0, 1]]
    scores = drawn_until(lambda drawn: apart(drawn, 1e-3), lambda: rng.uniform(0, 1, (3, 5)))
    return (np.tile(one, (COPIES, 1, 1)).astype("float32") for one in (labels, scores))


def test_six_hinges_the_hardest_and_a_fair_draw_along_each_axis(rng):
    """The gradient shows what was drawn: the loop then has the value, and draws are uniform, apart along each axis."""
    y_true, y_pred = many_rows(rng)
    labels, scores = y_true[0], y_pred[0]
    loss = TripletTensorLoss(seed=int(rng.integers(2**31)), reduction=None)
    value, gradient = value_and_gradient(lambda x: loss(y_true, x), y_pred)
    # All hinges count.
    np.testing.assert_array_equal(gradient[y_true == 1], -2)
    np.testing.assert_array_equal(gradient[y_true < 0], 0)
    drawn, wanted = [], 0.0
    for axis in range(3):
        unobserved = np.flatnonzero(labels[axis] == 0)
        hardest = unobserved[np.argmax(scores[axis, unobserved])]
        rest = gradient[:, axis] * (y_true[:, axis] == 0)
        rest[:, hardest] -= 1
        np.testing.assert_array_equal(np.sort(rest, axis=1), [[0, 0, 0, 0, 1]] * COPIES)
        drawn.append(np.argmax(rest, axis=1))
        for place in unobserved:
            assert abs((drawn[-1] == place).mean() - 1 / 3) < 7 * math.sqrt(2 / 9 / COPIES)
        itself = scores[axis, labels[axis] == 1]
        wanted = wanted + (1 + scores[axis, hardest] - itself) + (1 + scores[axis, drawn[-1]] - itself)
    np.testing.assert_allclose(value, wanted, rtol=1e-5)
    # Of the first unobserved along two axes, both are drawn in a ninth of the rows.
    both = (drawn[0] == 1) & (drawn[1] == 0)
    assert abs(both.mean() - 1 / 9) < 7 * math.sqrt(8 / 81 / COPIES)


def test_the_whole_of_equation_3_and_its_loss(rng):
    """Two triplets of a batch, whose other elements are the only negatives; the second user is the first one's as well."""

    def score(tensor, tag, image, user):
        return sum(tensor[place] * tag[place[0]] * image[place[1]] * user[place[2]] for place in np.ndindex(4, 3, 2))

    layer = ThreeWayTensor(4, 3, 2)
    tags, images, users = (rng.normal(size=(2, size)).astype("float32") for size in (4, 3, 2))
    queries = layer(tags, images, third=users, toward="each")
    tag_scores, image_scores, user_scores = (
        to_numpy(query) @ one.T for query, one in zip(queries, (tags, images, users), strict=True)
    )
    y_true = np.array([[[1, 0], [1, 0], [1, 0]], [[0, 1], [0, 1], [-1, 1]]])
    y_pred = np.stack([image_scores, tag_scores, user_scores], axis=1)
    tensor = layer.get_weights()[0]
    slowly = np.array(
        [
            [
                [score(tensor, tags[i], images[j], users[i]) for j in range(2)],
                [score(tensor, tags[j], images[i], users[i]) for j in range(2)],
                [score(tensor, tags[i], images[i], users[j]) for j in range(2)],
            ]
            for i in range(2)
        ]
    )
    np.testing.assert_allclose(y_pred, slowly, rtol=1e-4, atol=1e-4)
    wanted = [triplet_tensor(1.0)(*row) for row in zip(y_true.tolist(), slowly.tolist(), strict=True)]
    np.testing.assert_allclose(
        to_numpy(TripletTensorLoss(reduction=None)(y_true, y_pred)), wanted, rtol=1e-4, atol=1e-3
    )


def test_ties_and_large_scores_have_finite_gradients():
    y_true = np.array([[[1, 0, 0]] * 3, [[-1, -1, -1]] * 3])
    for score in (0.0, 1e30):
        loss = TripletTensorLoss(reduction=None)
        value, gradient = value_and_gradient(lambda x, loss=loss: loss(y_true, x), np.full((2, 3, 3), score, "float32"))
        # With all scores equal a hinge costs the margin; beside 1e30 a float32 doesn't hold it.
        np.testing.assert_allclose(value, [6.0 if score == 0 else 0.0, 0.0])
        assert np.isfinite(gradient).all()
        np.testing.assert_allclose(gradient.sum(axis=2), 0, atol=1e-6)


def test_no_rows_are_no_candidates_either():
    nothing = np.zeros((0, 3, 0), "float32")
    assert to_numpy(TripletTensorLoss(reduction=None)(nothing, nothing)).tolist() == []


def test_draws_are_seeded_and_fresh_inside_a_compiled_step(rng):
    y_true, y_pred = many_rows(rng)
    one, same, other = (TripletTensorLoss(seed=seed) for seed in (5, 5, 6))
    values = [[float(loss(y_true, y_pred)) for _ in range(2)] for loss in (one, same, other)]
    assert values[0] == values[1] != values[2]
    assert len(set(values[0])) > 1
    inputs = keras.Input((3, 5))
    model, loss = keras.Model(inputs, keras.layers.Dense(5, kernel_initializer="identity")(inputs)), one
    model.draws = loss.seed_generator
    model.compile(keras.optimizers.SGD(0.0), loss, jit_compile=COMPILED_OR_NOT[-1])
    losses = model.fit(y_pred, y_true, batch_size=COPIES, epochs=3, verbose=0, shuffle=False).history["loss"]
    assert len(set(losses)) > 1


@pytest.mark.parametrize("margin", [-1.0, math.nan, math.inf])
def test_says_what_was_wrong(margin):
    with pytest.raises(ValueError, match=f"`margin` must be non-negative and finite. Received: margin={margin}"):
        TripletTensorLoss(margin=margin)


def test_a_row_has_three_axes():
    with pytest.raises(ValueError, match=r"must have shape \(batch, 3, candidates\). Received: \(4, 2, 5\)"):
        TripletTensorLoss()(np.zeros((4, 2, 5)), np.zeros((4, 2, 5)))
