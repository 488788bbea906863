"""Posts' tag ids as one array, some posts at a time."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence

import numpy as np

Post = Sequence[int] | np.ndarray
"""Ids of a post's tags, in any order; an id that it has twice counts once."""

POSTS = 1 << 16
"""How many posts are read at a time."""


def flat_posts(posts: Iterable[Post], tags: int, most: int = POSTS) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Posts in chunks: their distinct tag ids, ascending within a post, one post after the other.

    Args:
        posts: Tag ids of each post, from 0 to `tags` - 1.
        tags: Size of the vocabulary.
        most: Posts in a chunk.

    Returns:
        For each chunk the ids `(n,)` int64, and how many of them each post has `(posts,)` int64.

    Raises:
        ValueError: For ids that are no whole numbers or that the vocabulary doesn't have.

    Example:

    >>> [(ids.tolist(), sizes.tolist()) for ids, sizes in flat_posts([[3, 1, 3], [], [0]], tags=4)]
    [([1, 3, 0], [2, 0, 1])]
    """
    if tags < 0:
        raise ValueError(f"`tags` must not be negative. Received: tags={tags}")
    stream = iter(posts)
    while chunk := [np.atleast_1d(np.asarray(post)) for post in itertools.islice(stream, most)]:
        sizes = np.array([post.size for post in chunk])
        filled = [post for post in chunk if post.size]
        others = {post.dtype for post in filled if not np.issubdtype(post.dtype, np.integer)}
        if others:
            raise ValueError(f"`posts` must hold tag ids, whole numbers. Received: {others.pop()}")
        ids = np.concatenate(filled, dtype="int64", casting="unsafe") if filled else np.empty(0, "int64")
        wrong = ids[(ids < 0) | (ids >= tags)]
        if wrong.size:
            raise ValueError(f"`posts` must hold tag ids from 0 to {tags - 1}. Received: {wrong[0]}")
        keys = np.unique(np.repeat(np.arange(len(chunk)) * tags, sizes) + ids)
        yield keys % max(tags, 1), np.bincount(keys // max(tags, 1), minlength=len(chunk))
