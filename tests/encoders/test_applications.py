from __future__ import annotations

import functools
import sys
import urllib.request

import keras
import numpy as np
import pytest

from kerasmm.console import UserError, guarded
from kerasmm.encoders import image_encoder


@pytest.fixture(scope="module", autouse=True)
def built_once():
    """A network of one size is the same whenever it is asked for; each test gives it weights of its own, or asks none."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("VGG16", "MobileNetV2"):
            patch.setattr(keras.applications, name, functools.cache(getattr(keras.applications, name)))
        yield


@pytest.fixture
def shallow(monkeypatch):
    """The networks of very many layers without most of those above the tapped ones."""
    densenet, first, second = (
        sys.modules[getattr(keras.applications, name).__module__]
        for name in ("DenseNet121", "EfficientNetB0", "EfficientNetV2B0")
    )
    dense = densenet.DenseNet
    monkeypatch.setattr(densenet, "DenseNet", lambda blocks, *rest, **options: dense([1] * 4, *rest, **options))
    monkeypatch.setattr(first, "DEFAULT_BLOCKS_ARGS", first.DEFAULT_BLOCKS_ARGS[:2])
    name = "efficientnetv2-b0"
    monkeypatch.setitem(second.DEFAULT_BLOCKS_ARGS, name, second.DEFAULT_BLOCKS_ARGS[name][:2])


def apart_from_zero(network: keras.Model, rng: np.random.Generator) -> keras.Model:
    """Untrained networks of many layers answer with nearly nothing; spreads what batch normalisation passes on."""
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            scale, shift, mean, variance = layer.get_weights()
            shape = scale.shape
            layer.set_weights([rng.uniform(1, 3, shape), rng.normal(size=shape), mean, rng.uniform(0.5, 1, shape)])
    return network


# One network for each way of preprocessing: caffe, tf, torch, none.
@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(
    ("name", "module", "layer"),
    [
        ("VGG16", "vgg16", "block4_pool"),
        ("MobileNetV2", "mobilenet_v2", "block_6_expand_relu"),
        ("DenseNet121", "densenet", "conv1_conv"),
        ("EfficientNetV2B0", "efficientnet_v2", "block1a_project_activation"),
    ],
)
def test_answers_as_keras_does_with_its_own_preprocessing(name, module, layer, rng, tmp_path):
    reference = getattr(keras.applications, name)(include_top=False, weights=None, input_shape=(32, 48, 3))
    path = tmp_path / f"{name}.weights.h5"
    apart_from_zero(reference, rng).save_weights(path)
    pixels = rng.uniform(0, 255, (2, 32, 48, 3)).astype("float32")
    prepared = getattr(keras.applications, module).preprocess_input(pixels.copy())
    tapped = keras.Model(reference.input, reference.get_layer(layer).output)
    expected = np.asarray(tapped(prepared, training=False))

    encoder = image_encoder(f"{name}@{layer}", weights=path, image_size=(32, 48))
    got = np.asarray(encoder.model(pixels, training=False))
    assert encoder.spec == f"{name.lower()}@{layer}" and encoder.fingerprint
    assert encoder.grid == expected.shape[1:3]
    # Regions go row by row.
    width = expected.shape[2]
    for region in range(got.shape[1]):
        place = expected[:, region // width, region % width]
        np.testing.assert_allclose(got[:, region], place, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_vgg16_alone_is_the_last_pool():
    encoder = image_encoder("vgg16", weights=None)
    assert (encoder.spec, encoder.image_size, encoder.fingerprint) == ("vgg16", (224, 224), "")
    assert (encoder.feature_shape, encoder.grid) == ((49, 512), (7, 7))
    assert image_encoder("VGG16@block5_pool", weights=None).spec == "vgg16"


def test_the_last_map_of_a_grid(rng):
    encoder = image_encoder("mobilenetv2@6x6", weights=None, image_size=(96, 96))
    whole = keras.applications.MobileNetV2(include_top=False, weights=None, input_shape=(96, 96, 3))
    sixes = [layer.name for layer in whole.layers if layer.output.shape[1:3] == (6, 6)]
    named = image_encoder(f"mobilenetv2@{sixes[-1]}", weights=None, image_size=(96, 96))
    assert encoder.feature_shape == named.feature_shape == (36, whole.get_layer(sixes[-1]).output.shape[-1])
    assert image_encoder("mobilenetv2@3x3", weights=None, image_size=(96, 96)).spec == "mobilenetv2"


def test_weights_saved_with_the_classifier_on_top(rng, tmp_path):
    whole = apart_from_zero(keras.applications.MobileNetV2(weights=None), rng)
    whole.save_weights(tmp_path / "top.weights.h5")
    pixels = rng.uniform(0, 255, (1, 224, 224, 3)).astype("float32")
    tapped = keras.Model(whole.input, [whole.get_layer("out_relu").output, whole.output])
    features, classes = (np.asarray(output) for output in tapped(pixels / 127.5 - 1, training=False))

    encoder = image_encoder("mobilenetv2", weights=tmp_path / "top.weights.h5")
    got = np.asarray(encoder.model(pixels, training=False))
    np.testing.assert_allclose(got.reshape(features.shape), features, rtol=1e-3, atol=1e-4)
    top = image_encoder("mobilenetv2@predictions", weights=tmp_path / "top.weights.h5")
    assert top.feature_shape == (1000,) and top.grid is None
    np.testing.assert_allclose(top.model(pixels, training=False), classes, rtol=1e-3, atol=1e-6)


@pytest.mark.usefixtures("shallow")
def test_efficientnet_from_a_path_is_as_downloaded(rng, tmp_path, monkeypatch):
    """Keras builds EfficientNet otherwise for its own download than for the same file given by its path."""
    path = tmp_path / "efficientnetb0.weights.h5"
    made = keras.applications.EfficientNetB0(include_top=False, weights=None, input_shape=(32, 32, 3))
    normalization = next(layer for layer in made.layers if isinstance(layer, keras.layers.Normalization))
    # ImageNet's mean and variance, as in the published file.
    count = normalization.get_weights()[2:]
    normalization.set_weights([np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225]) ** 2, *count])
    apart_from_zero(made, rng).save_weights(path)
    module = sys.modules[keras.applications.EfficientNetB0.__module__]
    monkeypatch.setattr(module.file_utils, "get_file", lambda *args, **kwargs: str(path))
    downloaded = keras.applications.EfficientNetB0(include_top=False, input_shape=(32, 32, 3))

    pixels = rng.uniform(0, 255, (2, 32, 32, 3)).astype("float32")
    early = keras.Model(downloaded.input, downloaded.get_layer("block1a_activation").output)
    expected = np.asarray(early(pixels, training=False))
    for weights in (path, "imagenet"):
        encoder = image_encoder("efficientnetb0@block1a_activation", weights=weights, image_size=(32, 32))
        got = np.reshape(encoder.model(pixels, training=False), expected.shape)
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_no_way_to_download_is_one_line(tmp_path, monkeypatch, capsys):
    # A proxy at a port where nothing listens, and an opener that has not read another.
    for variable in ("https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    for variable in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(variable, "")
    monkeypatch.setattr(urllib.request, "_opener", None)
    module = sys.modules[keras.applications.MobileNetV2.__module__]
    monkeypatch.setattr(module.file_utils.config, "keras_home", lambda: str(tmp_path))

    def main(argv):
        image_encoder("mobilenetv2", image_size=(96, 96))
        return 0

    assert guarded(main, []) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [
        "error: the ImageNet weights of mobilenetv2 can't be downloaded; give the path of a Keras file of weights as `weights`"
    ]


def test_says_what_was_wrong():
    for spec, size, message in [
        ("mobilenetv2@block_99", (96, 96), "mobilenetv2@block_99: has no layer of that name"),
        ("mobilenetv2@out_rel", (96, 96), "Did you mean 'out_relu'?"),
        ("mobilenetv2@9x9", (96, 96), "Expected one of 48x48, 24x24, 12x12, 6x6, 3x3"),
        ("vgg16", (16, 16), "at least 32x32"),
        ("vgg16", (224,), "expected `image_size` as height and width"),
    ]:
        with pytest.raises(UserError) as error:
            image_encoder(spec, weights=None, image_size=size)
        assert message in str(error.value)
