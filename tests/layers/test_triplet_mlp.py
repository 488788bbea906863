import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.layers import TripletMLP
from tests.apart import drawn_until
from tests.layers.by_loop import mlp_by_loop, of_mean_square_one, units_are_clear
from tests.public_class import compiled_value_and_gradient, finite_differences, to_numpy

SIZES = {"image": 3, "tag": 4, "user": 2}
ROWS, CANDIDATES = 2, 3


def drawn(rng, across):
    """Two rows of two of the three, three candidates of the third."""
    return {
        name: rng.normal(size=(CANDIDATES if name == across else ROWS, size)).astype("float32")
        for name, size in SIZES.items()
    }


def layer_with_weights(rng, units=(5, 4), normalised=False):
    layer = TripletMLP(units, normalised)
    layer.build(*((None, size) for size in SIZES.values()))
    layer.set_weights([rng.normal(0, 0.7, weight.shape) for weight in layer.weights])
    return layer


def scores_by_loop(weights, across, given):
    """Of every row and candidate, through the concatenation."""
    return np.array(
        [
            [
                mlp_by_loop(weights, **{n: x[candidate if n == across else row] for n, x in given.items()})[-1][0]
                for candidate in range(CANDIDATES)
            ]
            for row in range(ROWS)
        ]
    )


@pytest.mark.parametrize("across", ["tag", "image", "user"])
@pytest.mark.parametrize("units", [(5,), (5, 4)])
def test_is_the_mlp_of_the_concatenation(rng, across, units):
    layer, given = layer_with_weights(rng, units), drawn(rng, across)
    wanted = scores_by_loop(layer.get_weights(), across, given)
    np.testing.assert_allclose(to_numpy(layer(*given.values(), across=across)), wanted, rtol=1e-4, atol=1e-4)
    symbolic = layer(*(keras.Input((size,)) for size in SIZES.values()), across=across)
    assert symbolic.shape == (None, None)


@pytest.mark.parametrize("across", ["tag", "image", "user"])
def test_normalised_embeddings_have_a_mean_square_of_one_first(rng, across):
    layer, given = layer_with_weights(rng, normalised=True), drawn(rng, across)
    given["user"] *= 0.01
    given["image"][0] = 0
    same = {name: np.array([of_mean_square_one(row) for row in rows]) for name, rows in given.items()}
    wanted = scores_by_loop(layer.get_weights(), across, same)
    np.testing.assert_allclose(to_numpy(layer(*given.values(), across=across)), wanted, rtol=1e-4, atol=1e-4)


def test_gradients_of_what_meets_many(rng):
    """By all weights at once, by small steps of the loop, compiled: each tag meets every row, each row every tag."""

    def clear(both):
        (images, tags, users), weights = both[1].values(), both[0].get_weights()
        return all(units_are_clear(weights, image[None], tags, users[row][None]) for row, image in enumerate(images))

    layer, given = drawn_until(clear, lambda: (layer_with_weights(rng), drawn(rng, "tag")))
    factors, weights = rng.normal(size=(ROWS, CANDIDATES)).astype("float32"), layer.get_weights()
    ends = np.cumsum([weight.size for weight in weights])[:-1]

    def apart(x, split, reshape):
        return [reshape(part, weight.shape) for part, weight in zip(split(x, ends.tolist()), weights, strict=True)]

    def ours(x):
        flat = ops.reshape(x, (sum(weight.size for weight in weights),))
        return layer.stateless_call(apart(flat, ops.split, ops.reshape), [], *given.values())[0] * factors

    flat = np.concatenate([weight.ravel() for weight in weights])
    value, gradient = compiled_value_and_gradient(ours, flat)
    np.testing.assert_allclose(value, scores_by_loop(weights, "tag", given) * factors, rtol=1e-4, atol=1e-4)
    wanted = finite_differences(lambda x: scores_by_loop(apart(x, np.split, np.reshape), "tag", given) * factors, flat)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-3)


def test_a_single_image_goes_with_every_user_and_no_rows_give_none(rng):
    layer, given = layer_with_weights(rng), drawn(rng, "tag")
    image, tag, user = given.values()
    repeated = layer(np.repeat(image[:1], ROWS, axis=0), tag, user)
    np.testing.assert_allclose(to_numpy(layer(image[:1], tag, user)), to_numpy(repeated), atol=1e-5)
    assert layer(image[:0], tag, user[:0]).shape == (0, CANDIDATES)
    assert layer(image, tag[:0], user).shape == (ROWS, 0)


def test_says_what_was_wrong(rng):
    for units in ((), (4, 0)):
        with pytest.raises(ValueError, match="`units` must be positive, at least one. Received: units="):
            TripletMLP(units)
    with pytest.raises(ValueError, match="`across` must be one of .*. Received: across='tags'"):
        layer_with_weights(rng)(*drawn(rng, "tag").values(), across="tags")
    with pytest.raises(ValueError, match="The last axis of `tag` must be known. Received: shape=.None, None."):
        TripletMLP().build((None, 4), (None, None), (None, 2))
