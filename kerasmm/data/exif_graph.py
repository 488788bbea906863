"""EXIF's orientation in the graph: the rule of `kerasmm.data.exif`, of operations that a stock server has."""

from __future__ import annotations

import tensorflow as tf

from kerasmm.data.exif import APP1, BEFORE_FRAME, EXIF, MOST_BYTES, MOST_PARTS, ORIENTATION, SHORT

_END = tf.int64.max


def number(content: tf.Tensor, at: tf.Tensor, size: int, little: bool = False) -> tf.Tensor:
    """The whole number of `size` bytes at `at`, int64; bytes behind the end are zeros."""
    at = tf.cast(tf.minimum(tf.cast(at, tf.int64), tf.cast(tf.strings.length(content), tf.int64)), tf.int32)
    taken = tf.strings.join([tf.strings.substr(content, at, size), b"\0" * size])
    digits = tf.cast(tf.io.decode_raw(taken, tf.uint8), tf.int64)[:size]
    places = range(size) if little else range(size - 1, -1, -1)
    return tf.reduce_sum(digits * tf.constant([256**place for place in places], tf.int64))


def png_parts(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Of a PNG: whether a chunk tRNS makes colours transparent, and the EXIF, empty where there is none."""
    length = tf.cast(tf.strings.length(encoded), tf.int64)

    def goes_on(at: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return at < length

    def look(at: tf.Tensor, transparent: tf.Tensor, exif: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, ...]:
        held, kind = number(encoded, at, 4), number(encoded, at + 4, 4)
        whole = (at + 12 + held <= length) & (kind != _kind(b"IDAT")) & (kind != _kind(b"IEND"))
        first = whole & (kind == _kind(b"eXIf")) & (exif < 0)
        return (
            tf.where(whole, at + 12 + held, _END),
            transparent | (whole & (kind == _kind(b"tRNS"))),
            tf.where(first, at + 8, exif),
            tf.where(first, held, size),
        )

    start = (tf.constant(8, tf.int64), tf.constant(False), tf.constant(-1, tf.int64), tf.constant(0, tf.int64))
    _, transparent, exif, size = tf.while_loop(goes_on, look, start, maximum_iterations=MOST_PARTS)
    return transparent, _part(encoded, exif, size)


def exif_of_jpeg(encoded: tf.Tensor) -> tf.Tensor:
    """The EXIF of a JPEG, empty where there is none."""
    length = tf.cast(tf.strings.length(encoded), tf.int64)
    known = tf.constant(BEFORE_FRAME, tf.int64)

    def goes_on(at: tf.Tensor, *_: tf.Tensor) -> tf.Tensor:
        return at + 4 <= length

    def look(at: tf.Tensor, exif: tf.Tensor, size: tf.Tensor) -> tuple[tf.Tensor, ...]:
        head = number(encoded, at, 4)
        mark, kind, held = head // 2**24, head // 2**16 % 256, head % 2**16
        whole = (mark == 0xFF) & tf.reduce_any(kind == known) & (held >= 2) & (at + 2 + held <= length)
        named = (held >= 2 + len(EXIF)) & (number(encoded, at + 4, len(EXIF)) == _kind(EXIF))
        found = whole & (kind == APP1) & named
        return (
            tf.where(whole & ~found, at + 2 + held, _END - 4),
            tf.where(found, at + 4 + len(EXIF), exif),
            tf.where(found, held - 2 - len(EXIF), size),
        )

    start = (tf.constant(2, tf.int64), tf.constant(-1, tf.int64), tf.constant(0, tf.int64))
    _, exif, size = tf.while_loop(goes_on, look, start, maximum_iterations=MOST_PARTS)
    return _part(encoded, exif, size)


def orientation_of(tiff: tf.Tensor) -> tf.Tensor:
    """1 … 8 as the EXIF `tiff` says, int32; 1 where it is empty or broken."""

    def read() -> tf.Tensor:
        little = tf.equal(tf.strings.substr(tiff, 0, 4), b"II*\0")
        big = tf.equal(tf.strings.substr(tiff, 0, 4), b"MM\0*")
        return tf.cond(little, lambda: entry(True), lambda: tf.cond(big, lambda: entry(False), lambda: upright))

    def entry(little: bool) -> tf.Tensor:
        length = tf.cast(tf.strings.length(tiff), tf.int64)
        first = number(tiff, tf.constant(4), 4, little)
        entries = number(tiff, first, 2, little)
        whole = (length >= 8) & (first + 2 + 12 * entries <= length)
        at = tf.cast(tf.where(whole, first + 2, 0), tf.int32)
        size = tf.cast(tf.where(whole, 12 * entries, 0), tf.int32)
        digits = tf.cast(tf.io.decode_raw(tf.strings.substr(tiff, at, size), tf.uint8), tf.int64)
        fields = tf.reshape(digits, (-1, 12))

        def column(start: int, width: int) -> tf.Tensor:
            places = range(width) if little else range(width - 1, -1, -1)
            weights = tf.constant([256**place for place in places], tf.int64)
            return tf.reduce_sum(fields[:, start : start + width] * weights, axis=1)

        value = column(8, 2)
        fits = (column(0, 2) == ORIENTATION) & (column(2, 2) == SHORT) & (column(4, 4) == 1)
        fits &= (value >= 1) & (value <= 8)
        # Behind all entries stands what holds where none fits.
        return tf.concat([tf.cast(tf.boolean_mask(value, fits), tf.int32), upright[None]], axis=0)[0]

    upright = tf.constant(1)
    return tf.cond(tf.strings.length(tiff) >= 8, read, lambda: upright)


def turned(image: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Pixels `(h, w, 3)` as EXIF says that they are to be shown."""

    def turn() -> tf.Tensor:
        lying = tf.cond(orientation >= 5, lambda: tf.transpose(image, (1, 0, 2)), lambda: tf.identity(image))
        # By orientation 1 … 8: whether rows, and whether columns, are in reverse.
        rows = tf.gather([False, False, True, True, False, False, True, True], orientation - 1)
        columns = tf.gather([False, True, True, False, False, True, True, False], orientation - 1)
        return tf.reverse(lying, tf.boolean_mask([0, 1], tf.stack([rows, columns])))

    return tf.cond(orientation > 1, turn, lambda: tf.identity(image))


def _kind(name: bytes) -> int:
    return int.from_bytes(name, "big")


def _part(encoded: tf.Tensor, at: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    at, size = tf.maximum(at, 0), tf.minimum(size, MOST_BYTES)
    return tf.strings.substr(encoded, tf.cast(at, tf.int32), tf.cast(size, tf.int32))
