import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.layers import PooledGRU
from tests.apart import drawn_until
from tests.layers.by_loop import gru_by_loop, maxima_are_clear
from tests.public_class import HALF_PRECISION, assert_close, to_numpy, value_and_gradient

MASKS = {
    "none": None,
    "right": [[1, 1, 1, 1, 1], [1, 1, 1, 0, 0], [1, 0, 0, 0, 0], [1, 1, 1, 1, 0]],
    "left": [[1, 1, 1, 1, 1], [0, 0, 1, 1, 1], [0, 0, 0, 0, 1], [0, 1, 1, 1, 1]],
    "middle": [[1, 0, 1, 0, 1], [1, 0, 0, 0, 1], [0, 1, 0, 1, 0], [1, 1, 0, 1, 1]],
    "one row empty": [[1, 1, 0, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1], [0, 0, 1, 0, 0]],
}


def layer_with_weights(rng, units, size, **arguments):
    layer = PooledGRU(units, **arguments)
    layer.build((None, None, size))
    layer.set_weights([rng.normal(0, 0.7, weight.shape) for weight in layer.weights])
    return layer


def booleans(name):
    return None if MASKS[name] is None else np.array(MASKS[name], bool)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_matches_the_equations(rng, pooling, mask):
    layer, inputs = layer_with_weights(rng, 3, 2, pooling=pooling), rng.normal(size=(4, 5, 2)).astype("float32")
    wanted = gru_by_loop(inputs, layer.get_weights(), pooling, booleans(mask))
    np.testing.assert_allclose(to_numpy(layer(inputs, mask=booleans(mask))), wanted, atol=1e-5)


def pooled(states, pooling, present):
    """The states of Keras' GRU, pooled; it repeats the state where a step is left out."""
    if pooling == "last":
        return states[:, -1]
    there = ops.convert_to_tensor((np.ones(states.shape[:2]) if present is None else present).astype("float32"))[
        ..., None
    ]
    if pooling == "mean":
        return ops.sum(states * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0)
    highest = ops.max(ops.where(there > 0, states, -np.inf), axis=1)
    return ops.where(ops.any(there > 0, axis=1), highest, 0.0)


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_value_and_gradients_are_those_of_keras(rng, pooling, mask):
    present, factors = booleans(mask), rng.normal(size=(4, 3)).astype("float32")
    inputs, ours = drawn_until(
        lambda drawn: maxima_are_clear(gru_by_loop, drawn[0], drawn[1].get_weights(), present),
        lambda: (rng.normal(size=(4, 5, 2)).astype("float32"), layer_with_weights(rng, 3, 2, pooling=pooling)),
    )
    keras_own = keras.layers.GRU(3, reset_after=True, return_sequences=True, use_cudnn=False)
    keras_own.build((4, 5, 2))
    keras_own.set_weights(ours.get_weights())

    def our_answer(values):
        return ours.stateless_call(values[1:], [], values[0], mask=present)[0] * factors

    def their_answer(values):
        seeds = [variable.value for variable in keras_own.non_trainable_variables]
        mask = None if present is None else ops.convert_to_tensor(present)
        return pooled(keras_own.stateless_call(values[1:], seeds, values[0], mask=mask)[0], pooling, present) * factors

    # Inputs and weights in one vector: one gradient has them all.
    given = [inputs, *ours.get_weights()]
    shapes, ends = [value.shape for value in given], np.cumsum([value.size for value in given])[:-1].tolist()

    def apart(x):
        return [ops.reshape(part, shape) for part, shape in zip(ops.split(x, ends), shapes, strict=True)]

    flat = np.concatenate([value.ravel() for value in given])
    value, gradient = value_and_gradient(lambda x: our_answer(apart(x)), flat)
    their_value, their_gradient = value_and_gradient(lambda x: their_answer(apart(x)), flat)
    assert_close(value, their_value, 1e-5, "value")
    names = ("inputs", "kernel", "recurrent kernel", "bias")
    for name, own, their in zip(names, np.split(gradient, ends), np.split(their_gradient, ends), strict=True):
        assert_close(own, their, 1e-5, f"gradient of {name}")
        assert np.abs(own).max() > 0


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_a_sequence_without_steps_is_zeros_and_has_no_gradient(rng, pooling):
    layer, nothing = layer_with_weights(rng, 3, 2, pooling=pooling), np.zeros((2, 4), bool)
    inputs = np.full((2, 4, 2), np.nan, "float32")
    value, gradient = value_and_gradient(lambda x: layer(x, mask=nothing), inputs)
    assert not value.any()
    assert not gradient.any()


@pytest.mark.parametrize("pooling", ["last", "mean", "max"])
def test_one_step_is_its_only_state(rng, pooling):
    layer, inputs = layer_with_weights(rng, 3, 2, pooling=pooling), rng.normal(size=(4, 1, 2)).astype("float32")
    wanted = gru_by_loop(inputs, layer.get_weights())
    np.testing.assert_allclose(to_numpy(layer(inputs)), wanted, atol=1e-5)
    left_out = layer(inputs, mask=np.array([[True], [False], [True], [False]]))
    np.testing.assert_allclose(to_numpy(left_out), wanted * [[1], [0], [1], [0]], atol=1e-5)


def test_padding_changes_nothing(rng):
    """Wherever it stands, and whatever the masked steps hold."""
    layer, short = layer_with_weights(rng, 4, 3), rng.normal(size=(1, 4, 3)).astype("float32")
    wanted, junk = to_numpy(layer(short)), np.full((1, 2, 3), 1e30, "float32")
    for parts in ([junk, short], [short, junk], [short[:, :1], junk, short[:, 1:]]):
        present = np.concatenate([np.full(part.shape[:2], part is not junk) for part in parts], axis=1)
        np.testing.assert_allclose(to_numpy(layer(np.concatenate(parts, axis=1), mask=present)), wanted, atol=1e-6)


def test_the_mask_that_keras_carries_is_heeded(rng):
    layer, ids = layer_with_weights(rng, 3, 2), np.array([[3, 1, 0, 0], [2, 2, 1, 3]])
    words = keras.layers.Embedding(4, 2, mask_zero=True)
    wanted = gru_by_loop(to_numpy(words(ids)), layer.get_weights(), present=ids > 0)
    np.testing.assert_allclose(to_numpy(layer(words(ids))), wanted, atol=1e-5)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a graph of TensorFlow")
def test_one_graph_reads_and_learns_from_sequences_of_any_length(rng):
    import tensorflow as tf

    layer = layer_with_weights(rng, 3, 2)
    traces = []

    @tf.function(input_signature=[tf.TensorSpec((None, None, 2)), tf.TensorSpec((None, None), tf.bool)])
    def answer(inputs, mask):
        traces.append(inputs.shape)
        with tf.GradientTape() as tape:
            value = layer(inputs, mask=mask)
            total = tf.reduce_sum(value)
        return value, tape.gradient(total, [weight.value for weight in layer.trainable_weights])

    for batch, steps in ((2, 3), (5, 9), (1, 1)):
        inputs, mask = rng.normal(size=(batch, steps, 2)).astype("float32"), rng.random((batch, steps)) < 0.7
        value, gradients = answer(inputs, mask)
        wanted = gru_by_loop(inputs, layer.get_weights(), present=mask)
        np.testing.assert_allclose(value, wanted, atol=1e-5)
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(layer(inputs, mask=mask))
        for got, eager in zip(
            gradients, tape.gradient(total, [weight.value for weight in layer.trainable_weights]), strict=True
        ):
            np.testing.assert_allclose(got, eager, atol=1e-5)
    assert len(traces) == 1


@pytest.mark.parametrize("compute", HALF_PRECISION)
@pytest.mark.parametrize("prefix", ["", "mixed_"])
def test_half_precision_is_near_over_many_steps(rng, prefix, compute):
    inputs, present = rng.normal(size=(3, 40, 4)).astype("float32"), rng.random((3, 40)) < 0.8
    full = PooledGRU(8)
    wanted, wanted_gradient = value_and_gradient(lambda x: full(x, mask=present), inputs)
    half = PooledGRU(8, dtype=prefix + compute)
    half.build(inputs.shape)
    half.set_weights(full.get_weights())
    value, gradient = value_and_gradient(lambda x: half(x, mask=present), inputs)
    # A step rounds its state's product, and the last steps matter most: a few roundings, not forty.
    assert_close(value, wanted, 3 * HALF_PRECISION[compute])
    assert_close(gradient, wanted_gradient, 5 * HALF_PRECISION[compute])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"units": 0}, "`units` must be positive. Received: units=0"),
        ({"units": 2, "pooling": "first"}, "`pooling` must be one of .*'last', 'mean', 'max'.*pooling='first'"),
    ],
)
def test_says_what_was_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        PooledGRU(**arguments)


def test_says_which_inputs_it_takes():
    with pytest.raises(ValueError, match="expected ndim=3, found ndim=2"):
        PooledGRU(2)(np.zeros((2, 3), "float32"))
    with pytest.raises(ValueError, match="The last axis of `inputs` must be known"):
        PooledGRU(2).build((None, 4, None))
    layer = PooledGRU(2)
    layer.build((None, None, 3))
    with pytest.raises(ValueError, match="expected axis -1 of input shape to have value 3"):
        layer(np.zeros((2, 4, 5), "float32"))
