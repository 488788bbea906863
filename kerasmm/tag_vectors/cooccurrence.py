"""How many posts have two tags together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy.sparse import csr_array

from kerasmm.console import progress
from kerasmm.tag_vectors.flat_posts import POSTS, Post, flat_posts

PAIRS = 1 << 22
"""How many pairs are counted at a time."""


def count_cooccurrences(
    posts: Iterable[Post], tags: int, minimum: int = 1, pairs: int = PAIRS, quiet: bool = True
) -> csr_array:
    """Counts the posts that have two tags together.

    Formula, with T_n the tags of post n: C_ab = |{n: a ∈ T_n, b ∈ T_n}| for a ≠ b, C_aa = 0.

    Posts are read once, as a stream. A post of t tags has t (t - 1) / 2 pairs; time is O(P log `pairs` + Z log(P / `pairs`))
    for P pairs in all posts, Z of them different. Memory is some 100 bytes for each of `pairs`, 16 bytes for each of Z
    while counting and 36 at the end, 16 of them the result's; it doesn't grow with posts beyond that.

    Args:
        posts: Tag ids of each post. A tag that a post has twice counts once.
        tags: Size of the vocabulary.
        minimum: Pairs that fewer posts have are left out, once all posts are counted.
        pairs: How many pairs are counted at a time.
        quiet: No progress bar.

    Returns:
        `(tags, tags)` int32, symmetric, sorted, without stored zeros.

    Raises:
        ValueError: For ids that aren't in the vocabulary, or settings that aren't positive.

    Example:

    >>> count_cooccurrences([[0, 1], [1, 0, 2], [2]], tags=3).toarray().tolist()
    [[0, 2, 1], [2, 0, 1], [1, 1, 0]]
    """
    for name, value in (("minimum", minimum), ("pairs", pairs)):
        if value < 1:
            raise ValueError(f"`{name}` must be positive. Received: {name}={value}")
    # Sums of 1, 2, 4 … chunks, so that what is already large is seldom added to.
    sums: list[tuple[int, csr_array]] = []
    with progress(quiet) as bar:
        task = bar.add_task("posts counted", total=None, note="")
        for ids, sizes in flat_posts(posts, tags, min(POSTS, pairs)):
            for first, second in _pairs(ids, sizes, pairs):
                sums.append((0, _counted(first, second, tags)))
                while len(sums) > 1 and sums[-1][0] == sums[-2][0]:
                    (height, one), (_, other) = sums.pop(), sums.pop()
                    sums.append((height + 1, one + other))
            bar.advance(task, len(sizes))
    above = csr_array((tags, tags), dtype="int32")
    while sums:
        above = above + sums.pop()[1]
    if minimum > 1:
        above.data[above.data < minimum] = 0
        above.eliminate_zeros()
    counts = above + above.T.tocsr()
    counts.sort_indices()
    return counts


def _pairs(ids: np.ndarray, sizes: np.ndarray, most: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Every tag of a post with each before it; as many at a time as may be, a tag of one post at least."""
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    before = np.arange(len(ids)) - starts
    ends = np.cumsum(before)
    start = 0
    while start < len(ids):
        done = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, done + most, side="right")))
        counts = before[start:stop]
        second = np.repeat(np.arange(start, stop), counts)
        nth = np.arange(len(second)) - np.repeat(np.cumsum(counts) - counts, counts)
        yield ids[starts[second] + nth], ids[second]
        start = stop


def _counted(first: np.ndarray, second: np.ndarray, tags: int) -> csr_array:
    """Counts of pairs whose first id is the smaller one, sorted."""
    keys, counts = np.unique(first * tags + second, return_counts=True)
    ends = np.searchsorted(keys, np.arange(tags + 1) * tags)
    return csr_array((counts.astype("int32"), (keys % max(tags, 1)).astype("int32"), ends), shape=(tags, tags))
