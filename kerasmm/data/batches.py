"""From rows to batches: random-access reading and parsing of posts inside tf.data.

    rows  ──read──▶  serialized posts  ──parse──▶  tensors by field

The order of an epoch is a permutation drawn from (seed, epoch), so a training that stopped in mid-epoch goes on at the
very next batch. What is in memory at a time is a few batches, whatever the size of the data set.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from kerasmm.data.records import Records
from kerasmm.data.shared_decoder import decode_shared

Tensors = dict[str, tf.Tensor]

FINGERPRINTS = 1 << 62


def epoch_order(size: int, seed: int, epoch: int) -> np.ndarray:
    """The rows of a split in the order of one epoch."""
    return np.random.default_rng([seed, epoch]).permutation(size)


def row_batches(rows: np.ndarray, batch_size: int, drop_remainder: bool = False) -> tf.data.Dataset:
    """Batches of row numbers, int64."""
    return tf.data.Dataset.from_tensor_slices(rows.astype("int64")).batch(batch_size, drop_remainder=drop_remainder)


def made_of(rows: tf.data.Dataset, make: Callable[[tf.Tensor], Any]) -> tf.data.Dataset:
    """What a graph function makes of batches of row numbers, two of them ahead, in their order."""
    # As it stands: AutoGraph would take a second or two to find no loop over tensors in it.
    make = tf.autograph.experimental.do_not_convert(make)
    return rows.map(make, num_parallel_calls=2, deterministic=True).prefetch(2)


def reader(records: Records) -> Callable[[tf.Tensor], tf.Tensor]:
    """A graph function: rows `(n,)` → serialized posts `(n,)`."""

    def read(rows: np.ndarray) -> np.ndarray:
        # Object dtype: NumPy's own bytes type would cut trailing zero bytes off.
        found = np.empty(len(rows), object)
        found[:] = records.read(rows)
        return found

    def graph(rows: tf.Tensor) -> tf.Tensor:
        serialized = tf.numpy_function(read, [rows], tf.string, stateful=False)
        return tf.ensure_shape(serialized, rows.shape)

    return graph


@dataclasses.dataclass(frozen=True)
class Picture:
    """How a picture comes into the model: stored features of `features_shape`, or pixels of `size`.

    Exactly one of the two is given.
    """

    features_shape: tuple[int, ...] | None = None
    size: tuple[int, int] | None = None
    resize: str = "squash"

    def __post_init__(self) -> None:
        if (self.features_shape is None) == (self.size is None):
            raise ValueError("Give exactly one of `features_shape` and `size`.")

    @property
    def field(self) -> str:
        """The field of the Post schema that it reads."""
        return "image/features" if self.size is None else "image/encoded"

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one post's picture in the model."""
        return self.features_shape if self.features_shape is not None else (*self.size, 3)  # type: ignore[misc]

    def tensor(self, stored: tf.Tensor) -> tf.Tensor:
        """Stored bytes `(n,)` → `(n, *shape)` float32."""
        if self.size is not None:
            return decode_shared(stored, self.size, self.resize)[0]
        assert self.features_shape is not None
        flat = tf.io.decode_raw(stored, tf.float16)
        return tf.cast(tf.reshape(flat, (-1, *self.features_shape)), tf.float32)


def parse(
    serialized: tf.Tensor,
    picture: Picture | None = None,
    lists: Sequence[str] = (),
    fingerprint: bool = False,
    decode: bool = True,
) -> Tensors:
    """Parses posts.

    Args:
        serialized: `(n,)` serialized `tf.train.Example`s.
        picture: Read the picture this way, as `"picture"`.
        lists: Fields that hold lists of words, e.g. `"tags"`; each comes as a ragged `(n, None)` of strings.
        fingerprint: Also give `"fingerprint"`, int64: equal pictures have equal ones.
        decode: Give the picture itself; else only its fingerprint.
    """
    spec: dict[str, object] = {name: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64) for name in lists}
    if picture is not None:
        # A post without a picture has a grey one, or features that are zero.
        nothing = b"" if picture.features_shape is None else bytes(2 * math.prod(picture.features_shape))
        spec[picture.field] = tf.io.FixedLenFeature((), tf.string, nothing)
    parsed = tf.io.parse_example(serialized, spec)
    tensors = {name: parsed[name] for name in lists}
    if picture is not None:
        if decode:
            tensors["picture"] = picture.tensor(parsed[picture.field])
        if fingerprint:
            tensors["fingerprint"] = tf.strings.to_hash_bucket_fast(parsed[picture.field], FINGERPRINTS)
    return tensors


def word_table(words: Iterable[str]) -> tf.lookup.StaticHashTable:
    """Word → id, -1 where unknown."""
    # A table must not be empty: the last key is no word that data preparation lets through.
    known = [*words, "\0"]
    keys, values = tf.constant(known), tf.constant([*range(len(known) - 1), -1], tf.int64)
    return tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)


def multi_hot(words: tf.RaggedTensor, table: tf.lookup.StaticHashTable, size: int) -> tf.Tensor:
    """Ragged words `(n, None)` → `(n, size)` float32 of zeros and ones; unknown words are left out."""
    ids = table.lookup(words.values)
    rows = tf.cast(words.value_rowids(), tf.int64)
    known = ids >= 0
    places = tf.stack([tf.boolean_mask(rows, known), tf.boolean_mask(ids, known)], axis=1)
    shape = tf.stack([tf.cast(words.nrows(), tf.int64), tf.constant(size, tf.int64)])
    counts = tf.scatter_nd(places, tf.ones(tf.shape(places)[:1], tf.float32), shape)
    return tf.ensure_shape(tf.minimum(counts, 1.0), (None, size))
