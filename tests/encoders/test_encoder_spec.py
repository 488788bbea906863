from __future__ import annotations

import subprocess
import sys

import keras
import pytest

from kerasmm.console import UserError
from kerasmm.encoders import Spec, parse_spec
from kerasmm.encoders.spec import APPLICATIONS


@pytest.mark.parametrize(
    ("text", "spec", "grid"),
    [
        ("vgg16", Spec("vgg16"), None),
        (" VGG16@block4_pool", Spec("vgg16", "block4_pool"), None),
        ("EfficientNet_Lite0@14x14", Spec("efficientnet_lite0", "14x14"), (14, 14)),
        ("MobileNetV3Large@7X7", Spec("mobilenetv3large", "7X7"), None),
        ("small@8x4", Spec("small", "8x4"), (8, 4)),
        ("resnet50@pooled", Spec("resnet50", "pooled"), None),
        ("keras_hub:vit_base_patch16_224_imagenet", Spec("keras_hub:vit_base_patch16_224_imagenet"), None),
        (" keras_hub:./My presets/CLIP@pooled", Spec("keras_hub:./My presets/CLIP", "pooled"), None),
        ("keras_hub:hf://someone/Tower@2x3", Spec("keras_hub:hf://someone/Tower", "2x3"), (2, 3)),
        ("keras_hub:/me@home/dino", Spec("keras_hub:/me@home/dino"), None),
        ("keras_hub:/me@home/dino@pooled", Spec("keras_hub:/me@home/dino", "pooled"), None),
    ],
)
def test_names(text, spec, grid):
    assert parse_spec(text) == spec
    assert parse_spec(text).grid == grid
    assert parse_spec(str(spec)) == spec
    assert parse_spec(text).preset == (spec.network[10:] if "keras_hub" in text else None)


def test_every_network_of_keras_is_known():
    assert set(APPLICATIONS) == {name.lower() for name in dir(keras.applications) if name[0].isupper()}


# Shapes as Keras builds them with the classifier on top, which has one size only.
@pytest.mark.parametrize("name", ["EfficientNetB1", "Xception"])
def test_pictures_have_the_size_that_a_network_is_made_for(name):
    built = getattr(keras.applications, name)(weights=None)
    assert built.input_shape[1:3] == parse_spec(name).image_size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vggg16", "'vggg16'. Did you mean 'vgg16'?"),
        ("", "unknown image encoder ''"),
        ("@pooled", "unknown image encoder"),
        ("vgg16@", "expected a layer, a grid"),
        ("keras_hub:", "expected the name or the folder of a preset"),
        ("keras_hub:@pooled", "expected the name or the folder of a preset"),
        ("keras_hub:clip@", "expected the name or the folder of a preset"),
    ],
)
def test_says_what_was_wrong(text, message):
    with pytest.raises(UserError) as error:
        parse_spec(text)
    assert message in str(error.value)


def test_a_name_is_judged_without_keras():
    code = "import sys; from kerasmm.encoders import parse_spec; parse_spec('vgg16'); assert 'keras' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
