"""Image encoders by name: pixels to a map of regions, or to one pooled vector."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import keras
from keras import layers

from kerasmm.console import UserError, nearest
from kerasmm.encoders import efficientnet_lite
from kerasmm.encoders.applications import application
from kerasmm.encoders.backbone import Backbone, fingerprint, load_keras_weights
from kerasmm.encoders.efficientnet_lite import efficientnet_lite0
from kerasmm.encoders.small import small
from kerasmm.encoders.spec import POOLED, Spec, parse_spec


@dataclasses.dataclass(frozen=True)
class ImageEncoder:
    """A network cut at one of its maps, with its preprocessing inside.

    Args:
        spec: Canonical name; the default map of a network is named by the network alone.
        model: Functional model of float32 pixels 0 … 255, `(batch, height, width, 3)`, to float32 regions
            `(batch, regions, channels)` or a pooled vector `(batch, channels)`. Frozen use is
            `model(images, training=False)`.
        image_size: Height and width in pixels.
        resize: How pictures are brought to that size, see `kerasmm.data.images`.
        feature_shape: `(regions, channels)` or `(channels,)`.
        grid: Height and width of the map in regions, row by row; None for a pooled vector.
        fingerprint: Hex of SHA-256 over the weights; "" when they are untrained.
    """

    spec: str
    model: keras.Model
    image_size: tuple[int, int]
    resize: str
    feature_shape: tuple[int, ...]
    grid: tuple[int, int] | None
    fingerprint: str


def _lite0(weights: str | Path | None, image_size: tuple[int, int]) -> Backbone:
    network = efficientnet_lite0(image_size)
    if weights is not None:
        path = efficientnet_lite.imagenet_weights() if weights == "imagenet" else Path(weights)
        load = efficientnet_lite.load_torch_weights if path.suffix == ".pth" else load_keras_weights
        load(network, path)
    return Backbone(network, efficientnet_lite.BLOCKS[-1], efficientnet_lite.BLOCKS, pooled="pooled")


def _small(weights: str | Path | None, image_size: tuple[int, int]) -> Backbone:
    network = small(image_size)
    if weights is not None:
        load_keras_weights(network, Path(weights))
    maps = tuple(layer.name for layer in network.layers if isinstance(layer, layers.ReLU))
    return Backbone(network, maps[-1], maps)


def _shape(backbone: Backbone, layer: str) -> tuple[int | None, ...]:
    return tuple(backbone.network.get_layer(layer).output.shape)


def _chosen_layer(backbone: Backbone, spec: Spec) -> str:
    if spec.grid:
        fitting = [name for name in backbone.maps if _shape(backbone, name)[1:3] == spec.grid]
        if not fitting:
            grids = sorted({_shape(backbone, name)[1:3] for name in backbone.maps}, reverse=True)
            raise UserError(f"image encoder {spec}: has no such grid. Expected one of {_listed(grids)}")
        return fitting[-1]
    names = [layer.name for layer in backbone.network.layers]
    if spec.map and spec.map not in names:
        raise UserError(f"image encoder {spec}: has no layer of that name.{nearest(spec.map, names)}")
    return spec.map or backbone.default


def _listed(grids: list[tuple[int | None, ...]]) -> str:
    return ", ".join(f"{height}x{width}" for height, width in grids)


def _cut(backbone: Backbone, spec: Spec) -> tuple[Spec, keras.KerasTensor, layers.Layer]:
    """The canonical name, the tensor to cut at, and the layer that brings it into shape.

    The last layer is float32 under every policy, since features are stored and compared.
    """
    network = backbone.network
    if spec.map == POOLED:
        if backbone.pooled:
            return spec, network.get_layer(backbone.pooled).output, layers.Identity(dtype="float32", name="features")
        output = network.get_layer(backbone.default).output
        return spec, output, layers.GlobalAveragePooling2D(dtype="float32", name="features")
    chosen = _chosen_layer(backbone, spec)
    output = network.get_layer(chosen).output
    canonical = Spec(spec.network) if chosen == backbone.default else spec
    if len(output.shape) == 2:
        return canonical, output, layers.Identity(dtype="float32", name="features")
    if len(output.shape) != 4:
        raise UserError(f"image encoder {spec}: expected a layer with a map or a vector, not {tuple(output.shape)}")
    _, height, width, channels = output.shape
    return canonical, output, layers.Reshape((height * width, channels), dtype="float32", name="features")


def _encoder(spec: Spec, backbone: Backbone, size: tuple[int, int], resize: str, trained: bool) -> ImageEncoder:
    canonical, output, last = _cut(backbone, spec)
    network = keras.Model(backbone.network.input, output, name=backbone.network.name)
    images = keras.Input((*size, 3), name="image", dtype="float32")
    features = last(network(backbone.pixels(images)))
    model = keras.Model(images, features, name="image_encoder")
    return ImageEncoder(
        spec=str(canonical),
        model=model,
        image_size=(size[0], size[1]),
        resize=resize,
        feature_shape=tuple(features.shape[1:]),
        grid=tuple(output.shape[1:3]) if len(features.shape) == 3 else None,
        fingerprint=fingerprint(model) if trained else "",
    )


def image_encoder(
    spec: str,
    *,
    weights: str | Path | None = "imagenet",
    image_size: tuple[int, int] | None = None,
    resize: str = "squash",
) -> ImageEncoder:
    """Builds an image encoder by name.

    Args:
        spec: `network` or `network@map`. A network is `efficientnet_lite0` (its 7 x 7 x 320 map before the head),
            `small` (8 x 8 x 64, trained from scratch) or any of `keras.applications` in any case (`vgg16`:
            block5_pool; others: their last map), or `keras_hub:` and the name or folder of a preset of keras-hub (see
            `kerasmm.encoders.hub_presets`). A map is a layer's name, a grid (`14x14`: the last map with that
            grid), or `pooled` (the global mean; of `efficientnet_lite0` the 1280 features of its head).
        weights: `"imagenet"`; a path to a Keras file of weights (`.weights.h5`, `.h5`, `.keras`; for
            `efficientnet_lite0` also `.pth`); or None for an untrained network. `small` has no ImageNet weights and
            stays untrained. A preset has its own, and a path is the folder where the preset is now.
        image_size: Height and width in pixels; by default what the network is made for.
        resize: How pictures are brought to that size, `"squash"` or `"crop"`; see `kerasmm.data.images`. Presets say it themselves.

    Raises:
        UserError: If the name, map, size or weights are not to be had.

    Example:

    >>> image_encoder("efficientnet_lite0@14x14").feature_shape
    (196, 112)
    """
    parsed = parse_spec(spec)
    if image_size is not None and (len(image_size) != 2 or min(image_size) < 1):
        raise UserError(f"image encoder {spec}: expected `image_size` as height and width. Received: {image_size}")
    if parsed.preset:
        # keras-hub takes seconds to import.
        from kerasmm.encoders.hub_presets import hub_preset

        backbone, size, resize = hub_preset(parsed, weights, image_size, resize)
        return _encoder(parsed, backbone, size, resize, weights is not None)
    size = image_size or parsed.image_size
    if parsed.network == "small" and weights == "imagenet":
        weights = None
    if parsed.network == "efficientnet_lite0":
        backbone = _lite0(weights, size)
    elif parsed.network == "small":
        backbone = _small(weights, size)
    else:
        backbone = application(parsed, weights, size)
    return _encoder(parsed, backbone, size, resize, weights is not None)
