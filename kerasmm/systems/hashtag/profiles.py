"""What users tag: the tags that they give most often in the training split, and who gives others beside the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from kerasmm.evaluation.baselines.tags.user_frequency import UserFrequency
from kerasmm.evaluation.best_first import best_first

if TYPE_CHECKING:
    from kerasmm.systems.hashtag.taggings import Taggings

USES = 50
"""Users of a tag that are compared with each other."""


class Profiles:
    """Counts the training posts of each user with each tag.

    Args:
        train: The training split.
        users: How many users there are.
    """

    def __init__(self, train: Taggings, users: int) -> None:
        counted = UserFrequency().fit(train.tags, train.owners, users)
        self._own, self._shares = counted.own, counted.shares

    def frequent(self, most: int) -> list[int]:
        """The tags that most users give, of equal ones those that more training posts have, then the earlier."""
        # Shares lie below 1, so they decide between equal numbers of users alone.
        given = self._own.getnnz(axis=0) + self._shares
        found: list[int] = best_first(given)[: min(most, np.count_nonzero(given))].tolist()
        return found

    def often(self, user: int, most: int) -> list[int]:
        """The tags that most of a user's posts have; of equal ones the earlier."""
        row = self._own[user]
        found: list[int] = row.indices[np.lexsort((row.indices, -row.data))][:most].tolist()
        return found

    def apart(self, tag: int) -> list[int]:
        """Two users of a tag whose other tags differ most, the one who uses it more first; fewer where there aren't two.

        Of the `USES` who use it most, with another tag beside it, those with the smallest cosine between their counts of other
        tags; of equal pairs the one that uses it more.
        """
        uses = self._own[:, [tag]].toarray().ravel()
        users = best_first(uses)[: min(USES, np.count_nonzero(uses))]
        others = self._own[users].toarray()
        others[:, tag] = 0
        lengths = np.linalg.norm(others, axis=1)
        users, others = users[lengths > 0], others[lengths > 0] / lengths[lengths > 0, None]
        if len(users) < 2:
            return [int(user) for user in users]
        pairs = np.stack(np.triu_indices(len(users), 1), axis=1)
        # To as many digits as float32 holds: pairs without a common tag are equal.
        alike = np.round((others @ others.T)[tuple(pairs.T)], 6)
        return [int(user) for user in users[pairs[np.argmin(alike)]]]
