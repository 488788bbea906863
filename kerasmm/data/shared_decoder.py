"""Pictures decoded by a graph that all data sets of the process share."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import tensorflow as tf

from kerasmm.data.images import decode_images


def decode_shared(encoded: tf.Tensor, size: tuple[int, int], resize: str = "squash") -> tuple[tf.Tensor, tf.Tensor]:
    """What `decode_images` returns, in the graph of a `tf.data.Dataset` of this process.

    Whoever goes through a data set anew has its graph made ready anew, which for the few thousand operations of the decoder
    takes a second of a processor, at every epoch and validation. This one is made ready once for each size. It leaves the
    data set's graph for Python and so is for no graph that is saved.

    Args:
        encoded: `(batch,)` strings.
        size: Height and width in pixels.
        resize: See `decode_images`.
    """
    with tf.init_scope():
        decoder = _decoder(size, resize)

    def decoded(pictures: np.ndarray) -> list[np.ndarray]:
        return [np.asarray(found) for found in decoder(tf.constant(pictures, tf.string))]

    images, valid = tf.numpy_function(decoded, [encoded], [tf.float32, tf.bool], stateful=False)
    return tf.ensure_shape(images, (*encoded.shape, *size, 3)), tf.ensure_shape(valid, encoded.shape)


@functools.lru_cache(maxsize=8)
def _decoder(size: tuple[int, int], resize: str) -> Any:
    graph = tf.function(lambda encoded: decode_images(encoded, size, resize), autograph=False)
    decoder = graph.get_concrete_function(tf.TensorSpec((None,), tf.string))
    # Two batches that are made at once would both make it ready.
    decoder(tf.constant([b""]))
    return decoder
