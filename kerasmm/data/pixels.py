"""One picture's bytes to its pixels in the graph, of operations that a stock TensorFlow Serving has.

In three steps. `parts_of` reads what the file says and never fails; `decoded` bounds the size, calls the decoder, and
raises for what is damaged; `shown` turns it upright and puts it on white. Only the second needs a guard, which costs by
the number of its operations.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from kerasmm.data.bmp_graph import bmp_is_whole, bmp_pixels, bmp_sides, on_white
from kerasmm.data.exif import JPEG_MAGIC, PNG_MAGIC
from kerasmm.data.exif_graph import exif_of_jpeg, number, orientation_of, png_parts, turned
from kerasmm.data.gif_graph import first_frame, on_canvas
from kerasmm.data.jpeg_scans import too_many_scans_in_graph
from kerasmm.data.opening import MAX_SIDE

JPEG, PNG, LAYERED_PNG, GIF, BMP, NONE = range(6)
_MAGICS = ((JPEG_MAGIC,), (PNG_MAGIC,), (b"GIF87a", b"GIF89a"), (b"BM",))


class Parts(NamedTuple):
    """What a file says of its picture.

    Args:
        kind: `JPEG`, `PNG`, `LAYERED_PNG` (some of it is transparent), `GIF`, `BMP` or `NONE`, int32.
        encoded: What its decoder gets; of a GIF the first frame.
        sides: Declared height and width, `(2,)` int64; those of a JPEG its decoder reads.
        orientation: 1 … 8, int32; see `kerasmm.data.exif`.
        corner: Where the frame of a GIF begins, `(2,)` int32.
    """

    kind: tf.Tensor
    encoded: tf.Tensor
    sides: tf.Tensor
    orientation: tf.Tensor
    corner: tf.Tensor


# Traced once a process, not in every graph that decodes: what is read of all formats takes a second.
_PICTURE = tf.TensorSpec((), tf.string)
_PARTS = Parts(
    tf.TensorSpec((), tf.int32),
    _PICTURE,
    tf.TensorSpec((2,), tf.int64),
    *map(tf.TensorSpec, ((), (2,)), (tf.int32,) * 2),
)


@tf.function(input_signature=[_PICTURE], autograph=False)
def parts_of(encoded: tf.Tensor) -> Parts:
    """Reads what the bytes of one picture, a scalar string, say of it; whatever they are."""
    upright, corner = tf.constant(1), tf.constant([0, 0])

    def jpeg() -> Parts:
        orientation = orientation_of(exif_of_jpeg(encoded))
        kind = tf.where(too_many_scans_in_graph(encoded), NONE, JPEG)
        return Parts(kind, encoded, tf.constant([0, 0], tf.int64), orientation, corner)

    def png() -> Parts:
        # IHDR is the first chunk: width and height are big-endian at bytes 16 and 20.
        sides = tf.stack([number(encoded, tf.constant(20), 4), number(encoded, tf.constant(16), 4)])
        # Asked for four channels of an opaque PNG of fewer than 8 bits, the decoder makes up a wrong fourth; so only
        # where IHDR declares an alpha channel (colour type 4 or 6), or a tRNS chunk makes colours transparent.
        by_colour, exif = png_parts(encoded)
        layered = by_colour | (number(encoded, tf.constant(25), 1) // 4 % 2 == 1)
        return Parts(tf.where(layered, LAYERED_PNG, PNG), encoded, sides, orientation_of(exif), corner)

    def gif() -> Parts:
        alone, sides, at = first_frame(encoded)
        return Parts(tf.where(alone == b"", NONE, GIF), alone, sides, upright, at)

    def bmp() -> Parts:
        whole = bmp_is_whole(encoded)
        return Parts(tf.where(whole, BMP, NONE), encoded, bmp_sides(encoded), upright, corner)

    def none() -> Parts:
        return Parts(tf.constant(NONE), encoded, tf.constant([0, 0], tf.int64), upright, corner)

    begins = [
        tf.reduce_any(tf.equal(tf.strings.substr(encoded, 0, len(magics[0])), tf.constant(magics)))
        for magics in _MAGICS
    ]
    branch = tf.argmax(tf.stack([*begins, True]), output_type=tf.int32)
    found: Parts = tf.switch_case(branch, [jpeg, png, gif, bmp, none])
    return found


def decoded(parts: Parts, max_pixels: int, ratio: int = 1) -> tf.Tensor:
    """The pixels `(h, w, 3)` of the decoder, uint8, as they lie in the file; those of a BMP are left to `shown`.

    Raises (in the graph) for what is no picture, is damaged, or declares too many pixels.

    Args:
        parts: Of the picture.
        max_pixels: How many pixels are too many, before it is decoded.
        ratio: Of a JPEG only every so many pixels are made, averaged: 1, 2, 4 or 8.
    """
    sides = tf.cond(
        parts.kind == JPEG,
        lambda: tf.cast(tf.io.extract_jpeg_shape(parts.encoded)[:2], tf.int64),
        lambda: tf.identity(parts.sides),
    )
    fits = tf.reduce_all((sides > 0) & (sides <= MAX_SIDE)) & (sides[0] * sides[1] <= max_pixels)
    bounded = tf.debugging.Assert((parts.kind != NONE) & fits, ["no picture, or one that declares too many pixels"])
    with tf.control_dependencies([bounded]):
        # Through an identity, so that no decoder can start before the bound has held.
        encoded = tf.identity(parts.encoded)

    def layered() -> tf.Tensor:
        image = tf.io.decode_png(encoded, channels=4)
        return on_white(image[..., :3], image[..., 3:])

    def plain() -> tf.Tensor:
        if ratio > 1:
            return tf.io.decode_jpeg(encoded, channels=3, ratio=ratio)
        return tf.io.decode_image(encoded, channels=3, expand_animations=False)

    def nothing() -> tf.Tensor:
        with tf.control_dependencies([encoded]):
            return tf.zeros((1, 1, 3), tf.uint8)

    # By kind: one of the three.
    branch = tf.gather([0, 0, 1, 0, 2, 2], parts.kind)
    return tf.ensure_shape(tf.switch_case(branch, [plain, layered, nothing]), (None, None, 3))


@tf.function(input_signature=[_PARTS, tf.TensorSpec((None, None, 3), tf.uint8)], autograph=False)
def shown(parts: Parts, image: tf.Tensor) -> tf.Tensor:
    """The picture `(h, w, 3)`, uint8, as a viewer shows it, given what `decoded` made of it."""
    branches = [
        lambda: turned(image, parts.orientation),
        lambda: on_canvas(image, parts.sides, parts.corner),
        lambda: bmp_pixels(parts.encoded),
    ]
    branch = tf.gather([0, 0, 0, 1, 2, 0], parts.kind)
    return tf.ensure_shape(tf.switch_case(branch, branches), (None, None, 3))
