"""Tags by how often they occur, over all posts or in those of the user: what a model of users must beat (table 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix


class UserFrequency:
    """Scores tags by how many of the user's training posts have them; those that none has, by all users' posts.

    Formula, with N training posts, n_u(h) of user u with tag h and n(h) of all:

        score_u(h) = n_u(h) + n(h) / (N + 1)

    so the second part never decides but between equals. A user that training never saw is given the tags by their
    frequency, which alone is the global baseline. Holds the non-zero n_u(h).

    Args:
        personal: Whether users are told apart; else the global frequency.

    Example:

    >>> from scipy.sparse import csr_matrix
    >>> model = UserFrequency().fit(csr_matrix([[1, 0, 1], [1, 0, 0], [0, 1, 0]]), np.array([0, 0, 1]), users=2)
    >>> model.scores(np.array([1, -1])).tolist()
    [[0.5, 1.25, 0.25], [0.5, 0.25, 0.25]]

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 4.2.
    """

    def __init__(self, personal: bool = True) -> None:
        self.personal = personal

    def fit(self, tags: csr_matrix, owners: np.ndarray, users: int) -> Self:
        """Counts.

        Args:
            tags: `(N, K)`, not 0 where a training post has a tag.
            owners: `(N,)`, the user of each post in 0 … `users` - 1, below 0 for none.
            users: How many there are.

        Raises:
            ValueError: When the two don't have the same posts, or an owner isn't among the users.
        """
        from scipy.sparse import csr_matrix

        if len(owners) != tags.shape[0]:
            raise ValueError(f"`owners` must have a row a post. Received: {len(owners)} for {tags.shape[0]} posts")
        if owners.max(initial=-1) >= users:
            raise ValueError(f"`owners` must lie below `users`, {users}. Received: {owners.max()}")
        one_hot = (tags != 0).astype("float32")
        owned = np.flatnonzero(owners >= 0)
        own = csr_matrix((np.ones(len(owned), "float32"), (owners[owned], owned)), shape=(users, len(owners)))
        self.own: csr_matrix = (own @ one_hot).tocsr()
        self.shares = np.asarray(one_hot.sum(axis=0), "float64").ravel() / (tags.shape[0] + 1)
        return self

    def scores(self, owners: np.ndarray) -> np.ndarray:
        """`(n, K)` of posts by these users, below 0 for one that training never saw."""
        scores: np.ndarray = np.tile(self.shares, (len(owners), 1))
        known = np.flatnonzero(owners >= 0)
        if self.personal and len(known):
            scores[known] += self.own[owners[known]].toarray()
        return scores
