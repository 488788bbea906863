"""Who the users are whose vectors are learned."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from kerasmm.console import UserError

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset

USERS = "users"
MOST_USERS = 1_000_000
"""That are counted in one memory, where a data set doesn't know its own."""


def known_users(dataset: Dataset) -> list[str]:
    """The users of the training split, most posts first: the data set's vocabulary `users`, else counted here.

    Raises:
        UserError: When nobody is named, or there are too many to count.
    """
    dataset.require(["user"])
    if USERS in dataset.manifest.vocabularies:
        users = dataset.vocabulary(USERS)
    else:
        counts = _counted(dataset)
        users = sorted(counts, key=lambda user: (-counts[user], user))
    if not users:
        raise UserError(f"{dataset.folder}: the vocabulary of users is empty, hashtag needs users")
    return users


def _counted(dataset: Dataset) -> Counter[str]:
    import numpy as np
    import tensorflow as tf

    from kerasmm.data import batches

    counts: Counter[str] = Counter()
    records = dataset.records("train")
    read = batches.reader(records)
    for rows in batches.row_batches(np.arange(len(records)), 1024):
        names = batches.parse(read(rows), lists=("user",))["user"].flat_values
        counts.update(name.decode() for name in tf.convert_to_tensor(names).numpy().tolist())
        if len(counts) > MOST_USERS:
            raise UserError(
                f"{dataset.folder}: has no vocabulary of users and more than {MOST_USERS:,} of them; build it again, so that it "
                "has one"
            )
    return counts
