"""Picture bytes to pixels in the graph: one function for data preparation, training and serving.

A bad picture never fails its batch: its row comes back grey with `valid` False. Only ops that a stock TensorFlow
Serving has. The decoded size is bounded before decoding, because a small file can declare a huge picture.
"""

from __future__ import annotations

import tensorflow as tf

from kerasmm.data.opening import MAX_PIXELS
from kerasmm.data.pixels import Parts, decoded, parts_of, shown
from kerasmm.data.resizing import RESIZE, is_resize, resized

GREY = 127.5


def decode_images(
    encoded: tf.Tensor, size: tuple[int, int], resize: str = "squash", max_pixels: int = MAX_PIXELS
) -> tuple[tf.Tensor, tf.Tensor]:
    """Decodes and resizes a batch of JPEG, PNG, GIF (the first frame) or BMP bytes, upright by EXIF, on white.

    Args:
        encoded: `(batch,)` strings; the batch may be empty.
        size: Height and width in pixels.
        resize: `"squash"` fills the frame and changes the aspect ratio; `"crop"` keeps it and cuts the centre; or as a
            preset of keras-hub says, see `kerasmm.data.resizing`.
        max_pixels: Refuse pictures that declare more; a side of more than 32,768 is refused as well.

    Returns:
        Images `(batch, height, width, 3)`, float32 in 0 … 255, and `valid` `(batch,)`, False where the bytes are no
        such picture that can be decoded; such rows are grey.

    Raises:
        ValueError: If `resize` is unknown.

    Example:

    >>> images, valid = decode_images(tf.constant([b"not a picture"]), (4, 4))
    >>> images.shape, bool(valid[0])
    (TensorShape([1, 4, 4, 3]), False)
    """
    if not is_resize(resize):
        raise ValueError(f"`resize` must be one of {RESIZE}. Received: resize={resize!r}")
    height, width = size
    blank = (tf.zeros((1, 1, 3), tf.uint8), tf.constant(False))

    def one_row(one: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        parts = parts_of(one)
        # An op that raises ends its whole batch; inside a one-element dataset `ignore_errors` drops just this row. Its
        # function is made ready for each row, so what never raises stays outside.
        good = tf.data.Dataset.from_tensors(tuple(parts)).map(decode).ignore_errors()
        image, valid = good.concatenate(tf.data.Dataset.from_tensors(blank)).take(1).get_single_element()
        image = tf.ensure_shape(image, (None, None, 3))
        image = tf.cond(
            valid, lambda: resized(shown(parts, image), size, resize), lambda: tf.fill((height, width, 3), GREY)
        )
        return tf.ensure_shape(image, (height, width, 3)), valid

    @tf.autograph.experimental.do_not_convert
    def decode(*parts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return decoded(Parts(*parts), max_pixels), tf.constant(True)

    spec = (tf.TensorSpec((height, width, 3), tf.float32), tf.TensorSpec((), tf.bool))
    with tf.device("/CPU:0"):
        images, valid = tf.map_fn(one_row, encoded, fn_output_signature=spec, parallel_iterations=4)
    return images, valid
