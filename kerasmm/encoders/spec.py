"""How an image encoder is named: `network` or `network@map`. Imports nothing heavy, so that bad names answer at once."""

from __future__ import annotations

import dataclasses
import re

from kerasmm.console import UserError, nearest

OWN = {"efficientnet_lite0": 224, "small": 64}
"""Our networks and the side of the pictures they are made for."""

APPLICATIONS = {
    **dict.fromkeys(("convnexttiny", "convnextsmall", "convnextbase", "convnextlarge", "convnextxlarge"), 224),
    **dict.fromkeys(("densenet121", "densenet169", "densenet201"), 224),
    "efficientnetb0": 224,
    "efficientnetb1": 240,
    "efficientnetb2": 260,
    "efficientnetb3": 300,
    "efficientnetb4": 380,
    "efficientnetb5": 456,
    "efficientnetb6": 528,
    "efficientnetb7": 600,
    "efficientnetv2b0": 224,
    "efficientnetv2b1": 240,
    "efficientnetv2b2": 260,
    "efficientnetv2b3": 300,
    "efficientnetv2s": 384,
    "efficientnetv2m": 480,
    "efficientnetv2l": 480,
    **dict.fromkeys(("inceptionresnetv2", "inceptionv3", "xception"), 299),
    **dict.fromkeys(("mobilenet", "mobilenetv2", "mobilenetv3large", "mobilenetv3small"), 224),
    "nasnetlarge": 331,
    "nasnetmobile": 224,
    **dict.fromkeys(("resnet50", "resnet101", "resnet152", "resnet50v2", "resnet101v2", "resnet152v2"), 224),
    **dict.fromkeys(("vgg16", "vgg19"), 224),
}
"""The networks of `keras.applications` in lower case and the side of the pictures they are made for."""

POOLED = "pooled"

_LONGEST = 200

PRESET = "keras_hub:"
"""What the name of a preset of keras-hub begins with."""


@dataclasses.dataclass(frozen=True)
class Spec:
    """A parsed encoder name.

    Args:
        network: Lower-case name, a key of `OWN` or `APPLICATIONS`; or `keras_hub:` and the name or folder of a preset.
        map: What of the network is wanted: "" (its own default), `pooled`, a grid such as `14x14`, or a layer's name.
    """

    network: str
    map: str = ""

    def __str__(self) -> str:
        return f"{self.network}@{self.map}" if self.map else self.network

    @property
    def grid(self) -> tuple[int, int] | None:
        """Height and width where the map is named by its grid."""
        match = re.fullmatch(r"([1-9]\d{0,3})x([1-9]\d{0,3})", self.map)
        return (int(match[1]), int(match[2])) if match else None

    @property
    def preset(self) -> str | None:
        """Name or folder of the preset of keras-hub; None for other networks."""
        return self.network.removeprefix(PRESET) if self.network.startswith(PRESET) else None

    @property
    def image_size(self) -> tuple[int, int]:
        """Height and width of the pictures that the network is made for. Of a preset only the preset knows."""
        side = {**OWN, **APPLICATIONS}[self.network]
        return side, side


def parse_spec(text: str) -> Spec:
    """Parses the name of an image encoder; whether the map exists is known only when the network is built.

    Raises:
        UserError: If no network has that name.

    Example:

    >>> parse_spec("VGG16@block4_pool")
    Spec(network='vgg16', map='block4_pool')
    """
    if text.strip().startswith(PRESET):
        return _preset_spec(text.strip())
    if len(text) > _LONGEST:
        raise UserError(f"image encoder {text[:_LONGEST]!r}…: no network's name has {len(text):,} characters")
    network, at, wanted = text.strip().partition("@")
    network, wanted = network.strip().lower(), wanted.strip()
    known = [*OWN, *APPLICATIONS]
    if network not in known:
        raise UserError(
            f"unknown image encoder {text!r}.{nearest(network, known)} "
            f"Expected {', '.join(OWN)}, a network of keras.applications or {PRESET}PRESET, alone or followed by @map"
        )
    if at and not wanted:
        raise UserError(f"image encoder {text!r}: expected a layer, a grid such as 14x14, or `pooled` after @")
    return Spec(network, wanted)


def _preset_spec(text: str) -> Spec:
    network, at, wanted = text.rpartition("@")
    if not at or "/" in wanted:
        # An @ in the name of a folder.
        network, at, wanted = text, "", ""
    if network == PRESET or (at and not wanted):
        raise UserError(
            f"image encoder {text!r}: expected the name or the folder of a preset after {PRESET}, alone or followed by "
            f"@{POOLED} or a grid such as @14x14"
        )
    return Spec(network, wanted)
