"""Presets of random weights against keras-hub's own converter and network."""

from __future__ import annotations

import io
import json
import shutil
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.images import decode_images
from kerasmm.data.manifest import FILE_NAME
from kerasmm.encoders import image_encoder
from kerasmm.models import webly_branch
from kerasmm.serving.export import export
from kerasmm.systems import system
from kerasmm.systems.config import Encoder, load_config
from kerasmm.systems.pictures import Pictures
from tests.data_prep.world import build_world, random_drafts
from tests.tiny import tiny_posts, write_dataset

hub = pytest.importorskip("keras_hub", reason="needs the extra `keras-hub`")

SIDE, PATCH, TEXT = 28, 7, {"vocabulary_size": 11, "embedding_dim": 8, "hidden_dim": 8, "num_layers": 1, "num_heads": 2}
SHAPE = {"patch_size": PATCH, "hidden_dim": 8, "num_layers": 2, "num_heads": 2, "image_shape": (SIDE, SIDE, 3)}


def clip():
    vision = hub.models.CLIPVisionEncoder(**SHAPE, intermediate_dim=16, name="clip_vision_encoder")
    text = hub.models.CLIPTextEncoder(**TEXT, intermediate_dim=16, name="clip_text_encoder")
    return hub.models.CLIPBackbone(vision_encoder=vision, text_encoder=text, projection_dim=6)


def siglip():
    vision = hub.models.SigLIPVisionEncoder(**SHAPE, intermediate_dim=16)
    text = hub.models.SigLIPTextEncoder(**TEXT, intermediate_dim=16, projection_dim=8)
    return hub.models.SigLIPBackbone(vision_encoder=vision, text_encoder=text)


def dinov2(**more):
    # Its positions are those of larger pictures.
    return hub.models.DINOV2Backbone(**SHAPE, intermediate_dim=16, position_embedding_shape=(42, 42, 3), **more)


def vit(**more):
    return hub.models.ViTBackbone(**SHAPE, mlp_dim=16, **more)


CASES = {
    "clip": (clip, {"interpolation": "bicubic", "antialias": True}),
    "siglip": (siglip, {"crop_to_aspect_ratio": False, "scale": 2 / 255, "offset": -1.0}),
    "dinov2": (dinov2, {"interpolation": "bicubic"}),
    "dinov2_registers": (lambda: dinov2(num_register_tokens=3), {"interpolation": "lanczos3"}),
    "vit": (vit, {"crop_to_aspect_ratio": False, "antialias": True}),
    "vit_without_token": (lambda: vit(use_class_token=False), {"interpolation": "nearest"}),
}
CONVERTERS = {
    "clip": "CLIPImageConverter",
    "siglip": "SigLIPImageConverter",
    "dinov2": "DINOV2ImageConverter",
    "vit": "ViTImageConverter",
}


def converter_of(name, **options):
    rescaled = {"scale": [0.01, 0.02, 0.03], "offset": [-1.0, 0.5, 0.25]}
    kind = getattr(hub.layers, CONVERTERS[name.partition("_")[0]])
    return kind(**{"image_size": (SIDE, SIDE), **rescaled, **options})


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """Folders by case; every weight is random, since keras-hub's start at zeros and ones in part."""
    folders = {}
    for number, (name, (build, options)) in enumerate(CASES.items()):
        values = np.random.default_rng(number)
        backbone, folders[name] = build(), tmp_path_factory.mktemp(name)
        for weight in backbone.weights:
            # The positions at this size are no weight of their own: they follow from those at the size of the training.
            if weight.dtype == "float32" and not weight.path.endswith("interpolated_position_embeddings"):
                weight.assign(values.normal(0, 0.5, weight.shape))
        backbone.save_to_preset(str(folders[name]))
        converter_of(name, **options).save_to_preset(str(folders[name]))
    return folders


@pytest.fixture
def pictures(rng):
    """PNGs, so that decoding is exact: wide, high, of the size, smaller."""
    sides = [(40, 61), (90, 33), (SIDE, SIDE), (9, 12)]
    return [rng.integers(0, 256, (*side, 3), dtype="uint8") for side in sides]


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def theirs(folder, pictures):
    """Regions and pooled vectors as keras-hub says."""
    converter = hub.layers.ImageConverter.from_preset(str(folder))
    backbone = hub.models.Backbone.from_preset(str(folder))
    images = tf.concat([converter(picture[None]) for picture in pictures], axis=0)
    kind = type(backbone).__name__
    if kind in ("CLIPBackbone", "SigLIPBackbone"):
        tokens = backbone.vision_encoder({"images": images})
        if kind == "SigLIPBackbone":
            # The tokens are inside of its network.
            vision = backbone.vision_encoder
            hidden = vision.embedding(images)
            for block in vision.encoder_layers:
                hidden = block(hidden)
            return vision.post_layer_norm(hidden), tokens
        return tokens[:, 1:], backbone.get_vision_embeddings(images)
    tokens = backbone({"images": images} if kind == "DINOV2Backbone" else images)
    if kind == "DINOV2Backbone":
        return tokens[:, 1 + backbone.num_register_tokens :], tokens[:, 0]
    if backbone.use_class_token:
        return tokens[:, 1:], tokens[:, 0]
    return tokens, tf.reduce_mean(tokens, axis=1)


def features_of(encoder, encoded):
    pixels, valid = decode_images(tf.constant(encoded), encoder.image_size, encoder.resize)
    assert np.all(valid)
    return encoder.model(pixels, training=False)


@pytest.mark.parametrize("name", CASES)
def test_regions_and_pooled_vectors_are_those_of_keras_hub(name, presets, pictures):
    spec, encoded = f"keras_hub:{presets[name]}", [png(picture) for picture in pictures]
    regions, pooled = theirs(presets[name], pictures)
    encoder = image_encoder(spec)
    assert (encoder.spec, encoder.grid, encoder.image_size) == (spec, (4, 4), (SIDE, SIDE))
    np.testing.assert_allclose(features_of(encoder, encoded), regions, rtol=1e-4, atol=1e-4)

    vector = image_encoder(f"{spec}@pooled")
    assert (vector.spec, vector.grid) == (f"{spec}@pooled", None)
    np.testing.assert_allclose(features_of(vector, encoded), pooled, rtol=1e-4, atol=1e-4)


def test_fingerprint_is_of_the_tower_that_is_used(presets, tmp_path):
    first = image_encoder(f"keras_hub:{presets['clip']}@pooled")
    backbone = hub.models.Backbone.from_preset(str(presets["clip"]))
    moved = shutil.copytree(presets["clip"], tmp_path / "moved")

    def again():
        backbone.save_to_preset(str(moved))
        # Where the preset was is its name, where it is are its weights.
        encoder = image_encoder(first.spec, weights=moved)
        assert encoder.spec == first.spec
        return encoder.fingerprint

    assert again() == first.fingerprint != ""
    backbone.text_projection.kernel.assign(backbone.text_projection.kernel + 1)
    assert again() == first.fingerprint
    backbone.vision_projection.kernel.assign(backbone.vision_projection.kernel + 1e-3)
    assert again() != first.fingerprint
    assert image_encoder(first.spec, weights=None).fingerprint == ""


def test_dinov2_takes_the_size_that_its_converter_says(presets, tmp_path, pictures):
    folder = shutil.copytree(presets["dinov2"], tmp_path / "other")
    converter_of("dinov2", image_size=(35, 35)).save_to_preset(str(folder))
    encoder = image_encoder(f"keras_hub:{folder}@5x5")
    assert (encoder.image_size, encoder.grid, encoder.feature_shape) == ((35, 35), (5, 5), (25, 8))
    assert encoder.spec == f"keras_hub:{folder}"
    backbone = hub.models.Backbone.from_preset(str(folder), image_shape=(35, 35, 3))
    converter = hub.layers.ImageConverter.from_preset(str(folder))
    images = tf.concat([converter(picture[None]) for picture in pictures], axis=0)
    found = features_of(encoder, [png(picture) for picture in pictures])
    np.testing.assert_allclose(found, backbone({"images": images})[:, 1:], rtol=1e-4, atol=1e-4)


def test_features_are_float32_under_every_policy(presets, rng):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        encoder = image_encoder(f"keras_hub:{presets['vit']}")
    finally:
        keras.config.set_dtype_policy("float32")
    found = encoder.model(rng.uniform(0, 255, (2, SIDE, SIDE, 3)).astype("float32"), training=False)
    assert found.dtype == "float32" and np.isfinite(found).all()


def test_features_of_a_build_lead_back_to_the_preset(presets, tmp_path, rng):
    spec = f"keras_hub:{presets['siglip']}@pooled"
    build_world(tmp_path, random_drafts(tmp_path / "pictures", 9, rng), {"features": {"encoder": spec}})
    dataset = open_dataset(tmp_path / "data")
    stored = dataset.manifest.features
    assert (stored.encoder, stored.resize, stored.shape) == (spec, "keras squash bilinear", (8,))
    posts = [post for split in dataset.manifest.splits for post in dataset.posts(split)]
    pictures = [np.asarray(Image.open(io.BytesIO(post.image)).convert("RGB")) for post in posts]
    expected = theirs(presets["siglip"], pictures)[1]
    np.testing.assert_allclose([post.features for post in posts], expected, atol=2e-3, rtol=2e-3)

    section = stored.model_dump(mode="json")
    encoder = Pictures(Encoder(), section, "small@pooled", False).encoder
    assert (encoder.spec, encoder.fingerprint, encoder.resize) == (spec, stored.fingerprint, stored.resize)
    with pytest.raises(UserError, match="not the weights of"):
        Pictures(Encoder(), section | {"fingerprint": "0" * 64}, "small@pooled", False).encoder  # noqa: B018
    with pytest.raises(UserError, match="resized as the preset says"):
        Pictures(Encoder(), section | {"resize": "crop"}, "small@pooled", False).encoder  # noqa: B018


def test_an_export_answers_as_keras_hub_does(presets, tmp_path, rng, pictures):
    encoder = image_encoder(f"keras_hub:{presets['clip']}@pooled")
    said = {"features": rng.normal(size=6).astype("float16"), "sentences": ("A red picture.", "It is green.")}
    posts = {split: [replace(post, **said) for post in tiny_posts(5, 1, False, split)] for split in ("train", "test")}
    manifest = write_dataset(tmp_path / "data", posts) / FILE_NAME
    content = json.loads(manifest.read_text())
    content["features"] |= {"encoder": encoder.spec, "fingerprint": encoder.fingerprint, "resize": encoder.resize}
    manifest.write_text(json.dumps(content))
    dataset, kind = open_dataset(tmp_path / "data"), system("webly")
    small = ["text.minimum=1", *(f"network.{key}" for key in ("dimension=6", "gru_units=6", "word_dimension=4"))]
    config = load_config(kind.Config, None, ["loss.tag_weight=0", *small])
    webly = kind(config, kind.gather_facts(config, dataset), 0)
    model = webly.build()
    # Checked in a Session, with the operations that a server has.
    folder = export(webly, model, dataset, tmp_path / "webly", splits=["test"], quiet=True)
    answer = LoadedExport(folder).answer("embed_image", {"image": np.array([png(p) for p in pictures], object)})
    expected = webly_branch(model, "image")({"features": theirs(presets["clip"], pictures)[1]})["image"]
    assert answer["valid"].all()
    np.testing.assert_allclose(answer["embedding"], expected, atol=1e-4)


def spoil(weights):
    backbone = vit()
    backbone.weights[0].assign(np.full(backbone.weights[0].shape, np.nan))
    backbone.save_weights(weights)


STRANGE = {"module": "os", "class_name": "system", "config": {}, "registered_name": None}
LAMBDA = {"class_name": "__lambda__", "config": {"value": ["4wAAAA==", None, None]}}


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("config.json", lambda c: c["config"].update(dropout_rate=STRANGE), "config.json asks for os.system"),
        ("config.json", lambda c: c["config"].update(extra=[LAMBDA]), "config.json asks for __lambda__"),
        ("config.json", lambda c: c.update(class_name="BertBackbone"), "config.json asks for BertBackbone"),
        ("config.json", lambda c: c.update(registered_name="mine>Layer"), "config.json asks for Layer"),
        ("config.json", lambda c: c["config"].update(hidden_dim=6), "can't be loaded"),
        ("config.json", lambda c: c["config"].update(num_layers=3), "can't be loaded"),
        ("config.json", lambda c: c.clear(), "can't be loaded"),
        ("image_converter.json", lambda c: c.update(class_name="Lambda"), "image_converter.json asks for Lambda"),
        (
            "image_converter.json",
            lambda c: c["config"].update(image_size=[35, 35]),
            "takes pictures of 28 x 28 x 3, not",
        ),
        ("image_converter.json", lambda c: c["config"].update(interpolation="cubic"), "cubic"),
        (
            "image_converter.json",
            lambda c: c["config"].update(crop_to_aspect_ratio=False, pad_to_aspect_ratio=True),
            "`pad_to_aspect_ratio`",
        ),
    ],
)
def test_refuses_presets_that_are_none(file, change, message, presets, tmp_path):
    shutil.copytree(presets["vit"], tmp_path / "vit")
    path = tmp_path / "vit" / file
    config = json.loads(path.read_text())
    change(config)
    path.write_text(json.dumps(config))
    with pytest.raises(UserError) as error:
        image_encoder(f"keras_hub:{tmp_path / 'vit'}")
    assert str(error.value).startswith(f"image encoder keras_hub:{tmp_path / 'vit'}: ") and message in str(error.value)
    assert "\n" not in str(error.value)


def test_refuses_what_is_not_there(presets, tmp_path):
    folder = shutil.copytree(presets["vit"], tmp_path / "vit")
    spec = f"keras_hub:{folder}"
    for name, options, message in [
        ("keras_hub:vit_base_patch16_224_imagenet1", {}, "Did you mean 'vit_base_patch16_224_imagenet'?"),
        (f"keras_hub:{tmp_path / 'absent'}", {}, "no such folder"),
        (f"{spec}@5x5", {}, "has no such grid. Expected one of 4x4"),
        (f"{spec}@fc", {}, "has no layer of that name"),
        (spec, {"resize": "crop"}, "resized as the preset says (keras squash bilinear antialias)"),
        (spec, {"image_size": (14, 14)}, "takes pictures of 28 x 28 x 3"),
        (spec, {"weights": folder / "model.weights.h5"}, "expected the folder of a preset"),
    ]:
        with pytest.raises(UserError) as error:
            image_encoder(name, **options)
        assert message in str(error.value) and "\n" not in str(error.value)

    (folder / "model.weights.json").write_text(json.dumps({"weight_map": {"a": ["in.h5", "../out.h5"]}}))
    with pytest.raises(UserError, match=r"\.\./out\.h5 is outside of the preset's folder"):
        image_encoder(spec)
    (folder / "model.weights.json").unlink()
    spoil(folder / "model.weights.h5")
    with pytest.raises(UserError, match="no finite values for"):
        image_encoder(spec)
    (folder / "image_converter.json").unlink()
    with pytest.raises(UserError, match=r"image_converter\.json"):
        image_encoder(spec)
