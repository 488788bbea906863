import keras
import pytest
import tensorflow as tf

from kerasmm.serving.signatures import trace, weights_beside
from kerasmm.systems.signatures import Signature

WORDS = tf.TensorSpec((None,), tf.string)


def length(word):
    return {"length": tf.strings.length(word)}


def test_inputs_and_outputs_keep_their_names():
    traced = trace({"serving_default": Signature({"word": WORDS}, length)})["serving_default"]
    assert traced.inputs == {"word": tf.TensorSpec((None,), tf.string, name="word")}
    assert traced.function(word=tf.constant(["a", "bcd"]))["length"].numpy().tolist() == [1, 3]


@pytest.mark.parametrize(
    ("spec", "answer", "message"),
    [
        (tf.TensorSpec((), tf.string), length, "input 'word' must be free"),
        (tf.TensorSpec((4,), tf.string), length, "input 'word' must be free"),
        (WORDS, lambda word: tf.strings.length(word), "must answer a dict"),
        (WORDS, lambda word: {}, "must answer a dict"),
        (WORDS, lambda word: {"n": tf.size(word)}, "output 'n' must be the batch"),
        (WORDS, lambda word: {"all": tf.zeros((7, 2))}, "output 'all' must be the batch"),
        (WORDS, lambda word: {"id_bytes": word}, "must not end in '_bytes'"),
    ],
)
def test_what_a_server_could_not_answer_is_refused(spec, answer, message):
    with pytest.raises(ValueError, match=message):
        trace({"serving_default": Signature({"word": spec}, answer)})


def test_a_default_is_needed():
    with pytest.raises(ValueError, match="serving_default"):
        trace({"other": Signature({"word": WORDS}, length)})


def test_weights_are_those_that_are_read_and_those_of_the_model_once_each():
    dense, unread = keras.layers.Dense(2), keras.layers.Dense(3)
    normal = keras.layers.BatchNormalization()
    x = keras.Input((4,))
    model = keras.Model(x, {"read": normal(dense(x)), "unread": unread(x)})
    services = tf.Module()
    services.own, beside = tf.Variable(2.0), tf.Variable(3.0)
    numbers = tf.TensorSpec((None, 4), tf.float32)

    def answer(numbers):
        return {"y": services.own * beside * normal(dense(numbers), training=False)}

    traced = trace({name: Signature({"numbers": numbers}, answer) for name in ("serving_default", "b")})
    captured = weights_beside(services, traced, model)
    assert sorted(map(id, captured)) == sorted([id(beside), *(id(v.value) for v in model.variables)])
    assert all(isinstance(v, tf.Variable) for v in captured)
