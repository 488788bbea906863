"""The first frame of a GIF in the graph: cut out of the file, on white, so that neither frames nor colours surprise.

The decoder of TensorFlow reads every frame of an animation before it gives the first one, shows what is transparent
as black, and shifts a frame that doesn't begin in the corner. So it gets a file of the first frame alone.
"""

from __future__ import annotations

import tensorflow as tf

_MOST_BLOCKS = 1 << 18
"""Blocks of 255 bytes at most; more than any frame within the bound of pixels has."""
_SMALLEST, _FEW_BLOCKS = 64, 1 << 12
"""Bytes that a block has on average where there are more than a few: programs fill them, and each costs a step."""

_EXTENSION, _CONTROL, _FRAME = 0x21, 0xF9, 0x2C


def first_frame(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Of a GIF a file with the first frame alone, height and width of the canvas, and the frame's top and left.

    The file is empty where there is no whole frame. The sides are int64, the corner int32.
    """
    # Zeros behind the end, so that whatever a broken file points to can be read.
    data = tf.cast(tf.io.decode_raw(tf.strings.join([encoded, b"\0" * 1024]), tf.uint8), tf.int32)
    length = tf.strings.length(encoded)
    most = tf.clip_by_value(length // _SMALLEST, _FEW_BLOCKS, _MOST_BLOCKS)
    at, control = _descriptor(data, length, most)
    tables, local = _table(data[10]), _table(data[at + 9])
    start = at + 10 + local
    # One byte of code size, then blocks up to an empty one.
    (end,) = tf.while_loop(
        lambda place: data[place] != 0,
        lambda place: (place + 1 + data[place],),
        (start + 1,),
        maximum_iterations=most,
    )
    whole = (data[at] == _FRAME) & (end < length) & (data[end] == 0)
    clear = (control > 0) & (data[control + 3] % 2 == 1)
    index = data[control + 6]

    def table(first: tf.Tensor, size: tf.Tensor, used: tf.Tensor) -> tf.Tensor:
        """A table of colours, white in place of what is transparent."""
        place = first + 3 * index
        return tf.cond(
            clear & used & (3 * index < size),
            lambda: tf.strings.join(
                [_cut(encoded, first, place), b"\xff\xff\xff", _cut(encoded, place + 3, first + size)]
            ),
            lambda: _cut(encoded, first, first + size),
        )

    def alone() -> tf.Tensor:
        return tf.strings.join(
            [
                _cut(encoded, 0, 13),
                table(tf.constant(13), tables, local == 0),
                b",\0\0\0\0",
                _cut(encoded, at + 5, at + 10),
                table(at + 10, local, local > 0),
                _cut(encoded, start, end + 1),
                b";",
            ]
        )

    corner = tf.stack([_two(data, at + 3), _two(data, at + 1)])
    frame = tf.stack([_two(data, at + 7), _two(data, at + 5)])
    screen = tf.stack([_two(data, 8), _two(data, 6)])
    sides = tf.cast(tf.maximum(screen, corner + frame), tf.int64)
    return tf.cond(whole, alone, lambda: tf.constant(b"")), sides, corner


def on_canvas(image: tf.Tensor, sides: tf.Tensor, corner: tf.Tensor) -> tf.Tensor:
    """The frame `(h, w, 3)` in its place on a white canvas."""
    before = tf.stack([corner[0], corner[1], 0])
    behind = tf.concat([tf.cast(sides, tf.int32), [3]], 0) - before - tf.shape(image)
    return tf.pad(image, tf.stack([before, behind], axis=1), constant_values=tf.constant(255, tf.uint8))


def _descriptor(data: tf.Tensor, length: tf.Tensor, most: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where the first frame is described, and where the block that controls it begins; 0 without one."""

    def goes_on(at: tf.Tensor, inside: tf.Tensor, control: tf.Tensor) -> tf.Tensor:
        return (at < length) & (inside | (data[at] == _EXTENSION))

    def step(at: tf.Tensor, inside: tf.Tensor, control: tf.Tensor) -> tuple[tf.Tensor, ...]:
        controls = ~inside & (data[at + 1] == _CONTROL) & (data[at + 2] == 4)
        size = data[at]
        return at + tf.where(inside, size + 1, 2), ~inside | (size != 0), tf.where(controls, at, control)

    start = (13 + _table(data[10]), tf.constant(False), tf.constant(0))
    at, inside, control = tf.while_loop(goes_on, step, start, maximum_iterations=most)
    # Behind the end there is no frame.
    return tf.where(inside, length, tf.minimum(at, length)), control


def _two(data: tf.Tensor, at: tf.Tensor | int) -> tf.Tensor:
    return data[at] + 256 * data[at + 1]


def _table(flags: tf.Tensor) -> tf.Tensor:
    """Bytes of the table of colours that `flags` declare."""
    return tf.where(flags >= 128, 3 * tf.bitwise.left_shift(2, flags % 8), 0)


def _cut(encoded: tf.Tensor, start: tf.Tensor | int, end: tf.Tensor) -> tf.Tensor:
    return tf.strings.substr(encoded, start, end - start)
