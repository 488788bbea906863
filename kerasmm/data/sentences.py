"""Sentences of posts: read one after the other, numbered, and drawn in batches of like length."""

from __future__ import annotations

import dataclasses

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.data.records import Records

READ = 256
"""Posts that are read at a time."""


def sentence_batches(records: Records) -> tf.data.Dataset:
    """All sentences of a split in reading order, some posts at a time.

    Returns:
        Batches of `post` `(n,)` int64, the row of the post, `place` `(n,)` int64, the sentence's place in it from 0,
        `text` `(n,)`, `tags` `(n,)`, its pseudo-tags joined by spaces ("" where the data set has none) and `id` `(n,)`,
        the post's.
    """
    read = batches.reader(records)

    def flat(rows: tf.Tensor) -> dict[str, tf.Tensor]:
        parsed = batches.parse(read(rows), lists=("post/id", "sentences", "sentences/tags"))
        sentences = parsed["sentences"]
        owner = sentences.value_rowids()
        place = tf.range(tf.shape(sentences.flat_values, tf.int64)[0]) - tf.gather(sentences.row_starts(), owner)
        return {
            "post": tf.gather(rows, owner),
            "place": place,
            "text": sentences.flat_values,
            "tags": nth(parsed["sentences/tags"], owner, place),
            "id": tf.gather(parsed["post/id"].flat_values, owner),
        }

    rows = batches.row_batches(np.arange(len(records)), READ)
    return batches.made_of(rows, flat)


def nth(lists: tf.RaggedTensor, rows: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
    """The string at a place of a row, for `(n,)` rows and places; "" where the row is shorter."""
    there = places < tf.gather(lists.row_lengths(), rows)
    values = tf.concat([lists.flat_values, [""]], axis=0)
    last = tf.shape(values, tf.int64)[0] - 1
    return tf.gather(values, tf.where(there, tf.gather(lists.row_starts(), rows) + places, last))


@dataclasses.dataclass(frozen=True)
class Sentences:
    """Where each sentence of a split stands and how long it is; ten bytes a sentence.

    Args:
        posts: `(n,)` row of the post.
        places: `(n,)` place in the post.
        lengths: `(n,)` steps that the sentence takes.
    """

    posts: np.ndarray
    places: np.ndarray
    lengths: np.ndarray

    def __len__(self) -> int:
        return len(self.posts)


def bucketed(order: np.ndarray, lengths: np.ndarray, batch_size: int, pool: int, seed: list[int]) -> np.ndarray:
    """Batches of sentences of like length, so that few steps go to padding.

    The order of the epoch is cut into pools of `pool` batches; in each, sentences are sorted by length and cut into
    batches, and the batches are shuffled. So a batch holds what chance brought into its pool. Sentences that don't fill
    a batch are left out; which, changes with the order.

    Args:
        order: The sentences in the order of the epoch.
        lengths: Of all sentences.
        batch_size: Sentences a batch.
        pool: Batches a pool; 1 leaves the order as it is.
        seed: Of the order of batches.

    Returns:
        `(batches, batch_size)` numbers of sentences.

    Example:

    >>> bucketed(np.array([3, 0, 2, 1]), np.array([9, 2, 9, 2]), 2, 2, [0]).tolist() in ([[3, 1], [0, 2]], [[0, 2], [3, 1]])
    True
    """
    steps = len(order) // batch_size
    found = []
    for start in range(0, steps, pool):
        chunk = order[start * batch_size : min(start + pool, steps) * batch_size]
        ordered = chunk[np.argsort(lengths[chunk], kind="stable")]
        found.append(ordered.reshape(-1, batch_size))
    if not found:
        return np.zeros((0, batch_size), order.dtype)
    joined = np.concatenate(found)
    return joined[np.random.default_rng(seed).permutation(len(joined))] if pool > 1 else joined
