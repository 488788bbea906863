from __future__ import annotations

import keras
import pytest

from kerasmm.console import UserError
from kerasmm.encoders import image_encoder
from kerasmm.systems.config import Encoder
from kerasmm.systems.pictures import Pictures


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """A file of weights of `small`, and the fingerprints of its map and of its mean."""
    path = tmp_path_factory.mktemp("weights") / "small.weights.h5"
    keras.utils.set_random_seed(3)
    network = next(layer for layer in image_encoder("small").model.layers if isinstance(layer, keras.Model))
    network.save_weights(path)
    return path, {spec: image_encoder(spec, weights=path).fingerprint for spec in ("small", "small@pooled")}


def stored(encoder="small@pooled", shape=(64,), fingerprint="0" * 64, resize="squash"):
    """Features as a manifest has them."""
    return {
        "encoder": encoder,
        "fingerprint": fingerprint,
        "image_size": [64, 64],
        "resize": resize,
        "shape": list(shape),
    }


def pictures(features=None, regions=False, **chosen):
    return Pictures(Encoder(**chosen), features, "small" if regions else "small@pooled", regions)


def test_stored_features_come_first():
    features = stored("vgg19@fc2", (4096,))
    found = pictures(features)
    assert found.stored == features
    assert found.picture.features_shape == (4096,)
    assert found.picture.field == "image/features"
    assert not found.trained


def test_without_features_the_default_encoder_is_trained_from_pixels():
    found = pictures()
    assert found.stored is None
    assert found.encoder.spec == "small@pooled"
    assert (found.picture.size, found.picture.resize, found.picture.field) == ((64, 64), "squash", "image/encoded")
    assert found.trained


def test_untrained_weights_may_be_left_as_they_are():
    assert not pictures(trainable=False).trained


def test_weights_from_a_file_are_kept_unless_asked_for(weights):
    path, fingerprints = weights
    found = pictures(name="small@pooled", weights=str(path))
    assert found.encoder.fingerprint == fingerprints["small@pooled"]
    assert not found.trained
    assert pictures(name="small@pooled", weights=str(path), trainable=True).trained


@pytest.mark.parametrize(
    ("name", "features", "uses"),
    [
        ("small@pooled", stored(), True),
        ("SMALL@pooled", stored(), True),
        ("vgg19@fc2", stored(), False),
        # The map and its mean are different features of one network.
        ("small", stored(), False),
        ("small@pooled", stored("small", (64, 64)), False),
        # The same map by the name of its grid.
        ("small@8x8", stored("small", (64, 64)), True),
        ("small@16x16", stored("small", (64, 64)), False),
    ],
)
def test_a_named_encoder_uses_its_own_features_only(name, features, uses):
    assert (pictures(features, name=name).stored == features) is uses


def test_an_encoder_that_is_trained_needs_pixels():
    """It is the one of the stored features, whose pictures it sees as they did."""
    found = pictures(stored("small@16x16", (256, 64), resize="crop"), trainable=True)
    assert found.stored is None
    assert (found.encoder.spec, found.encoder.resize) == ("small@16x16", "crop")
    assert (found.picture.size, found.picture.resize) == ((64, 64), "crop")
    assert found.trained
    assert pictures(stored("small", (64, 64)), trainable=True, name="small@pooled").encoder.spec == "small@pooled"


@pytest.mark.parametrize("resize", ["squash", "crop"])
def test_pictures_are_resized_as_those_of_the_stored_features_were(weights, resize):
    path, fingerprints = weights
    assert pictures(resize=resize).picture.resize == resize
    features = stored(fingerprint=fingerprints["small@pooled"], resize="crop")
    assert pictures(features, resize=resize, weights=str(path)).encoder.resize == "crop"


def test_weights_other_than_those_of_the_stored_features_are_refused(weights):
    path, fingerprints = weights
    right = pictures(stored(fingerprint=fingerprints["small@pooled"]), weights=str(path))
    assert right.encoder.fingerprint == fingerprints["small@pooled"]
    wrong = pictures(stored(), weights=str(path))
    with pytest.raises(UserError, match="encoder.weights: not the weights of 'small@pooled' that made the stored feat"):
        _ = wrong.encoder


def test_a_map_of_regions_where_one_is_needed(weights):
    assert pictures(regions=True).encoder.feature_shape == (64, 64)
    assert pictures(stored("small", (64, 64)), regions=True).picture.shape == (64, 64)
    with pytest.raises(UserError, match="small@pooled are one vector a picture; this model needs a map of regions"):
        _ = pictures(stored(), regions=True).stored
    with pytest.raises(UserError, match="encoder.name: 'small@pooled' gives one vector a picture; this model needs"):
        _ = pictures(regions=True, name="small@pooled").encoder
    # One vector will do: so will a map, of which the model takes the mean.
    assert pictures(stored("small", (64, 64))).picture.shape == (64, 64)


def test_an_unknown_encoder_is_said():
    with pytest.raises(UserError, match="unknown image encoder 'smal'"):
        _ = pictures(stored(), name="smal").stored
