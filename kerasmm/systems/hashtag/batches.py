"""Batches of hashtag: pictures with a tag of theirs that is drawn anew each time, and who posted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.systems.batches import Batch, Batches
from kerasmm.systems.hashtag.observed import candidates, repeated_keys

if TYPE_CHECKING:
    from kerasmm.data.records import Records
    from kerasmm.systems.hashtag.posts import Posts


def drawn_tags(tags: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """One of each row's tags uniformly at random (sections 3.1 and 3.2).

    Args:
        tags: `(n, most)` ids, below 0 behind a row's own.
        seed: `(2,)` integers for the stateless draw.

    Returns:
        `(n,)` ids, below 0 where a row has none.
    """
    count = tf.reduce_sum(tf.cast(tags >= 0, tf.int32), axis=1)
    chance = tf.random.stateless_uniform(tf.shape(count), seed)
    # A product may round up to the count.
    place = tf.minimum(tf.cast(chance * tf.cast(count, tf.float32), tf.int32), tf.maximum(count - 1, 0))
    return tf.gather(tags, place, axis=1, batch_dims=1)


class AgnosticBatches(Batches):
    """First stage: every post once an epoch, with a drawn tag and all of them.

    Args:
        records: The training split.
        posts: What parses its posts.
        size: Posts a batch.
        seed: Of every order, and of the draws.
        among: Rows to draw from; None: all.
    """

    def __init__(self, records: Records, posts: Posts, size: int, seed: int, among: np.ndarray | None = None) -> None:
        super().__init__(records, size, seed)
        self.posts, self.among = posts, among

    @property
    def available(self) -> int:
        return super().available if self.among is None else len(self.among)

    def rows(self, epoch: int) -> np.ndarray:
        drawn = super().rows(epoch)
        return drawn if self.among is None else self.among[drawn]

    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        inputs, found = self.drawn(epoch, step, rows)
        return inputs, {name: found[name] for name in ("tag", "tags", "draw")}

    def drawn(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> tuple[batches.Tensors, batches.Tensors]:
        """Inputs of the model, and posts as `Posts.parsed` gives them with a drawn `tag` `(n,)`, and `draw` `(n, 2)`, in each
        row the same integers, for what a loss draws.
        """
        found = self.posts.parsed(self.read(rows))
        seed = self.draw(epoch, step)
        tag = drawn_tags(found["tags"], seed)
        small = tf.cast(seed % (1 << 31), tf.int32)
        found |= {"tag": tag, "draw": tf.tile(small[None], [tf.shape(tag)[0], 1])}
        return {self.posts.picture_input: found["picture"], "tag": tf.maximum(tag, 0)}, found


class TripletBatches(AgnosticBatches):
    """Second stage: triplets of a picture, a drawn tag and the user, and what may stand for their parts.

    Args:
        records: The training split.
        posts: What parses its posts.
        size: Posts a batch.
        seed: Of every order, and of the draws.
        among: Rows to draw from; None: all.
    """

    def __init__(self, records: Records, posts: Posts, size: int, seed: int, among: np.ndarray | None = None) -> None:
        super().__init__(records, posts, size, seed, among)
        self.elsewhere = tf.constant(repeated_keys(records, posts))

    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        inputs, found = self.drawn(epoch, step, rows)
        truth = candidates(found["fingerprint"], found["user"], found["tag"], found["tags"], self.elsewhere)
        return {**inputs, "user": found["user"]}, {"truth": truth, "draw": found["draw"]}
