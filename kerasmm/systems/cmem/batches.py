"""Batches of CMEM: posts with their connotations, which may be made noisy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from kerasmm.systems.batches import Batch, Batches

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.cmem.posts import Posts


class PostBatches(Batches):
    """Every post once an epoch.

    Args:
        posts: What makes inputs and targets of posts.
        dataset: Its training split.
    """

    def __init__(self, posts: Posts, dataset: Dataset) -> None:
        super().__init__(dataset.records("train"), posts.config.training.batch_size, posts.seed)
        self.posts = posts

    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        inputs, kept = self.posts.fields(self.read(rows), self.draw(epoch, step))
        return inputs, {"labels": self._noisy(kept["labels"], rows)}

    def _noisy(self, labels: tf.Tensor, rows: tf.Tensor) -> tf.Tensor:
        """A post that is drawn has random labels, as many as its own and the same ones in every epoch."""
        share, size = self.posts.config.labels.noise, len(self.posts.labels)
        if not share:
            return labels

        def chances(row: tf.Tensor) -> tf.Tensor:
            return tf.random.stateless_uniform((1 + size,), tf.stack([tf.cast(self.seed, tf.int64), row]))

        drawn = tf.map_fn(chances, rows, fn_output_signature=tf.TensorSpec((1 + size,), tf.float32))
        places = tf.argsort(tf.argsort(drawn[:, 1:], axis=1), axis=1)
        count = tf.cast(tf.reduce_sum(labels, axis=1, keepdims=True), tf.int32)
        return tf.where(drawn[:, :1] < share, tf.cast(places < count, labels.dtype), labels)
