import math

import keras
import numpy as np
import pytest

from kerasmm.layers import LocallyFullyConnected, VisualTextualAttention
from tests.public_class import finite_differences, to_numpy, value_and_gradient


def lfc_by_loop(inputs, kernel, bias, activation=lambda x: x):
    """A dense layer per word, one number at a time."""
    batch, words, size = inputs.shape
    units = bias.shape[1]
    outputs = np.zeros((batch, words, units))
    for i in range(batch):
        for k in range(words):
            for u in range(units):
                total = sum(inputs[i, k, m] * kernel[k, m, u] for m in range(size))
                outputs[i, k, u] = activation(total + bias[k, u])
    return outputs


def layer_with_weights(rng, shape, units, **arguments):
    layer = LocallyFullyConnected(units, **arguments)
    layer.build(shape)
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer, layer.get_weights()


@pytest.mark.parametrize("words", [1, 5])
def test_matches_a_dense_layer_for_each_word(rng, words):
    inputs = rng.normal(size=(3, words, 4)).astype("float32")
    layer, weights = layer_with_weights(rng, inputs.shape, 2, activation="sigmoid")
    wanted = lfc_by_loop(inputs, *weights, activation=lambda x: 1 / (1 + math.exp(-x)))
    np.testing.assert_allclose(to_numpy(layer(inputs)), wanted, rtol=1e-4, atol=1e-5)


def test_without_bias(rng):
    inputs = rng.normal(size=(3, 5, 4)).astype("float32")
    layer, (kernel,) = layer_with_weights(rng, inputs.shape, 2, use_bias=False)
    np.testing.assert_allclose(
        to_numpy(layer(inputs)), lfc_by_loop(inputs, kernel, np.zeros((5, 2))), rtol=1e-4, atol=1e-5
    )


def test_gradient_matches_finite_differences(rng):
    inputs, factors = rng.normal(size=(2, 3, 4)).astype("float32"), rng.normal(size=(2, 3, 2)).astype("float32")
    layer, weights = layer_with_weights(rng, inputs.shape, 2, activation="tanh")
    _, gradient = value_and_gradient(lambda x: layer(x) * factors, inputs)
    wanted = finite_differences(lambda x: lfc_by_loop(x, *weights, activation=math.tanh) * factors, inputs)
    np.testing.assert_allclose(gradient, wanted, rtol=1e-3, atol=1e-4)


def test_words_first_only_moves_the_words(rng):
    inputs = rng.normal(size=(3, 5, 4)).astype("float32")
    layer, weights = layer_with_weights(rng, inputs.shape, 2, activation="relu")
    moved, _ = layer_with_weights(rng, (5, 3, 4), 2, activation="relu", words_first=True)
    moved.set_weights(weights)
    got = to_numpy(moved(inputs.transpose(1, 0, 2))).transpose(1, 0, 2)
    np.testing.assert_allclose(got, to_numpy(layer(inputs)), rtol=1e-6, atol=1e-5)


def test_words_share_nothing(rng):
    inputs = rng.normal(size=(3, 5, 4)).astype("float32")
    layer, _ = layer_with_weights(rng, inputs.shape, 2)
    changed = inputs.copy()
    changed[:, 2] = rng.normal(size=(3, 4))
    differ = (to_numpy(layer(inputs)) != to_numpy(layer(changed))).any(axis=(0, 2))
    np.testing.assert_array_equal(differ, [False, False, True, False, False])


@pytest.mark.parametrize("words", [1, 200])
def test_glorot_limits_are_those_of_one_word(words):
    """Glorot and Bengio (2010): uniform in ±√(6 / (in + out)), whatever the number of words."""
    layer = LocallyFullyConnected(50)
    layer.build((None, words, 70))
    kernel, limit = layer.get_weights()[0], math.sqrt(6 / 120)
    assert 0.98 * limit < np.abs(kernel).max() <= limit * 1.0001
    assert kernel.std() == pytest.approx(limit / math.sqrt(3), rel=0.05)
    assert not layer.get_weights()[1].any()


def test_he_variance_is_that_of_one_word_and_words_differ():
    """He et al. (2015): variance 2 / in. A seed must not give every word the same weights."""
    layer = LocallyFullyConnected(50, kernel_initializer=keras.initializers.HeNormal(seed=3))
    layer.build((None, 40, 70))
    kernel = layer.get_weights()[0]
    assert kernel.var() == pytest.approx(2 / 70, rel=0.05)
    assert all(abs(np.corrcoef(kernel[0].ravel(), word.ravel())[0, 1]) < 0.1 for word in kernel[1:])


def test_other_initialisers_are_used_as_they_are():
    layer = LocallyFullyConnected(2, kernel_initializer=keras.initializers.Constant(0.25), bias_initializer="ones")
    layer.build((None, 3, 4))
    assert [np.unique(weight).tolist() for weight in layer.get_weights()] == [[0.25], [1.0]]


def test_a_chain_with_words_first_equals_the_chain_without(rng):
    """Attention and two layers, as the model chains them."""
    regions = rng.normal(size=(4, 6, 3)).astype("float32")

    def chain(words_first):
        layers = [
            VisualTextualAttention(5, words_first=words_first),
            LocallyFullyConnected(4, activation="relu", words_first=words_first),
            LocallyFullyConnected(1, activation="sigmoid", words_first=words_first),
        ]
        x = inputs = keras.Input((6, 3))
        for layer in layers:
            x = layer(x)
        return keras.Model(inputs, x)

    plain, moved = chain(False), chain(True)
    moved.set_weights(plain.get_weights())
    got = to_numpy(moved(regions)).transpose(1, 0, 2)
    np.testing.assert_allclose(got, to_numpy(plain(regions)), rtol=1e-5, atol=1e-6)


def test_says_what_was_wrong(rng):
    with pytest.raises(ValueError, match="`units` must be positive. Received: units=0"):
        LocallyFullyConnected(0)
    with pytest.raises(ValueError, match=r"Axes 1 \(words\) and 2 \(features\) of `inputs` must be known"):
        LocallyFullyConnected(2)(keras.Input((None, 4)))
    with pytest.raises(ValueError, match=r"Axes 0 \(words\)"):
        LocallyFullyConnected(2, words_first=True)(keras.Input((3, 4)))
    layer = LocallyFullyConnected(2)
    with pytest.raises(ValueError, match="expected ndim=3"):
        layer(rng.normal(size=(3, 4)))
    layer(rng.normal(size=(2, 3, 4)))
    with pytest.raises(ValueError, match="expected axis 1 of input shape to have value 3"):
        layer(rng.normal(size=(2, 5, 4)))
