"""A map of attention laid over its picture, as pixels."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageOps

from kerasmm.data.opening import BadPicture, opened

COLOURS = "viridis"
"""Even in lightness and told apart by people with any colour vision."""

_STRENGTHS = (0.35, 0.8)
"""Share of the colours in the mixture, where the weight is least and where it is most; the rest is the picture in grey."""
_SHADOWS = 100.0
"""The darkest grey under the colours: what is dark in a photo must not change what a colour says."""


def picture_pixels(encoded: bytes, side: int) -> np.ndarray | None:
    """A picture as `(h, w, 3)` uint8, its longer side brought to `side`; None when it can't be decoded.

    What is transparent lies on white, as the export sees it.
    """
    try:
        with opened(encoded) as image:
            image.draft("RGB", (side, side))
            layered = image.convert("RGBA")
            whole = Image.alpha_composite(Image.new("RGBA", layered.size, "white"), layered).convert("RGB")
    except BadPicture:
        return None
    scale = side / max(whole.size)
    size = (max(1, round(whole.width * scale)), max(1, round(whole.height * scale)))
    return np.asarray(whole.resize(size, Image.Resampling.LANCZOS))


def weight_scale(maps: Sequence[np.ndarray]) -> tuple[float, float] | None:
    """The weights of the first and the last colour: one scale for all maps, so that they can be compared.

    From the smallest weight to the middle one of the maps' largest weights: one map of a sharp peak leaves the others to
    be read, and half of the maps reach the last colour.
    """
    if not maps:
        return None
    return min(float(one.min()) for one in maps), float(np.median([one.max() for one in maps]))


def smooth(weights: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Weights `(rows, columns)` of regions that tile a picture → `(h, w)` of `size`, smooth, within their range."""
    enlarged = Image.fromarray(weights.astype("float32")).resize((size[1], size[0]), Image.Resampling.BICUBIC)
    # Bicubic curves overshoot.
    return np.clip(np.asarray(enlarged), weights.min(), weights.max())


@functools.cache
def palette() -> np.ndarray:
    """The colours of a scale from 0 to 255, `(256, 3)` in 0 … 255."""
    from matplotlib import colormaps

    colours: np.ndarray = 255 * colormaps[COLOURS](np.linspace(0, 1, 256))[:, :3]
    return colours


def overlaid(picture: np.ndarray, weights: np.ndarray, scale: tuple[float, float]) -> np.ndarray:
    """Lays a map over its picture, and a thin frame around the cell of the largest weight.

    Args:
        picture: `(h, w, 3)`, uint8.
        weights: `(rows, columns)`.
        scale: The weights that the first and the last colour stand for.

    Returns:
        `(h, w, 3)`, uint8.
    """
    low, high = scale
    size = picture.shape[:2]
    shares = np.clip((smooth(weights, size) - low) / max(high - low, 1e-12), 0.0, 1.0)
    colours = palette()[np.rint(255 * shares).astype(int)]
    plain = ImageOps.autocontrast(Image.fromarray(picture).convert("L"), cutoff=1)
    grey = _SHADOWS + (255 - _SHADOWS) / 255 * np.asarray(plain, "float32")
    strength = (_STRENGTHS[0] + (_STRENGTHS[1] - _STRENGTHS[0]) * shares)[..., None]
    mixed = strength * colours + (1 - strength) * grey[..., None]
    image = Image.fromarray(np.rint(mixed).astype("uint8"))
    _frame(image, weights)
    return np.asarray(image)


def _frame(image: Image.Image, weights: np.ndarray) -> None:
    row, column = divmod(int(weights.argmax()), weights.shape[1])
    height, width = image.height / weights.shape[0], image.width / weights.shape[1]
    cell = (column * width, row * height, (column + 1) * width - 1, (row + 1) * height - 1)
    left, top, right, bottom = (round(side) for side in cell)
    line = max(1, round(max(image.size) / 200))
    if right - left < 4 * line or bottom - top < 4 * line:
        return
    draw = ImageDraw.Draw(image)
    # White inside dark: seen on every colour.
    draw.rectangle((left, top, right, bottom), outline=(20, 20, 20), width=line)
    draw.rectangle((left + line, top + line, right - line, bottom - line), outline=(255, 255, 255), width=line)
