import functools

import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.layers import ThreeWayTensor
from tests.public_class import compiled_value_and_gradient, to_numpy, value_and_gradient

SIZES = {"tag": 4, "image": 3, "user": 2}
TOWARD = {"tag": ("image", "user"), "image": ("tag", "user"), "user": ("tag", "image")}


def score(tensor, tag, image, user):
    """Equation 3, one number at a time."""
    total = 0.0
    for d in range(len(tag)):
        for f in range(len(image)):
            for e in range(len(user)):
                total += float(tensor[d, f, e]) * float(tag[d]) * float(image[f]) * float(user[e])
    return total


def query(tensor, toward, **given):
    """What equation 3 gives for each unit vector in the place of the third."""
    return [
        [score(tensor, **{name: one[row] for name, one in given.items()}, **{toward: unit}) for unit in np.eye(size)]
        for size in [SIZES[toward]]
        for row in range(len(next(iter(given.values()))))
    ]


def drawn(rng, rows=5):
    return {name: rng.normal(size=(rows, size)).astype("float32") for name, size in SIZES.items()}


@pytest.mark.parametrize("toward", TOWARD)
def test_is_equation_3_in_each_direction(rng, toward):
    layer, given = ThreeWayTensor(**SIZES), drawn(rng)
    two = {name: given[name] for name in TOWARD[toward]}
    answer = to_numpy(layer(*two.values(), toward=toward))
    (tensor,) = layer.get_weights()
    np.testing.assert_allclose(answer, query(tensor, toward, **two), atol=1e-5)
    scores = [score(tensor, **{name: one[row] for name, one in given.items()}) for row in range(5)]
    np.testing.assert_allclose((answer * given[toward]).sum(axis=1), scores, atol=1e-4)


@pytest.mark.parametrize("toward", TOWARD)
def test_gradients_of_tensor_and_inputs_compiled_and_not(rng, toward):
    """The sum of q · t, with any t, is the sum of equation 3, which is linear in each of the four."""
    layer, given = ThreeWayTensor(**SIZES), drawn(rng)
    layer.build()
    tensor, third = rng.normal(size=(4, 3, 2)).astype("float32"), given[toward]
    first, second = (given[name] for name in TOWARD[toward])

    def scores(tensor, first, second):
        # Compiled by TensorFlow, no size of a tensor is known; that of a weight is.
        return layer.stateless_call([ops.reshape(tensor, (4, 3, 2))], [], first, second, toward=toward)[0] * third

    of_tensor = np.einsum("nd,nf,ne->dfe", *(given[name] for name in SIZES))
    others = [
        query(tensor, name, **{other: given[other] for other in SIZES if other != name}) for name in TOWARD[toward]
    ]
    for place, wanted in enumerate([of_tensor, *others]):
        given_here = [tensor, first, second]
        x = given_here.pop(place)

        def function(x, *rest, place=place):
            rest = list(rest)
            rest.insert(place, x)
            return scores(*rest)

        for value, gradient in (
            value_and_gradient(lambda x, rest=given_here, f=function: f(x, *rest), x),
            compiled_value_and_gradient(function, x, *given_here),
        ):
            np.testing.assert_allclose(gradient, wanted, rtol=1e-4, atol=1e-4)
            np.testing.assert_allclose(
                value, query(tensor, toward, **{n: given[n] for n in TOWARD[toward]}) * third, atol=1e-4
            )


def test_all_three_at_once(rng):
    layer, given = ThreeWayTensor(**SIZES), drawn(rng)
    at_once = layer(given["tag"], given["image"], third=given["user"], toward="each")
    for toward, answer in zip(TOWARD, at_once, strict=True):
        alone = layer(*(given[name] for name in TOWARD[toward]), toward=toward)
        np.testing.assert_allclose(to_numpy(answer), to_numpy(alone), atol=1e-5)
    inputs = {name: keras.Input((size,), name=name) for name, size in SIZES.items()}
    outputs = layer(inputs["tag"], inputs["image"], third=inputs["user"], toward="each")
    assert [output.shape for output in outputs] == [(None, size) for size in SIZES.values()]
    for got, wanted in zip(keras.Model(inputs, outputs)(given), at_once, strict=True):
        np.testing.assert_allclose(to_numpy(got), to_numpy(wanted), atol=1e-5)


@pytest.mark.parametrize("toward", TOWARD)
def test_a_single_row_goes_with_every_row_and_no_rows_give_none(rng, toward):
    layer, given = ThreeWayTensor(**SIZES), drawn(rng)
    first, second = (given[name] for name in TOWARD[toward])
    call = functools.partial(layer, toward=toward)
    for one, two in ((first[:1], second), (first, second[:1])):
        repeated = [np.repeat(each, 5, axis=0) if len(each) == 1 else each for each in (one, two)]
        np.testing.assert_allclose(to_numpy(call(one, two)), to_numpy(call(*repeated)), atol=1e-5)
        symbolic = [keras.Input(batch_shape=(1 if len(each) == 1 else None, each.shape[1])) for each in (one, two)]
        assert call(*symbolic).shape == (None, SIZES[toward])
    assert call(first[:0], second[:0]).shape == (0, SIZES[toward])
    assert call(first[:1], second[:0]).shape == (0, SIZES[toward])


def test_glorots_fans_are_those_of_a_query_toward_a_tag():
    layer = ThreeWayTensor(60, 30, 20)
    layer.build()
    (tensor,) = layer.get_weights()
    limit = np.sqrt(6 / (30 * 20 + 60))
    # The largest of 36,000 uniform draws is below 0.999 of the limit once in 10¹⁵.
    assert 0.999 * limit < np.abs(tensor).max() <= 1.0001 * limit


def test_the_tensor_is_regularised(rng):
    layer, given = ThreeWayTensor(**SIZES, regularizer=keras.regularizers.L2(0.3)), drawn(rng)
    layer(given["image"], given["user"])
    np.testing.assert_allclose(float(sum(layer.losses)), 0.3 * float((layer.get_weights()[0] ** 2).sum()), rtol=1e-5)


def test_says_what_was_wrong(rng):
    with pytest.raises(ValueError, match="`image` must be positive. Received: image=0"):
        ThreeWayTensor(4, 0, 2)
    layer, given = ThreeWayTensor(**SIZES), drawn(rng)
    with pytest.raises(ValueError, match="`toward` must be one of .*. Received: toward='tags'"):
        layer(given["image"], given["user"], toward="tags")
    with pytest.raises(ValueError, match=r"`image` must have shape \(batch, 3\). Received: shape=\(5, 4\)"):
        layer(given["tag"], given["user"], toward="tag")
    with pytest.raises(ValueError, match="toward='each' takes tag, image, user. Received: 2 inputs"):
        layer(given["tag"], given["image"], toward="each")
    with pytest.raises(ValueError, match="toward='tag' takes image, user. Received: 3 inputs"):
        layer(given["image"], given["user"], third=given["tag"])
