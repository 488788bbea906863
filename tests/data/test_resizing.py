"""Resizing by name against Keras' own layer, which presets of keras-hub have."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.data.resizing import KERNELS, RESIZE, is_resize, resized


@pytest.mark.parametrize("antialias", [False, True])
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("shape", ["squash", "cut"])
def test_as_keras_does_it(shape, kernel, antialias, rng):
    name = " ".join(["keras", shape, kernel, *(["antialias"] if antialias else [])])
    assert is_resize(name)
    for _ in range(3):
        # Contrasts, beyond which some kernels swing.
        picture = rng.choice(np.array([0, 255], "uint8"), (*rng.integers(1, 70, 2), 3))
        size = tuple(rng.integers(1, 40, 2).tolist())
        layer = keras.layers.Resizing(
            *size, interpolation=kernel, antialias=antialias, crop_to_aspect_ratio=shape == "cut"
        )
        found = resized(picture, size, name)
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, np.asarray(layer(picture)).astype("float32"))


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Squash",
        "keras",
        "keras cut",
        "bicubic",
        "keras crop bicubic",
        "keras cut cubic",
        "keras cut bicubic x",
        "squash crop",
    ],
)
def test_other_names_are_none(name):
    assert not is_resize(name) and all(is_resize(own) for own in RESIZE)


def test_names_are_read_by_autograph():
    """What it can't transform it warns of, in every build."""
    assert "is_resize" in tf.autograph.to_code(is_resize)
