"""Links between posts: who is linked with whom, without ever holding a square of the posts."""

from __future__ import annotations

from typing import Self

import numpy as np


class LinkGraph:
    """An undirected graph of posts.

    A link is held once for each direction, as the number `row · posts + column` in one sorted array: memory and the
    cost of building are those of the links, and a pair is looked up by bisection.

    Args:
        posts: Number of posts.
        rows: Posts at one end of each link. Doubles, and links of a post with itself, don't count.
        columns: Posts at the other end.

    Raises:
        ValueError: When the two don't match, or name a post that isn't there.

    Example:

    >>> graph = LinkGraph(3, np.array([0]), np.array([2]))
    >>> graph.linked(np.array([2, 1]), np.array([0, 1]))
    array([[ True, False],
           [False, False]])
    """

    def __init__(self, posts: int, rows: np.ndarray, columns: np.ndarray) -> None:
        rows, columns = np.asarray(rows, np.int64), np.asarray(columns, np.int64)
        if rows.shape != columns.shape:
            raise ValueError(f"A link has two ends. Received: {len(rows)} and {len(columns)} ends")
        for ends in (rows, columns):
            if len(ends) and not 0 <= ends.min() <= ends.max() < posts:
                raise ValueError(f"Links join rows 0 … {posts - 1}. Received: row {ends.min()} to {ends.max()}")
        rows, columns = rows[rows != columns], columns[rows != columns]
        self.posts = posts
        self._pairs = np.unique(np.concatenate([rows * posts + columns, columns * posts + rows]))
        self._starts = np.searchsorted(self._pairs, np.arange(posts + 1, dtype=np.int64) * posts)

    @classmethod
    def from_rows(cls, indptr: np.ndarray, columns: np.ndarray) -> Self:
        """From compressed rows, as in `Views`."""
        return cls(len(indptr) - 1, np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), columns)

    def __len__(self) -> int:
        """Number of links, each counted once."""
        return len(self._pairs) // 2

    def among(self, posts: np.ndarray) -> LinkGraph:
        """The graph of some of the posts, numbered in their order here."""
        place = np.full(self.posts, -1, np.int64)
        place[posts] = np.arange(len(posts))
        rows, columns = (place[ends] for ends in np.divmod(self._pairs, max(self.posts, 1)))
        both = (rows >= 0) & (columns >= 0)
        return LinkGraph(len(posts), rows[both], columns[both])

    def linked(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Which of the pairs `(len(rows), len(columns))` are linked."""
        pairs = np.asarray(rows, np.int64)[:, None] * self.posts + np.asarray(columns, np.int64)
        if not len(self._pairs):
            return np.zeros(pairs.shape, bool)
        places = np.minimum(np.searchsorted(self._pairs, pairs), len(self._pairs) - 1)
        found: np.ndarray = self._pairs[places] == pairs
        return found

    def draw(self, posts: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """A linked post of each, drawn evenly; a post without links stands for itself."""
        degrees = self._starts[posts + 1] - self._starts[posts]
        places = self._starts[posts] + generator.integers(np.maximum(degrees, 1))
        drawn: np.ndarray = np.array(posts, np.int64)
        some = degrees > 0
        drawn[some] = self._pairs[places[some]] % self.posts
        return drawn
