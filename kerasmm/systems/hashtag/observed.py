"""Which triplets of a picture, a tag and a user were observed: none of these may be a negative (section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.systems.hashtag.posts import NONE

if TYPE_CHECKING:
    from kerasmm.data.records import Records
    from kerasmm.systems.hashtag.posts import Posts

ITSELF, UNOBSERVED, NO_PART = 1.0, 0.0, -1.0
"""Of a candidate, as `kerasmm.losses.TripletTensorLoss` takes them."""
AXES = ("image", "tag", "user")
"""What of a triplet is replaced, in the order of that loss."""

# Odd 64-bit numbers: the picture's number is a hash already, so sums of multiples keep triplets apart.
_PICTURE, _USER, _TAG = -7046029254386353131, -4417276706812531889, 1609587929392839161


def triplet_keys(picture: tf.Tensor, user: tf.Tensor, tag: tf.Tensor) -> tf.Tensor:
    """Numbers of triplets, int64; two triplets have the same one once in 2⁶³."""
    picture, user, tag = (tf.cast(one, tf.int64) for one in (picture, user, tag))
    return picture * _PICTURE + user * _USER + tag * _TAG


def repeated_keys(records: Records, posts: Posts) -> np.ndarray:
    """Sorted keys of all triplets of a split whose picture several of its posts show: 8 bytes each.

    A picture that one post shows is known whole where that post is; so of a split without repetition there are none.

    Args:
        records: The split.
        posts: What parses its posts.
    """
    shown = [found["fingerprint"].numpy() for found in _parsed(records, posts)]
    pictures, counts = np.unique(np.concatenate(shown), return_counts=True)
    repeated = pictures[counts > 1]
    if not len(repeated):
        return np.zeros(0, "int64")
    keys = []
    for found in _parsed(records, posts):
        again = np.isin(found["fingerprint"].numpy(), repeated)
        made = triplet_keys(found["fingerprint"][:, None], found["user"][:, None], found["tags"]).numpy()
        keys.append(made[again[:, None] & (found["tags"].numpy() >= 0)])
    return np.unique(np.concatenate(keys))


def _parsed(records: Records, posts: Posts) -> tf.data.Dataset:
    read = batches.reader(records)
    rows = batches.row_batches(np.arange(len(records)), 1024)
    return batches.made_of(rows, lambda some: posts.triplets(read(some)))


def candidates(picture: tf.Tensor, user: tf.Tensor, tag: tf.Tensor, tags: tf.Tensor, elsewhere: tf.Tensor) -> tf.Tensor:
    """What each row's triplet becomes when its picture, tag or user is replaced by that of another row.

    Args:
        picture: `(n,)` numbers: equal pictures have equal ones.
        user: `(n,)` ids, `NONE` for one without a vector.
        tag: `(n,)` the drawn tags, `NONE` where a post has none.
        tags: `(n, most)` all tags of the rows, `NONE` behind them.
        elsewhere: Sorted `repeated_keys`.

    Returns:
        `(n, 3, n)` by row, replaced part as in `AXES` and the row that it comes from: `ITSELF`, `UNOBSERVED`, or `NO_PART` for
        an observed triplet, one with the same picture, tag or user, and all of a row without a tag.
    """
    rows = tf.shape(tag)[0]
    itself = tf.eye(rows, dtype=tf.bool)
    # [i, j]: tag j is one of row i's.
    has = tf.reduce_any(tags[:, None, :] == tag[None, :, None], axis=2)
    same = {name: one[:, None] == one[None] for name, one in zip(AXES, (picture, tag, user), strict=True)}
    observed = {
        "image": same["user"] & tf.transpose(has),
        "tag": has,
        "user": same["image"] & tf.transpose(has),
    }
    if elsewhere.shape[0]:
        own = {"image": picture[:, None], "tag": tag[:, None], "user": user[:, None]}
        other = {"image": picture[None], "tag": tag[None], "user": user[None]}
        for name in AXES:
            parts = {**own, name: other[name]}
            observed[name] |= _among(triplet_keys(parts["image"], parts["user"], parts["tag"]), elsewhere)
    there = tag != NONE
    found = []
    for name in AXES:
        out = same[name] | observed[name] | ~there[:, None]
        if name == "tag":
            out |= ~there[None]
        marked = tf.where(out, NO_PART, UNOBSERVED)
        found.append(tf.where(itself & there[:, None], ITSELF, marked))
    return tf.stack(found, axis=1)


def _among(keys: tf.Tensor, sorted_keys: tf.Tensor) -> tf.Tensor:
    flat = tf.reshape(keys, (-1,))
    places = tf.minimum(tf.searchsorted(sorted_keys, flat), tf.shape(sorted_keys)[0] - 1)
    return tf.reshape(tf.gather(sorted_keys, places) == flat, tf.shape(keys))
