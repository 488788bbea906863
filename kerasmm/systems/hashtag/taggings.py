"""Who gave which tags in a split, without a picture read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.sparse import csr_matrix, vstack

from kerasmm.data import batches
from kerasmm.systems.hashtag.posts import Posts

if TYPE_CHECKING:
    from kerasmm.data.records import Records


class Taggings(NamedTuple):
    """Posts of a split, in its order: `tags` `(n, K)` ones where a post has a tag, `owners` `(n,)` ids of users, -1 for others."""

    tags: csr_matrix
    owners: np.ndarray


def taggings(records: Records, posts: Posts) -> Taggings:
    """Reads a split.

    Args:
        records: The split.
        posts: What parses its posts.
    """
    read = batches.reader(records)
    tags, owners = [csr_matrix((0, posts.number_of_tags), dtype="float32")], [np.zeros(0, "int32")]
    for rows in batches.row_batches(np.arange(len(records)), 1024):
        found = posts.parsed(read(rows), picture=False)
        tags.append(of_ids(found["tags"].numpy(), posts.number_of_tags))
        owners.append(found["user"].numpy())
    return Taggings(vstack(tags, format="csr"), np.concatenate(owners))


def of_ids(ids: np.ndarray, tags: int) -> csr_matrix:
    """Ids `(n, most)` of tags, below 0 behind a post's own → `(n, K)` of ones.

    Example:

    >>> of_ids(np.array([[2, 0], [-1, -1]]), 3).toarray().tolist()
    [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    there = ids >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return csr_matrix((np.ones(int(ends[-1]), "float32"), ids[there], ends), shape=(len(ids), tags))
