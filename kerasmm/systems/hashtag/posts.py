"""What hashtag reads of posts: the picture, who posted it, its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.data import batches

if TYPE_CHECKING:
    from kerasmm.data.batches import Picture
    from kerasmm.data.records import Records

NONE = -1
"""Of a user or a tag that there isn't."""
FIELDS = ("tags", "user", "post/id")


class Posts:
    """Parses posts.

    Args:
        picture: How pictures come into the model.
        picture_input: The name of the model's input that they are.
        tags: The vocabulary of tags.
        users: The vocabulary of users; empty where the model has none.
    """

    def __init__(self, picture: Picture, picture_input: str, tags: list[str], users: list[str]) -> None:
        self.picture, self.picture_input = picture, picture_input
        self.number_of_tags = len(tags)
        self._tags, self._users = batches.word_table(tags), batches.word_table(users)

    def parsed(self, serialized: tf.Tensor, picture: bool = True) -> batches.Tensors:
        """Serialized posts `(n,)` → `picture`, its `fingerprint`, `id`; `user` `(n,)` and `tags` `(n, most)`, int32 ids with
        `NONE` where there is no such user, and behind a post's tags.
        """
        return self._ids(serialized, batches.parse(serialized, self.picture if picture else None, FIELDS, picture))

    def triplets(self, serialized: tf.Tensor) -> batches.Tensors:
        """`fingerprint`, `user` and `tags` as `parsed` gives them, without decoding any picture."""
        return self._ids(serialized, batches.parse(serialized, self.picture, FIELDS, fingerprint=True, decode=False))

    def _ids(self, serialized: tf.Tensor, found: batches.Tensors) -> batches.Tensors:
        # The first name, should a record hold several.
        users = tf.concat([found["user"], tf.fill([tf.shape(serialized)[0], 1], b"\0")], axis=1)[:, :1].to_tensor()
        known = tf.cast(self._users.lookup(users[:, 0]), tf.int32)
        rest: batches.Tensors = {key: found[key] for key in ("picture", "fingerprint") if key in found}
        return {**rest, "id": found["post/id"].flat_values, "user": known, "tags": self._tag_ids(found["tags"])}

    def _tag_ids(self, words: tf.RaggedTensor) -> tf.Tensor:
        ids = words.with_flat_values(tf.cast(self._tags.lookup(words.flat_values), tf.int32))
        dense = tf.ragged.boolean_mask(ids, ids >= 0).to_tensor(NONE)
        # A batch without any tag has room for one.
        return tf.pad(dense, [[0, 0], [0, tf.cast(tf.shape(dense)[1] == 0, tf.int32)]], constant_values=NONE)


def most_tags(posts: Posts, records: Records) -> int:
    """The most tags of the vocabulary that a post of a split has, 1 at least."""
    read, most = batches.reader(records), 1
    for rows in batches.row_batches(np.arange(len(records)), 1024):
        most = max(most, int(posts.parsed(read(rows), picture=False)["tags"].shape[1]))
    return most
