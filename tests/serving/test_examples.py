import tensorflow as tf

from kerasmm.serving.examples import example_inputs


def test_inputs_by_name():
    text, number = tf.TensorSpec((None,), tf.string), tf.TensorSpec((None,), tf.int32)
    tags = tf.TensorSpec((None, None), tf.string)
    inputs = {"text": text, "image": text, "k": number, "tags": tags, "word": text}
    found = example_inputs(inputs, {"words": ["a", "dog"], "tags": ["sea"]})
    assert found["text"].tolist() == [b"a dog"] and found["tags"].tolist() == [[b"sea"]]
    assert found["word"].tolist() == [b"sea"] and found["k"].tolist() == [5]
    assert tf.io.decode_image(found["image"][0]).shape == (48, 64, 3)


def test_inputs_of_other_names_get_the_first_word_of_their_vocabulary_or_one():
    inputs = {
        "connotations": tf.TensorSpec((None,), tf.string),
        "motto": tf.TensorSpec((None, None), tf.string),
        "temperature": tf.TensorSpec((None, 2), tf.float32),
    }
    found = example_inputs(inputs, {"tags": ["sea"], "connotations": ["calm", "wild"]})
    assert found["connotations"].tolist() == [b"calm"] and found["motto"].tolist() == [[b"sea"]]
    assert found["temperature"].tolist() == [[1.0, 1.0]]
