"""BMP in the graph: the decoder of TensorFlow takes palettes for grey, and few of the others."""

from __future__ import annotations

import functools

import tensorflow as tf

from kerasmm.data.exif_graph import number

_HEADER = 40
"""Bytes of the smallest header that Windows has written since 3.0."""

_PLAIN, _MASKS = 0, 3
_BITS = (1, 2, 4, 8, 16, 24, 32)


def bmp_sides(encoded: tf.Tensor) -> tf.Tensor:
    """Declared height and width, int64."""
    return tf.stack([tf.abs(_signed(encoded, 22)), _little(encoded, 18, 4)])


def bmp_is_whole(encoded: tf.Tensor) -> tf.Tensor:
    """Whether it is of a kind that `bmp_pixels` takes, and none of it is missing."""
    bits, compression, start, header = _header(encoded)
    aligned = (compression == _PLAIN) | (bits == 16) | _in_bytes(encoded)
    known = tf.reduce_any(bits == tf.constant(_BITS, tf.int64)) & (compression == _PLAIN)
    known |= (compression == _MASKS) & ((bits == 16) | (bits == 32))
    height, width = tf.unstack(bmp_sides(encoded))
    size = (width * bits + 31) // 32 * 4 * height
    length = tf.cast(tf.strings.length(encoded), tf.int64)
    return known & aligned & (header >= _HEADER) & (start >= 14 + header) & (width > 0) & (start + size <= length)


def bmp_pixels(encoded: tf.Tensor) -> tf.Tensor:
    """Pixels `(h, w, 3)`, uint8, of a BMP that is whole."""
    height, width = tf.unstack(bmp_sides(encoded))
    bits, compression, start, header = _header(encoded)
    stride = (width * bits + 31) // 32 * 4
    rows = tf.strings.substr(encoded, tf.cast(start, tf.int32), tf.cast(stride * height, tf.int32))
    lines = tf.reshape(tf.io.decode_raw(rows, tf.uint8), tf.stack([height, stride]))
    # Rows come from the bottom, unless the height is negative.
    lines = tf.cond(_signed(encoded, 22) > 0, lambda: tf.reverse(lines, [0]), lambda: tf.identity(lines))

    def words(size: int) -> tf.Tensor:
        return tf.reshape(lines[:, : size * width], tf.stack([height, width, size]))

    def by_palette(depth: int) -> tf.Tensor:
        """Each byte brings the colours of its `8 / depth` pixels."""
        parts = 8 // depth
        after = 14 + header
        colours = tf.strings.substr(encoded, tf.cast(after, tf.int32), tf.cast(start - after, tf.int32))
        table = tf.io.decode_raw(tf.strings.join([colours, b"\0" * 1024]), tf.uint8)[:1024]
        table = tf.reshape(table, (256, 4))[:, 2::-1]
        shifts = tf.range(8 - depth, -1, -depth)
        indexes = tf.bitwise.right_shift(tf.range(256)[:, None], shifts) & (2**depth - 1)
        # Of the table only as many colours as the file has; the others are black.
        size = tf.cast((start - after) // 4, tf.int32)
        table = tf.where(tf.range(256)[:, None] < size, table, tf.zeros_like(table))
        whole = tf.gather(tf.gather(table, indexes), tf.cast(lines, tf.int32))
        return tf.reshape(whole, tf.stack([height, stride * parts, 3]))[:, :width]

    def sixteen() -> tf.Tensor:
        values = tf.range(1 << 16)

        def band(place: int, usual: int) -> tf.Tensor:
            mask = tf.cast(tf.where(compression == _MASKS, _little(encoded, 54 + 4 * place, 4), usual), tf.int32)
            lowest = tf.maximum(mask & -mask, 1)
            return (values & mask) // lowest * 255 // tf.maximum(mask // lowest, 1)

        table = tf.stack([band(0, 0x7C00), band(1, 0x3E0), band(2, 0x1F)], axis=1)
        pairs = tf.cast(words(2), tf.int32)
        return tf.gather(tf.cast(table & 255, tf.uint8), pairs[..., 0] + 256 * pairs[..., 1])

    def thirty_two() -> tf.Tensor:
        four = words(4)
        # Alpha is declared by a header that has room for its mask.
        clear = (compression == _MASKS) & (header >= 56) & (_little(encoded, 66, 4) == 0xFF000000)
        colours = four[..., 2::-1]
        return tf.cond(clear, lambda: on_white(colours, four[..., 3:]), lambda: tf.identity(colours))

    def twenty_four() -> tf.Tensor:
        return words(3)[..., ::-1]

    branches = [*(functools.partial(by_palette, depth) for depth in (1, 2, 4, 8)), sixteen, twenty_four, thirty_two]
    branch = tf.argmax(bits == tf.constant(_BITS, tf.int64), output_type=tf.int32)
    return tf.ensure_shape(tf.switch_case(branch, branches), (None, None, 3))


def on_white(colours: tf.Tensor, alpha: tf.Tensor) -> tf.Tensor:
    """Pixels `(h, w, 3)` under their opacity `(h, w, 1)`, uint8, on white."""
    alpha = tf.cast(alpha, tf.uint16)
    mixed = tf.cast(colours, tf.uint16) * alpha + 255 * (255 - alpha)
    return tf.cast((mixed + 127) // 255, tf.uint8)


def _header(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Bits a pixel, compression, where the pixels begin, size of the header."""
    return _little(encoded, 28, 2), _little(encoded, 30, 4), _little(encoded, 10, 4), _little(encoded, 14, 4)


def _in_bytes(encoded: tf.Tensor) -> tf.Tensor:
    """Whether the masks of colours are blue, green, red, a byte each."""
    masks = [_little(encoded, 54 + 4 * place, 4) == 0xFF0000 >> 8 * place for place in range(3)]
    return tf.reduce_all(tf.stack(masks))


def _little(encoded: tf.Tensor, at: int, size: int) -> tf.Tensor:
    return number(encoded, tf.constant(at), size, little=True)


def _signed(encoded: tf.Tensor, at: int) -> tf.Tensor:
    value = _little(encoded, at, 4)
    return tf.where(value >= 1 << 31, value - (1 << 32), value)
