"""The frequency baselines of table 2 against counting by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from kerasmm.evaluation.baselines.tags.user_frequency import UserFrequency


def test_tags_come_in_the_order_of_the_users_own_and_then_of_all(rng):
    posts, tags, users = 60, 9, 5
    truth, owners = rng.random((posts, tags)) < 0.2, rng.integers(-1, users, posts)
    model = UserFrequency().fit(csr_matrix(truth.astype("float32")), owners, users)
    overall = Counter(tag for row in truth for tag in np.flatnonzero(row))
    for user in range(-1, users):
        own = Counter(
            tag for row, owner in zip(truth, owners, strict=True) for tag in np.flatnonzero(row) if owner == user
        )
        if user < 0:
            own.clear()
        expected = sorted(range(tags), key=lambda tag: (-own[tag], -overall[tag]))
        (scores,) = model.scores(np.array([user]))
        assert np.argsort(-scores, kind="stable").tolist() == expected


def test_the_global_baseline_knows_no_users():
    truth = csr_matrix([[1, 0], [1, 0], [0, 1]])
    model = UserFrequency(personal=False).fit(truth, np.array([0, 0, 1]), 2)
    assert model.scores(np.array([1, -1])).tolist() == [[0.5, 0.25], [0.5, 0.25]]


def test_posts_and_owners_must_agree():
    with pytest.raises(ValueError, match="a row a post"):
        UserFrequency().fit(csr_matrix((2, 3)), np.zeros(3, int), 1)
    with pytest.raises(ValueError, match="below `users`"):
        UserFrequency().fit(csr_matrix((2, 3)), np.array([0, 4]), 4)
