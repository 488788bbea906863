from __future__ import annotations

import functools
import hashlib
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.encoders import encoder as encoder_file
from kerasmm.encoders import image_encoder
from kerasmm.encoders.efficientnet_lite import efficientnet_lite0
from kerasmm.encoders.small import small


@pytest.fixture(scope="module", autouse=True)
def built_once():
    """A network of many layers is built once for a size and a policy; weights from a file replace all it has."""

    def once(build):
        built = functools.cache(lambda policy, *arguments, **options: build(*arguments, **options))
        return functools.wraps(build)(
            lambda *arguments, **options: built(keras.config.dtype_policy().name, *arguments, **options)
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder_file, "efficientnet_lite0", once(efficientnet_lite0))
        for name in ("VGG16", "MobileNetV2"):
            patch.setattr(keras.applications, name, once(getattr(keras.applications, name)))
        yield


@pytest.fixture(scope="module")
def other_lite0():
    """A network of random weights that no encoder has."""
    return efficientnet_lite0((32, 32))


# One of our own with weights, one with a swap of channels before it, one trained here.
SPECS = [("efficientnet_lite0@pooled", "imagenet"), ("vgg16@block2_pool", None), ("small", None)]


@pytest.mark.parametrize(("spec", "weights"), SPECS)
def test_direct_saved_and_exported_answer_alike(spec, weights, rng, tmp_path):
    model = image_encoder(spec, weights=weights, image_size=(32, 40)).model
    pixels = rng.uniform(0, 255, (2, 32, 40, 3)).astype("float32")
    direct = np.asarray(model(pixels, training=False))
    assert direct.std() > 0

    model.save(tmp_path / "model.keras")
    revived = keras.saving.load_model(tmp_path / "model.keras", safe_mode=True)
    np.testing.assert_array_equal(revived(pixels, training=False), direct)

    model.export(tmp_path / "exported", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "exported"))
    np.testing.assert_allclose(served.serve(pixels), direct, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("spec", ["small", "small@pooled", "vgg16@block2_pool", "vgg16@pooled", "mobilenetv2"])
def test_features_are_float32_under_every_policy(spec, policy, rng):
    keras.config.set_dtype_policy(policy)
    try:
        encoder = image_encoder(spec, weights=None, image_size=(32, 32))
    finally:
        keras.config.set_dtype_policy("float32")
    features = encoder.model(rng.uniform(0, 255, (2, 32, 32, 3)).astype("float32"), training=False)
    assert features.dtype == encoder.model.output.dtype == "float32"
    assert features.shape == (2, *encoder.feature_shape)
    assert np.isfinite(features).all()


def test_pooled_is_the_mean_of_the_regions(rng, tmp_path):
    keras.applications.VGG16(include_top=False, weights=None).save_weights(tmp_path / "vgg.weights.h5")
    pixels = rng.uniform(0, 255, (2, 64, 64, 3)).astype("float32")
    whole, pooled = (
        image_encoder(spec, weights=tmp_path / "vgg.weights.h5", image_size=(64, 64))
        for spec in ("vgg16", "vgg16@pooled")
    )
    assert (pooled.spec, pooled.feature_shape, pooled.grid) == ("vgg16@pooled", (512,), None)
    expected = np.mean(whole.model(pixels, training=False), axis=1)
    np.testing.assert_allclose(pooled.model(pixels, training=False), expected, rtol=1e-4, atol=1e-6)


def test_fingerprint_covers_every_weight_in_order(tmp_path):
    network = small((32, 32))
    network.save_weights(tmp_path / "first.weights.h5")
    first = image_encoder("small", weights=tmp_path / "first.weights.h5", image_size=(32, 32))
    digest = hashlib.sha256()
    for layer in network.layers:
        for values in layer.get_weights():
            digest.update(str(values.shape).encode() + values.astype("<f4").tobytes())
    assert first.fingerprint == digest.hexdigest()

    norm = network.get_layer("norm3")
    scale, shift, mean, variance = norm.get_weights()
    mean[-1] = np.nextafter(mean[-1], 1, dtype="float32")
    norm.set_weights([scale, shift, mean, variance])
    network.save_weights(tmp_path / "second.weights.h5")
    assert image_encoder("small", weights=tmp_path / "second.weights.h5").fingerprint != first.fingerprint
    assert image_encoder("small").fingerprint == ""


@pytest.mark.parametrize("suffix", [".weights.h5", ".keras", ".h5"])
def test_keras_files_of_weights(suffix, other_lite0, rng, tmp_path):
    network, path = other_lite0, tmp_path / f"own{suffix}"
    network.save_weights(path) if suffix == ".weights.h5" else network.save(path)
    pixels = rng.uniform(0, 255, (1, 32, 32, 3)).astype("float32")
    encoder = image_encoder("efficientnet_lite0@logits", weights=path, image_size=(32, 32))
    np.testing.assert_allclose(encoder.model(pixels, training=False), network(pixels, training=False), atol=1e-6)


def test_wrong_weights(tmp_path):
    small().save_weights(tmp_path / "small.weights.h5")
    whole = (tmp_path / "small.weights.h5").read_bytes()
    (tmp_path / "cut.weights.h5").write_bytes(whole[: len(whole) // 2])
    network = small()
    partly = keras.Model(network.input, network.get_layer("relu2").output)
    partly.save_weights(tmp_path / "partly.weights.h5")
    broken = small()
    broken.get_layer("norm2").gamma.assign(np.full(64, np.nan))
    broken.save_weights(tmp_path / "nan.weights.h5")
    (tmp_path / "junk.keras").write_bytes(b"not a model")
    (tmp_path / "note.txt").write_text("not a model")
    for spec, name, message in [
        ("small", "absent.weights.h5", "no such file"),
        ("small", "cut.weights.h5", "not the weights of small"),
        ("small", "partly.weights.h5", "not the weights of small"),
        ("small", "nan.weights.h5", "no finite values for norm2/gamma"),
        ("small", "junk.keras", "not the weights of small"),
        ("small", "note.txt", "expected a file of weights that ends in .weights.h5"),
        ("efficientnet_lite0", "small.weights.h5", "not the weights of efficientnet_lite0"),
        ("mobilenetv2", "small.weights.h5", "not the weights of mobilenetv2"),
    ]:
        with pytest.raises(UserError) as error:
            image_encoder(spec, weights=tmp_path / name)
        assert str(error.value).startswith(str(tmp_path / name)) and message in str(error.value)
        assert "\n" not in str(error.value)


def test_presets_need_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "keras_hub", None)
    with pytest.raises(UserError) as error:
        image_encoder("keras_hub:vit_base_patch16_224_imagenet@pooled")
    assert str(error.value) == "keras_hub encoders need `pip install '.[keras-hub]'`"
