"""Stored image features against the encoder called by hand."""

import dataclasses
import io

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from data_prep.config import FeatureEncoder
from data_prep.write import features
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.images import decode_images
from kerasmm.encoders import image_encoder
from kerasmm.encoders.small import small
from tests.data_prep.world import build_world, random_drafts


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of the small encoder in a file: a build without them would make features of nothing."""
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    small().save_weights(path)
    return str(path)


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_every_post_has_the_features_of_its_picture(tmp_path, rng, weights, resize):
    drafts = random_drafts(tmp_path / "pictures", 23, rng)
    config = {"features": {"encoder": "small", "weights": weights, "batch": 4, "resize": resize}, "shard_records": 9}
    manifest = build_world(tmp_path, drafts, config)
    encoder = image_encoder("small", weights=weights, resize=resize)
    assert (manifest.features.encoder, manifest.features.resize) == (encoder.spec, resize)
    assert manifest.features.fingerprint == encoder.fingerprint != ""
    assert (manifest.features.image_size, manifest.features.shape) == (encoder.image_size, encoder.feature_shape)
    dataset, posts = open_dataset(tmp_path / "data"), 0
    for split in manifest.splits:
        assert manifest.fields[split]["image/features"] == manifest.records(split)
        for post in dataset.posts(split):
            pixels = decode_images(tf.constant([post.image]), encoder.image_size, encoder.resize)[0]
            expected = np.asarray(encoder.model(pixels, training=False))[0]
            assert post.features.shape == encoder.feature_shape
            np.testing.assert_allclose(post.features, expected, atol=2e-3, rtol=2e-3)
            posts += 1
    assert posts == 23


def test_posts_without_pictures_have_no_features(tmp_path, rng, weights):
    drafts = [
        dataclasses.replace(d, picture=d.picture if n % 3 else None)
        for n, d in enumerate(random_drafts(tmp_path / "p", 12, rng))
    ]
    config = {
        "features": {"encoder": "small", "weights": weights, "batch": 5},
        "image": {"required": False},
        "needs": ["tags"],
    }
    manifest = build_world(tmp_path, drafts, config)
    dataset = open_dataset(tmp_path / "data")
    for post in (post for split in manifest.splits for post in dataset.posts(split)):
        assert (post.features is None) == (post.image is None)


def test_a_picture_is_encoded_once(monkeypatch):
    calls = []

    def encode(pictures, config):
        calls.append(list(pictures))
        return np.array([[len(picture)] for picture in pictures], "float16")

    monkeypatch.setattr(features, "encode", encode)
    known = features.encode_once([b"1", b"22", b"1"], {}, FeatureEncoder())
    known = features.encode_once([b"22", b"333"], known, FeatureEncoder())
    known = features.encode_once([b"333"], known, FeatureEncoder())
    assert {picture: value.tolist() for picture, value in known.items()} == {b"333": [3]}
    assert calls == [[b"1", b"22"], [b"333"]]


def test_large_pictures_are_decoded_a_few_at_a_time(monkeypatch):
    def picture(width, height):
        file = io.BytesIO()
        Image.new("L", (width, height)).save(file, "PNG")
        return file.getvalue()

    monkeypatch.setattr(features, "_MAX_BATCH_PIXELS", 100)
    pictures = [picture(*size) for size in ((5, 10), (5, 10), (1, 1), (30, 30), (1, 2), (1, 3))]
    assert [len(part) for part in features._parts(pictures)] == [2, 1, 1, 2]
    assert [p for part in features._parts(pictures) for p in part] == pictures


def test_infinite_features_are_stored_as_the_largest_float16(monkeypatch):
    class Loud:
        image_size, resize = (4, 4), "squash"

        @staticmethod
        def model(pixels, training):
            return tf.constant([[1e9, -1e9, 0.5]])

    monkeypatch.setattr(features, "encoder_of", lambda config: Loud)
    file = io.BytesIO()
    Image.new("RGB", (4, 4)).save(file, "PNG")
    assert features.encode([file.getvalue()], FeatureEncoder()).tolist() == [[65504.0, -65504.0, 0.5]]


def test_an_unknown_encoder_or_missing_weights_fail_before_any_post_is_read(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 3, rng)
    with pytest.raises(UserError, match="resnet5"):
        build_world(tmp_path, drafts, {"features": {"encoder": "resnet5"}})
    with pytest.raises(UserError, match=r"absent\.h5"):
        build_world(tmp_path, drafts, {"features": {"encoder": "small", "weights": str(tmp_path / "absent.h5")}})
    with pytest.raises(UserError, match="small is untrained"):
        build_world(tmp_path, drafts, {"features": {"encoder": "small"}})
    assert not (tmp_path / "data").exists()
