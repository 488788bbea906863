import pytest
import tensorflow as tf

from kerasmm.serving.examples import example_inputs, example_sentence


@pytest.mark.parametrize(
    ("vocabularies", "want"),
    [
        ({"tags": ["sea"], "words": ["<unknown>", ".", "a", "in", "hündin", "und", "the"]}, "a in hündin und"),
        ({"tags": ["sea", "sky"]}, "sea sky"),
        ({"tags": ["#1", "sci-fi"], "labels": ["Warm"]}, "Warm"),
        ({"words": [], "tags": []}, "word"),
        ({}, "word"),
    ],
)
def test_a_sentence_is_made_of_words(vocabularies, want):
    assert example_sentence(vocabularies) == want


def test_inputs_by_name():
    text, number = tf.TensorSpec((None,), tf.string), tf.TensorSpec((None,), tf.int32)
    tags = tf.TensorSpec((None, None), tf.string)
    inputs = {"text": text, "image": text, "k": number, "tags": tags, "word": text}
    found = example_inputs(inputs, {"words": ["a", "dog"], "tags": ["sea"]})
    assert found["text"].tolist() == [b"a dog"] and found["tags"].tolist() == [[b"sea"]]
    assert found["word"].tolist() == [b"a"] and found["k"].tolist() == [5]
    assert tf.io.decode_image(found["image"][0]).shape == (48, 64, 3)
