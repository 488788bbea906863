"""Presets of keras-hub as backbones: the picture's side of CLIP and SigLIP, DINOv2, ViT, each with the preset's own preprocessing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import layers
from pydantic import BaseModel

from kerasmm.console import UserError, nearest
from kerasmm.encoders.backbone import Backbone
from kerasmm.encoders.spec import PRESET, Spec
from kerasmm.files.json_file import read_json

FAMILIES = ("CLIP", "SigLIP", "DINOV2", "ViT")

_CLASSES = {
    *(
        f"{family}{part}"
        for family in FAMILIES
        for part in ("Backbone", "ImageConverter", "VisionEncoder", "TextEncoder")
    ),
    "DTypePolicy",
}
"""What the files of a preset may ask to be built."""

_FILES = ("config.json", "image_converter.json")
_SHARDS = "model.weights.json"


class _Shards(BaseModel):
    """In which files the weights lie."""

    weight_map: dict[str, str | list[str]]


class _Tower(NamedTuple):
    """The network of the picture.

    Args:
        model: Its functional model, of one input.
        tokens: `(batch, leading + height · width, channels)`.
        leading: Tokens before those of the patches.
        pooled: `(batch, channels)`; None where there is no such token.
    """

    model: Any
    tokens: keras.KerasTensor
    leading: int
    pooled: keras.KerasTensor | None


def _library() -> Any:
    try:
        import keras_hub
    except ImportError as error:
        reason = "" if getattr(error, "name", None) == "keras_hub" else f": {_line(error)}"
        raise UserError(f"keras_hub encoders need `pip install '.[keras-hub]'`{reason}") from error
    return keras_hub


def _line(error: Exception) -> str:
    plain = re.sub(r"\x1b\[\d*m", "", str(error))
    return (" ".join(plain.split()) or type(error).__name__)[:200]


def _check_name(hub: Any, preset: str) -> None:
    known = [name for family in FAMILIES for name in getattr(hub.models, f"{family}Backbone").presets]
    if "://" not in preset and preset not in known and not Path(preset).is_dir():
        raise UserError(
            f"image encoder {PRESET}{preset}: no such preset of {', '.join(FAMILIES)}, and no such folder.{nearest(preset, known)}"
        )


def _asked_for(config: Any) -> Iterator[str]:
    """Classes that a configuration names, wherever they stand."""
    if isinstance(config, dict):
        if "class_name" in config:
            package = str(config.get("module") or "keras").partition(".")[0]
            yield (
                str(config["class_name"]) if package in ("keras", "keras_hub") else f"{package}.{config['class_name']}"
            )
        if config.get("registered_name"):
            yield str(config["registered_name"]).rpartition(">")[2]
    for value in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from _asked_for(value)


def _check_files(preset: str) -> None:
    """Refuses files that ask for other classes than these networks have, before keras-hub builds what they say."""
    from keras_hub.src.utils.preset_utils import load_json

    for name in _FILES:
        try:
            config = load_json(preset, name)
        except FileNotFoundError:
            # Of a preset of another library, which keras-hub translates.
            continue
        if strange := sorted(set(_asked_for(config)) - _CLASSES):
            raise UserError(
                f"image encoder {PRESET}{preset}: {name} asks for {strange[0]}; expected a preset of {', '.join(FAMILIES)}"
            )
    shards = Path(preset, _SHARDS)
    if shards.is_file():
        listed = read_json(shards, _Shards, "list of a preset's files").weight_map
        names = [part for parts in listed.values() for part in ([parts] if isinstance(parts, str) else parts)]
        if outside := [name for name in names if Path(name).name != name]:
            raise UserError(f"{shards}: {outside[0]} is outside of the preset's folder")


def _tower(backbone: Any) -> _Tower:
    kind = type(backbone).__name__
    if kind == "CLIPBackbone":
        tokens = backbone.vision_encoder.output
        embedding = backbone.vision_projection(backbone.vision_pooler(tokens))
        return _Tower(backbone.vision_encoder, tokens, 1, embedding)
    if kind == "SigLIPBackbone":
        vision = backbone.vision_encoder
        return _Tower(vision, vision.post_layer_norm.output, 0, vision.output)
    tokens = backbone.output
    if kind == "DINOV2Backbone":
        return _Tower(backbone, tokens, 1 + backbone.num_register_tokens, tokens[:, 0])
    if kind == "ViTBackbone":
        return _Tower(
            backbone, tokens, int(backbone.use_class_token), tokens[:, 0] if backbone.use_class_token else None
        )
    raise UserError(f"expected a preset of {', '.join(FAMILIES)}. Received: {kind}")


def _network(tower: _Tower) -> keras.Model:
    """From pixels as the preset wants them to `regions` and `pooled`."""
    patch, (height, width, _) = tower.model.patch_size, tower.model.image_shape
    rows, columns = (
        side // part for side, part in zip((height, width), np.broadcast_to(patch, 2).tolist(), strict=True)
    )
    # By hand, since the shape that keras-hub declares for SigLIP's tokens counts one too many.
    patches = tower.tokens[:, tower.leading :] if tower.leading else tower.tokens
    grid = keras.ops.reshape(patches, (-1, rows, columns, patches.shape[-1]))
    outputs = [layers.Identity(name="regions")(grid)]
    if tower.pooled is not None:
        outputs.append(layers.Identity(name="pooled")(tower.pooled))
    return keras.Model(tower.model.inputs[0], outputs, name=type(tower.model).__name__.lower())


def _resize_of(converter: Any) -> str:
    """What the converter does, under its name in `kerasmm.data.resizing`."""
    if converter.pad_to_aspect_ratio:
        # A strip would become a square of its longer side.
        raise UserError("pictures that are padded to an aspect ratio (`pad_to_aspect_ratio`) aren't supported")
    # Interpolations and scales that there are none of raise only when they are used.
    converter(np.zeros((1, 2, 2, 3), "uint8"))
    shape = "cut" if converter.crop_to_aspect_ratio else "squash"
    return " ".join(["keras", shape, converter.interpolation, *(["antialias"] if converter.antialias else [])])


def _rescaled(converter: Any) -> Any:
    scale = 1.0 if converter.scale is None else converter.scale
    offset = 0.0 if converter.offset is None else converter.offset

    def pixels(images: keras.KerasTensor) -> keras.KerasTensor:
        return layers.Rescaling(scale, offset, dtype="float32", name="pixels")(images)

    return pixels


def _loaded(
    hub: Any, preset: str, load_weights: bool, image_size: tuple[int, int] | None
) -> tuple[Backbone, tuple[int, int], str]:
    converter = hub.layers.ImageConverter.from_preset(preset)
    size = image_size or converter.image_size
    # Only DINOv2 takes pictures of other sizes than it was saved with: its positions are interpolated.
    other = type(converter).__name__ == "DINOV2ImageConverter" and size is not None
    more = {"image_shape": (*size, 3)} if other else {}
    tower = _tower(hub.models.Backbone.from_preset(preset, load_weights=load_weights, **more))
    height, width, channels = tower.model.image_shape
    if channels != 3 or size not in (None, (height, width)):
        raise UserError(f"its network takes pictures of {height} x {width} x {channels}, not {size}")
    network = _network(tower)
    broken = [w.path for w in network.weights if not np.isfinite(keras.ops.convert_to_numpy(w)).all()]
    if broken:
        raise UserError(f"no finite values for {broken[0]}")
    pooled = "pooled" if tower.pooled is not None else None
    found = Backbone(network, "regions", ("regions",), pooled=pooled, pixels=_rescaled(converter))
    return found, (height, width), _resize_of(converter)


def hub_preset(
    spec: Spec, weights: str | Path | None, image_size: tuple[int, int] | None, resize: str
) -> tuple[Backbone, tuple[int, int], str]:
    """The picture's side of a preset of keras-hub.

    Regions are the tokens of the patches after the last normalisation. `pooled` is CLIP's projected embedding, the attention
    pooling of SigLIP, the class token of DINOv2 and ViT; of a ViT without one the mean of the regions.

    Args:
        spec: With a preset.
        weights: `"imagenet"` for those of the preset; the folder where the preset is now; or None for an untrained network.
        image_size: Height and width in pixels; by default what the preset says.
        resize: `"squash"`, which gives way to what the preset says, or just that.

    Returns:
        The backbone, its picture size, and how pictures are brought to it (see `kerasmm.data.resizing`).

    Raises:
        UserError: If keras-hub isn't installed, or the preset can't be had or is of another kind.
    """
    assert spec.preset is not None
    hub, preset = _library(), spec.preset
    if weights is not None and weights != "imagenet":
        preset = str(weights)
        if not Path(preset).is_dir():
            raise UserError(f"{preset}: expected the folder of a preset, whose weights those of {spec.network} are")
    _check_name(hub, preset)
    try:
        _check_files(preset)
        backbone, size, own = _loaded(hub, preset, weights is not None, image_size)
    except UserError as error:
        prefix = f"image encoder {PRESET}{preset}: "
        raise error if str(error).startswith((prefix, preset)) else UserError(f"{prefix}{error}") from error
    except Exception as error:
        # keras-hub and its downloads raise whatever went wrong; whatever it is, the preset can't be had.
        raise UserError(f"image encoder {PRESET}{preset}: can't be loaded: {_line(error)}") from error
    if resize not in ("squash", own):
        raise UserError(
            f"image encoder {spec}: its pictures are resized as the preset says ({own}). Received: resize={resize!r}"
        )
    return backbone, size, own
