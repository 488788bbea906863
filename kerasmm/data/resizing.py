"""How a picture is brought to an encoder's size, by name."""

from __future__ import annotations

import tensorflow as tf

RESIZE = ("squash", "crop")
CROP_SHARE = 224 / 256
"""`crop`: the shorter side becomes 256, then the centre 224 is kept; other sizes keep that proportion."""

AS_KERAS = "keras"
"""First word of the other names, `keras SHAPE KERNEL` or `keras SHAPE KERNEL antialias`: what the image converter of a
preset of keras-hub does. `squash` fills the frame; `cut` first cuts the picture's centre out in the frame's aspect ratio."""

SHAPES = ("squash", "cut")
KERNELS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5", "area")


def is_resize(name: str) -> bool:
    """Whether `resized` knows the name.

    Example:

    >>> is_resize("crop"), is_resize("keras cut bicubic antialias"), is_resize("keras bicubic")
    (True, True, False)
    """
    # No `match`: AutoGraph can't read it, and would say so in every build.
    words = name.split(" ")
    if words[0] != AS_KERAS:
        return name in RESIZE
    return len(words) > 2 and words[1] in SHAPES and words[2] in KERNELS and words[3:] in ([], ["antialias"])


def resized(image: tf.Tensor, size: tuple[int, int], resize: str) -> tf.Tensor:
    """One picture at another size.

    Args:
        image: `(h, w, 3)`, uint8.
        size: Height and width in pixels.
        resize: `"squash"`, `"crop"` or what `is_resize` knows beside them.

    Returns:
        `(*size, 3)`, float32 in 0 … 255.
    """
    if resize.startswith(AS_KERAS):
        image = _as_keras(image, size, resize)
    elif resize == "squash":
        image = tf.image.resize(image, size, antialias=True)
    else:
        image = _cropped(image, size)
    return tf.clip_by_value(image, 0.0, 255.0)


def _cropped(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    sides = tf.cast(tf.shape(image)[:2], tf.float32)
    frame = tf.constant(size, tf.float32)
    scaled = tf.maximum(tf.round(sides * tf.reduce_max(frame / CROP_SHARE / sides)), frame)
    # Resizes and cuts in one, so that the whole of a strip is never held at the larger size.
    return tf.raw_ops.ScaleAndTranslate(
        images=image[None],
        size=tf.constant(size),
        scale=scaled / sides,
        translation=-tf.floor((scaled - frame) / 2),
        kernel_type="triangle",
        antialias=True,
    )[0]


def _as_keras(image: tf.Tensor, size: tuple[int, int], resize: str) -> tf.Tensor:
    """As `keras.layers.Resizing` does it for uint8, which it rounds to."""
    _, shape, kernel, *antialias = resize.split(" ")
    if shape == "cut":
        image = _centre(image, size)
    # Some kernels keep uint8.
    return tf.round(tf.cast(tf.image.resize(image, size, kernel, antialias=bool(antialias)), tf.float32))


def _centre(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """The largest window in the aspect ratio of `size`, rounded as in Keras."""
    sides = tf.shape(image)[:2]
    across = tf.cast(sides[::-1] * tf.constant(size), tf.float32) / tf.constant(size[::-1], tf.float32)
    window = tf.maximum(tf.minimum(sides, tf.cast(across, tf.int32)), 1)
    top = tf.cast(tf.cast(sides - window, tf.float32) / 2, tf.int32)
    return image[top[0] : top[0] + window[0], top[1] : top[1] + window[1]]
