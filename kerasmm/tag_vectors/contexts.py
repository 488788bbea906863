"""Which tags each tag of a post stands with."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator

import numpy as np

from kerasmm.tag_vectors.cooccurrence import count_cooccurrences
from kerasmm.tag_vectors.flat_posts import Post, flat_posts

PAIRS = 1 << 18
"""How many pairs are worked on at a time, unless a single tag has more."""


@dataclasses.dataclass(frozen=True)
class Contexts:
    """Occurrences of tags, each with the other tags of its post. Posts with fewer than two tags have none.

    Args:
        tags: Size of the vocabulary.
        tag: `(n,)`, which tag each occurrence is of; those of a post follow each other.
        starts: `(n + 1,)`, where the context of each begins in `pairs`.
        pairs: `(P,)`, for each occurrence and each other tag of its post which of the Z different pairs of tags it is.
        first: `(Z,)`, the tag of a pair that stands there, ascending.
        second: `(Z,)`, the tag of its context.
        seen: `(Z,)`, in how many posts.
    """

    tags: int
    tag: np.ndarray
    starts: np.ndarray
    pairs: np.ndarray
    first: np.ndarray
    second: np.ndarray
    seen: np.ndarray

    @classmethod
    def of(cls, posts: Iterable[Post], tags: int, quiet: bool = True) -> Contexts:
        """Reads posts once. Memory: 12 bytes an occurrence, 4 a pair of a post, 20 a different pair of tags."""
        read = list(_of_several(posts, tags))
        tag = np.concatenate([ids for ids, _ in read]) if read else np.empty(0, "int32")
        sizes = np.concatenate([sizes for _, sizes in read]) if read else np.empty(0, "int64")
        del read
        ends = np.cumsum(sizes)
        counts = count_cooccurrences(
            (tag[end - size : end] for end, size in zip(ends, sizes, strict=True)), tags, quiet=quiet
        )
        first, second = np.repeat(np.arange(tags, dtype="int32"), np.diff(counts.indptr)), counts.indices
        keys = first.astype("int64") * tags + second
        others = np.repeat(sizes - 1, sizes)
        starts = np.concatenate([[0], np.cumsum(others)])
        pairs = np.empty(starts[-1], "int32" if counts.nnz < 1 << 31 else "int64")
        begins = np.repeat(ends - sizes, sizes)
        for low, high in chunks(starts):
            here = np.repeat(np.arange(low, high), others[low:high])
            nth = np.arange(starts[low], starts[high]) - starts[here]
            there = begins[here] + nth
            there += there >= here
            pairs[starts[low] : starts[high]] = np.searchsorted(keys, tag[here].astype("int64") * tags + tag[there])
        return cls(tags, tag, starts, pairs, first, second, counts.data)

    def sizes(self) -> np.ndarray:
        """How many other tags each occurrence has beside it `(n,)`."""
        return np.diff(self.starts)

    def occurrences(self) -> np.ndarray:
        """Of each tag `(tags,)`."""
        return np.bincount(self.tag, minlength=self.tags)


def _of_several(posts: Iterable[Post], tags: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for ids, sizes in flat_posts(posts, tags):
        yield ids[np.repeat(sizes, sizes) > 1].astype("int32"), sizes[sizes > 1]


def chunks(starts: np.ndarray, most: int = PAIRS) -> Iterator[tuple[int, int]]:
    """Ranges of occurrences that have up to so many pairs together, at least one occurrence each.

    Example:

    >>> list(chunks(np.array([0, 2, 4, 9, 10]), most=4))
    [(0, 2), (2, 3), (3, 4)]
    """
    low = 0
    while low < len(starts) - 1:
        high = max(low + 1, int(np.searchsorted(starts, starts[low] + most, side="right")) - 1)
        yield low, high
        low = high
