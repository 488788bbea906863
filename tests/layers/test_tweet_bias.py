import keras
import numpy as np
import pytest

from kerasmm.layers import TweetBias
from tests.public_class import to_numpy


def by_loop(image, text, image_kernel, text_kernel):
    """Equation 1, one number at a time."""
    dimension = image_kernel.shape[1]
    return [
        [
            sum(float(image_kernel[k, j]) * float(i[k]) for k in range(len(i)))
            + sum(float(text_kernel[k, j]) * float(t[k]) for k in range(len(t)))
            for j in range(dimension)
        ]
        for i, t in zip(image, text, strict=True)
    ]


def inputs_of(rng, batch=4):
    return rng.normal(size=(batch, 5)).astype("float32"), rng.normal(size=(batch, 3)).astype("float32")


def test_is_the_first_equation(rng):
    layer, (image, text) = TweetBias(2), inputs_of(rng)
    answer = to_numpy(layer(image, text))
    assert [tuple(weight.shape) for weight in layer.weights] == [(5, 2), (3, 2)]
    np.testing.assert_allclose(answer, by_loop(image, text, *layer.get_weights()), atol=1e-5)


def test_the_terms_apart_add_up(rng):
    layer, (image, text) = TweetBias(2), inputs_of(rng)
    whole = to_numpy(layer(image, text))
    of_image, of_text = layer(image, np.zeros((1, 3), "float32")), layer(np.zeros((1, 5), "float32"), text)
    np.testing.assert_allclose(to_numpy(of_image), by_loop(image, text * 0, *layer.get_weights()), atol=1e-5)
    np.testing.assert_allclose(to_numpy(of_image) + to_numpy(of_text), whole, atol=1e-5)


def test_a_single_row_goes_with_every_row_of_the_other(rng):
    image, text = inputs_of(rng)
    for given in ((image, text[:1]), (image[:1], text)):
        layer = TweetBias(2)
        symbolic = layer(
            *(keras.Input(batch_shape=(len(one) if len(one) == 1 else None, one.shape[1])) for one in given)
        )
        assert symbolic.shape == (None, 2)
        rows = [np.repeat(one, 4, axis=0) if len(one) == 1 else one for one in given]
        np.testing.assert_allclose(to_numpy(layer(*given)), by_loop(*rows, *layer.get_weights()), atol=1e-5)


def test_no_rows(rng):
    assert TweetBias(2)(*inputs_of(rng, 0)).shape == (0, 2)


def test_kernels_of_one_shape_start_differently():
    for initializer in ("glorot_uniform", keras.initializers.GlorotUniform()):
        layer = TweetBias(4, initializer)
        layer.build((None, 6), (None, 6))
        image_kernel, text_kernel = layer.get_weights()
        assert np.abs(image_kernel - text_kernel).max() > 0.01
        # Glorot's limits of each, not of both together.
        assert 0.5 * np.sqrt(6 / 10) < np.abs(image_kernel).max() <= np.sqrt(6 / 10) * 1.0001


def test_both_kernels_are_regularised(rng):
    layer = TweetBias(2, regularizer=keras.regularizers.L2(0.3))
    layer(*inputs_of(rng))
    wanted = 0.3 * sum(float((weight**2).sum()) for weight in layer.get_weights())
    np.testing.assert_allclose(sum(float(loss) for loss in layer.losses), wanted, rtol=1e-5)


def test_says_what_was_wrong():
    with pytest.raises(ValueError, match="`dimension` must be positive. Received: dimension=0"):
        TweetBias(0)
    with pytest.raises(ValueError, match="The last axis of `text` must be known. Received: shape=.None, None."):
        TweetBias(2).build((None, 4), (None, None))
