"""Triplets over links: for each post a random linked post, and random posts of the batch that share no label."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from kerasmm.data.records import Records

IGNORED = -1.0
"""In `triplets`: a place without a sample."""


def linked_rows(
    records: Records, links: tf.RaggedTensor, rows: tf.Tensor, seed: int, epoch: tf.Tensor | int
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws one linked post for each row, and tells which posts of the batch are linked.

    The draw depends on seed, epoch and row only, so it is the same whatever the batch.

    Args:
        records: The split that holds the posts.
        links: `(n, None)` ids; an id that the split doesn't hold is passed over.
        rows: `(n,)` rows of the posts that have these links.
        seed: Seeds the draw.
        epoch: Another epoch draws other posts.

    Returns:
        `(n,)` row of the drawn post, or the post's own row where it has no link; `(n, n)` True where post j is linked
        from post i.
    """

    def draw(ids: np.ndarray, splits: np.ndarray, own: np.ndarray, epoch: np.int64) -> tuple[np.ndarray, np.ndarray]:
        found = records.rows_of(ids.tolist())
        owner = np.repeat(np.arange(len(own)), np.diff(splits))
        owner, found = owner[found >= 0], found[found >= 0]
        # Which links lead into the batch: all of them at once, row by row takes longer than reading the posts.
        order = np.argsort(own)
        place = order[np.minimum(np.searchsorted(own, found, sorter=order), len(own) - 1)]
        linked = np.zeros((len(own), len(own)), bool)
        inside = own[place] == found
        linked[owner[inside], place[inside]] = True
        drawn, ends = own.copy(), np.cumsum(np.bincount(owner, minlength=len(own)))
        for number, (row, start, end) in enumerate(
            zip(own.tolist(), [0, *ends[:-1].tolist()], ends.tolist(), strict=True)
        ):
            if end > start:
                drawn[number] = found[start + np.random.default_rng([seed, int(epoch), row]).integers(end - start)]
        return drawn, linked

    given = [links.values, links.row_splits, rows, tf.cast(epoch, tf.int64)]
    drawn, linked = tf.numpy_function(draw, given, (tf.int64, tf.bool), stateful=False)
    return tf.ensure_shape(drawn, rows.shape), tf.ensure_shape(linked, (rows.shape[0], rows.shape[0]))


def unlike_rows(labels: tf.Tensor, linked: tf.Tensor, count: int, seed: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws posts of the same batch that share no label with a post and aren't linked from it.

    "Not linked" alone is no sign of unlikeness: with 50 sampled links most pairs that share a label are unlinked.

    Args:
        labels: `(n, labels)` multi-hot.
        linked: `(n, n)` True where post j is linked from post i.
        count: Posts to draw for each; all distinct.
        seed: `(2,)` integers for the stateless draw.

    Returns:
        `(n, count)` places in the batch, and `(n, count)` True where there was such a post; n may be below `count`.
    """
    size = tf.shape(labels)[0]
    shared = tf.matmul(labels, labels, transpose_b=True) > 0
    eligible = ~(shared | linked | tf.eye(size, dtype=tf.bool))
    noise = tf.random.stateless_uniform((size, size), seed)
    # Eligible places have noise in (1, 2), others in (0, 1); the padding serves batches smaller than `count`.
    keys = tf.pad(noise + tf.cast(eligible, tf.float32), [[0, 0], [0, count]], constant_values=-1.0)
    keys, places = tf.math.top_k(keys, count)
    there = keys >= 1.0
    return tf.where(there, places, 0), there


def triplet_targets(has_positive: tf.Tensor, has_negative: tf.Tensor) -> tf.Tensor:
    """`(n,)` and `(n, K)` of truths → `(n, 1 + K)`: 1 for the positive, 0 for a negative, `IGNORED` where there is none."""
    positive = tf.where(has_positive, 1.0, IGNORED)[:, None]
    return tf.concat([positive, tf.where(has_negative, 0.0, IGNORED)], axis=1)
