import keras
import numpy as np
import pytest
from keras import ops

from kerasmm.layers import CharacterLSTM
from tests.apart import drawn_until
from tests.layers.by_loop import lstm_by_loop, maxima_are_clear
from tests.public_class import HALF_PRECISION, assert_close, to_numpy, value_and_gradient

TEXTS = {
    "no padding": [[3, 4, 2, 5, 1], [5, 5, 5, 5, 1], [2, 3, 2, 3, 1], [4, 3, 5, 2, 1]],
    "right": [[3, 4, 2, 5, 1], [5, 1, 0, 0, 0], [1, 0, 0, 0, 0], [4, 3, 5, 1, 0]],
    "left": [[3, 4, 2, 5, 1], [0, 0, 5, 5, 1], [0, 0, 0, 0, 1], [0, 3, 5, 2, 1]],
    "middle": [[3, 0, 2, 0, 1], [5, 0, 0, 0, 1], [0, 3, 0, 3, 0], [4, 3, 0, 2, 1]],
    "one empty": [[3, 4, 1, 0, 0], [0, 0, 0, 0, 0], [2, 3, 2, 3, 1], [0, 0, 5, 1, 0]],
    "one character": [[3], [0], [5], [5]],
}
POOLING = ("last", "mean", "max")
MASK = [[1, 1, 0, 1, 1], [0, 1, 1, 1, 1], [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]]


def layer_with_weights(rng, units=3, characters=6, dimension=4, **arguments):
    layer = CharacterLSTM(units, characters, dimension, **arguments)
    layer.build((None, None))
    layer.set_weights([rng.normal(0, 0.7, weight.shape) for weight in layer.weights])
    return layer


@pytest.mark.parametrize("pooling", POOLING)
@pytest.mark.parametrize("name", TEXTS)
def test_matches_the_equations(rng, name, pooling):
    layer, ids = layer_with_weights(rng, pooling=pooling), np.array(TEXTS[name], "int32")
    np.testing.assert_allclose(to_numpy(layer(ids)), lstm_by_loop(ids, layer.get_weights(), pooling), atol=1e-5)


@pytest.mark.parametrize(
    ("pooling", "mask"), [("last", None), ("last", MASK), ("mean", MASK), ("max", None)],
    ids=["no mask", "mask", "mean, mask", "maximum"],
)  # fmt: skip
@pytest.mark.parametrize("name", [name for name in TEXTS if name != "one character"])
def test_value_and_gradients_are_those_of_keras(rng, name, pooling, mask):
    ids, factors = np.array(TEXTS[name], "int32"), rng.normal(size=(4, 3)).astype("float32")
    present = (ids > 0) if mask is None else (ids > 0) & np.array(mask, bool)
    ours = drawn_until(
        lambda drawn: maxima_are_clear(lstm_by_loop, ids, drawn.get_weights(), present),
        lambda: layer_with_weights(rng, pooling=pooling),
    )
    embedding, lstm = keras.layers.Embedding(6, 4), keras.layers.LSTM(3, return_sequences=True, use_cudnn=False)
    embedding.build()
    lstm.build((4, 5, 4))

    def our_answer(values):
        return ours.stateless_call(values, [], ids, mask=None if mask is None else np.array(mask, bool))[0] * factors

    def their_answer(values):
        seeds = [variable.value for variable in lstm.non_trainable_variables]
        vectors = embedding.stateless_call(values[:1], [], ids)[0]
        states = lstm.stateless_call(values[1:], seeds, vectors, mask=ops.convert_to_tensor(present))[0]
        # Keras repeats the last state where a step is left out, but gives zeros before the first one.
        there = ops.cast(present, "float32")[..., None]
        pooled = {
            "last": states[:, -1],
            "mean": ops.sum(states * there, axis=1) / ops.maximum(ops.sum(there, axis=1), 1.0),
            "max": ops.max(states - 3.0 * (1.0 - there), axis=1),
        }[pooling]
        return ops.where(ops.any(there > 0, axis=1), pooled, 0.0) * factors

    # All weights in one vector: one gradient has them all.
    weights = ours.get_weights()
    shapes, ends = [value.shape for value in weights], np.cumsum([value.size for value in weights])[:-1].tolist()

    def apart(x):
        return [ops.reshape(part, shape) for part, shape in zip(ops.split(x, ends), shapes, strict=True)]

    flat = np.concatenate([value.ravel() for value in weights])
    value, gradient = value_and_gradient(lambda x: our_answer(apart(x)), flat)
    their_value, their_gradient = value_and_gradient(lambda x: their_answer(apart(x)), flat)
    # Keras begins with nothing but gives what it begins with for a text that is all padding, too.
    assert_close(value, their_value, 1e-5, "value")
    parts = zip(np.split(gradient, ends), np.split(their_gradient, ends), strict=True)
    for what, (own, their) in zip(("embeddings", "kernel", "recurrent kernel", "bias"), parts, strict=True):
        assert_close(own, their, 1e-5, f"gradient of {what}")
        assert np.abs(own).max() > 0


def test_starts_as_keras_lstm_does():
    layer = CharacterLSTM(8, characters=50, dimension=30)
    layer.build((None, None))
    embeddings, kernel, recurrent, bias = layer.get_weights()
    for weight, fans in ((embeddings, 80), (kernel, 62)):
        limit = np.sqrt(6 / fans)
        assert 0.9 * limit < np.abs(weight).max() <= limit * 1.0001
    np.testing.assert_allclose(recurrent @ recurrent.T, np.eye(8), atol=1e-5)
    np.testing.assert_array_equal(bias, [0] * 8 + [1] * 8 + [0] * 16)


def test_an_empty_text_is_zeros_and_has_no_gradient(rng):
    layer = layer_with_weights(rng)
    weights = layer.get_weights()
    for ids, mask in ((np.zeros((2, 4), "int32"), None), (np.full((2, 4), 3, "int32"), np.zeros((2, 4), bool))):
        assert not to_numpy(layer(ids, mask=mask)).any()

        def of_embeddings(x, ids=ids, mask=mask):
            return layer.stateless_call([x, *weights[1:]], [], ids, mask=mask)[0]

        value, gradient = value_and_gradient(of_embeddings, weights[0])
        assert not value.any() and not gradient.any()


def test_no_texts_have_no_states(rng):
    assert layer_with_weights(rng)(np.zeros((0, 3), "int32")).shape == (0, 3)


def test_padding_changes_nothing(rng):
    layer, short = layer_with_weights(rng), rng.integers(1, 6, (1, 4)).astype("int32")
    wanted, nothing = to_numpy(layer(short)), np.zeros((1, 2), "int32")
    for parts in ([nothing, short], [short, nothing], [short[:, :1], nothing, short[:, 1:]]):
        np.testing.assert_allclose(to_numpy(layer(np.concatenate(parts, axis=1))), wanted, atol=1e-6)


def test_every_weight_is_regularised_once(rng):
    layer = layer_with_weights(rng, regularizer=keras.regularizers.L2(0.3))
    wanted = 0.3 * sum(float((weight**2).sum()) for weight in layer.get_weights())
    np.testing.assert_allclose(sum(float(loss) for loss in layer.losses), wanted, rtol=1e-5)
    assert not layer_with_weights(rng).losses


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="a graph of TensorFlow")
def test_one_graph_reads_and_learns_from_texts_of_any_length(rng):
    import tensorflow as tf

    layer = layer_with_weights(rng)
    weights = [weight.value for weight in layer.trainable_weights]
    traces = []

    def both(ids):
        with tf.GradientTape() as tape:
            value = layer(ids)
            total = tf.reduce_sum(value)
        return value, tape.gradient(total, weights)

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)])
    def answer(ids):
        traces.append(ids.shape)
        return both(ids)

    for batch, steps in ((2, 3), (5, 9), (1, 1)):
        ids = rng.integers(0, 6, (batch, steps)).astype("int32")
        value, gradients = answer(ids)
        np.testing.assert_allclose(value, lstm_by_loop(ids, layer.get_weights()), atol=1e-5)
        for got, eager in zip(gradients, both(ids)[1], strict=True):
            np.testing.assert_allclose(got, eager, atol=1e-5)
    assert len(traces) == 1


@pytest.mark.parametrize("compute", HALF_PRECISION)
@pytest.mark.parametrize("prefix", ["", "mixed_"])
def test_half_precision_is_near_over_many_steps(rng, prefix, compute):
    """Of very many characters alike, too: their slopes add up in float32."""
    full, ids = layer_with_weights(rng, 8, 6, 4), rng.integers(1, 6, (16, 140)).astype("int32")
    half = CharacterLSTM(8, 6, 4, dtype=prefix + compute)
    half.build((None, None))
    full.set_weights([weight * 0.5 for weight in full.get_weights()])
    half.set_weights(full.get_weights())
    weights = full.get_weights()

    def answers(layer):
        def of_embeddings(x):
            own = [ops.cast(value, layer.variable_dtype) for value in weights[1:]]
            return ops.cast(layer.stateless_call([ops.cast(x, layer.variable_dtype), *own], [], ids)[0], "float32")

        return value_and_gradient(of_embeddings, weights[0])

    value, gradient = answers(half)
    wanted, wanted_gradient = answers(full)
    assert_close(value, wanted, 2 * HALF_PRECISION[compute])
    assert_close(gradient, wanted_gradient, 5 * HALF_PRECISION[compute])


@pytest.mark.parametrize("name", ["units", "characters", "dimension"])
def test_says_what_was_wrong(name):
    arguments = {"units": 2, "characters": 3, "dimension": 4, name: 0}
    with pytest.raises(ValueError, match=f"`{name}` must be positive. Received: {name}=0"):
        CharacterLSTM(**arguments)


def test_says_which_inputs_it_takes():
    with pytest.raises(ValueError, match="expected ndim=2, found ndim=3"):
        CharacterLSTM(2, 3)(np.zeros((2, 3, 4), "int32"))
