"""What the signatures of all papers share."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.systems.signatures import branch, never_empty, unit_rows


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_network_never_sees_an_empty_batch(rows):
    seen = []

    def network(given):
        seen.append({name: value.shape[0] for name, value in given.items()})
        return {"length": tf.strings.length(given["text"]), "mean": tf.reduce_mean(given["image"], axis=(1, 2, 3))}

    texts = tf.constant(["ab", "", "abc"])[:rows]
    found = never_empty(network, {"image": tf.fill((rows, 2, 2, 3), 5.0), "text": texts})
    assert seen == [{"image": max(rows, 1), "text": max(rows, 1)}]
    assert found["length"].numpy().tolist() == [2, 0, 3][:rows] and found["mean"].numpy().tolist() == [5.0] * rows


def test_an_empty_batch_stays_empty_in_a_graph():
    @tf.function(input_signature=[tf.TensorSpec((None, 4, 4, 3))])
    def answer(image):
        return keras.ops.conv(image, np.ones((3, 3, 3, 2), "float32"))

    both = tf.function(
        lambda image: never_empty(lambda given: {"map": answer(given["image"])}, {"image": image}),
        input_signature=[tf.TensorSpec((None, 4, 4, 3))],
    )
    assert both(tf.zeros((0, 4, 4, 3)))["map"].shape == (0, 2, 2, 2)
    assert both(tf.ones((2, 4, 4, 3)))["map"].numpy().tolist() == np.full((2, 2, 2, 2), 27.0).tolist()


def test_rows_have_unit_length_but_for_zeros(rng):
    vectors = rng.normal(size=(6, 4))
    vectors[2] = 0
    found = unit_rows(vectors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [1, 1, 0, 1, 1, 1], rtol=1e-6)
    np.testing.assert_allclose(found[0], vectors[0] / np.linalg.norm(vectors[0]), rtol=1e-6)


def test_a_branch_takes_one_input_and_gives_one_output():
    image, text = keras.Input((2,), name="image"), keras.Input((2,), name="text")
    outputs = {"image": image * 2.0, "both": image + text}
    part = branch(keras.Model({"image": image, "text": text}, outputs), "image")
    assert list(part.input) == ["image"]
    np.testing.assert_array_equal(part({"image": np.ones((1, 2), "float32")})["image"], [[2.0, 2.0]])
