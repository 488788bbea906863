from __future__ import annotations

import subprocess
import sys

import keras
import numpy as np
import pytest

from kerasmm.encoders import image_encoder


def test_shape():
    encoder = image_encoder("small")
    assert (encoder.spec, encoder.image_size, encoder.resize) == ("small", (64, 64), "squash")
    assert (encoder.feature_shape, encoder.grid) == ((64, 64), (8, 8))


def test_a_region_sees_its_place_and_8_pixels_around(rng):
    """A trained network stands still; a changed pixel reaches exactly the regions that the kernels and strides say."""
    model = image_encoder("small").model
    for layer in model.get_layer("small").layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            # All units awake, so that what can be reached is reached.
            layer.beta.assign(np.full(layer.beta.shape, 5.0))
    # Whole numbers, changed by about half of what there is: no pixel stays nearly what it was.
    pixels = np.floor(rng.uniform(0, 256, (64, 64, 3))).astype("float32")
    rows = [0, 7, 8, 15, 16, 23, 24, 32, 40, 63]
    changed = np.repeat(pixels[None], len(rows) + 1, axis=0)
    for number, row in enumerate(rows):
        changed[number, row, 32] = (changed[number, row, 32] + 128) % 256
    # One at a time: within a batch the same picture may be summed in another order, to another last bit.
    maps = np.concatenate([np.asarray(model(one[None], training=False)) for one in changed]).reshape(-1, 8, 8, 64)
    for number, row in enumerate(rows):
        moved = (maps[number] != maps[-1]).any(axis=-1)
        reach = {region for region in range(8) if 8 * region - 8 <= row < 8 * region + 16}
        assert set(np.flatnonzero(moved.any(axis=1))) == reach, f"row {row}"
        assert set(np.flatnonzero(moved.any(axis=0))) == {3, 4, 5}


def test_learns_where_something_is(rng):
    """Squares of two colours on noise; a classifier on each region must find and name them, from scratch."""
    count = 256
    pixels = rng.normal(128, 30, (count, 64, 64, 3)).clip(0, 255).astype("float32")
    labels = np.zeros((count, 8, 8), "int32")
    for number in range(count):
        for row, column in rng.choice(8, (2, 2)):
            colour = int(rng.integers(2))
            labels[number, row, column] = 1 + colour
            pixels[number, 8 * row : 8 * row + 8, 8 * column : 8 * column + 8] = [(230, 40, 40), (40, 40, 230)][colour]
    encoder = image_encoder("small")
    model = keras.Sequential([encoder.model, keras.layers.Dense(3)])
    model.compile(
        keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    model.fit(pixels[:192], labels[:192].reshape(-1, 64), batch_size=16, epochs=6, verbose=0)
    found = np.argmax(model.predict(pixels[192:], verbose=0), axis=-1).reshape(-1, 8, 8)
    truth = labels[192:]
    assert (found == truth)[truth > 0].mean() > 0.9
    assert (found == truth)[truth == 0].mean() > 0.98


REPLICAS = """
import numpy as np, tensorflow as tf
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
import keras
from kerasmm.encoders import image_encoder

rng = np.random.default_rng({seed})
pixels = rng.uniform(0, 255, (16, 16, 16, 3)).astype("float32")
wanted = rng.normal(size=(16, 4, 64)).astype("float32")
weights = []
for strategy in (tf.distribute.get_strategy(), tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])):
    keras.utils.set_random_seed({seed} % 2**31)
    with strategy.scope():
        model = image_encoder("small", image_size=(16, 16)).model
        model.compile(keras.optimizers.SGD(0.1, momentum=0.9), "mse")
    start = [np.array(weight) for weight in model.weights]
    model.fit(pixels, wanted, batch_size=8, epochs=2, shuffle=False, verbose=0)
    weights.append([np.array(weight) for weight in model.weights])
for before, one, two in zip(start, *weights):
    assert np.abs(one - before).max() > 1e-4
    np.testing.assert_allclose(one, two, atol=1e-5)
"""


def test_one_replica_and_two_give_the_same_weights(seed):
    """The two halves of a batch differ, so statistics of each half alone would give other weights."""
    code = REPLICAS.format(seed=seed)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]


@pytest.mark.parametrize("path", ["whole.weights.h5"])
def test_weights_can_be_kept(path, rng, tmp_path):
    encoder = image_encoder("small")
    encoder.model.get_layer("small").save_weights(tmp_path / path)
    pixels = rng.uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    again = image_encoder("small", weights=tmp_path / path)
    np.testing.assert_array_equal(again.model(pixels, training=False), encoder.model(pixels, training=False))
