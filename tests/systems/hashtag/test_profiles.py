from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from kerasmm.systems.hashtag.profiles import USES, Profiles
from kerasmm.systems.hashtag.taggings import Taggings


def given(rng, posts, tags, users):
    """Random taggings: a post has tags, some have none, some are nobody's."""
    held = rng.random((posts, tags)) < rng.random(tags)
    return Taggings(csr_matrix(held.astype("float32")), rng.integers(-1, users, posts))


def counts(train, users):
    found = [Counter() for _ in range(users)]
    for tags, owner in zip(train.tags.toarray(), train.owners, strict=True):
        if owner >= 0:
            found[owner].update(np.flatnonzero(tags).tolist())
    return found


def test_counts_by_hand(rng):
    posts, tags, users = 40, 7, 5
    train = given(rng, posts, tags, users)
    profiles, own = Profiles(train, users), counts(train, users)
    overall = Counter(tag for row in train.tags.toarray() for tag in np.flatnonzero(row).tolist())
    for user in range(users):
        wanted = sorted(own[user], key=lambda tag: (-own[user][tag], tag))
        assert profiles.often(user, 4) == wanted[:4]
    wide = {tag: sum(tag in one for one in own) for tag in overall}
    assert profiles.frequent(5) == sorted(overall, key=lambda tag: (-wide[tag], -overall[tag], tag))[:5]
    for tag in range(tags):
        assert_apart(profiles.apart(tag), own, tag)


def assert_apart(found, own, tag):
    others = {user: {key: n for key, n in one.items() if key != tag} for user, one in enumerate(own) if tag in one}
    able = {user for user, one in others.items() if one}
    if len(able) < 2:
        assert found == list(able)
        return

    def cosine(one, other):
        lengths = [math.sqrt(sum(n * n for n in others[user].values())) for user in (one, other)]
        return sum(n * others[other].get(key, 0) for key, n in others[one].items()) / math.prod(lengths)

    least = min(cosine(*pair) for pair in itertools.combinations(able, 2))
    # Pairs are equal to six digits.
    assert cosine(*found) <= least + 1e-6
    assert own[found[0]][tag] >= own[found[1]][tag]


def test_equal_pairs_are_told_apart_by_who_uses_the_tag_more():
    """Users 0 … 3 share no other tag; 3 and 1 use tag 0 most."""
    uses = {0: 1, 1: 3, 2: 2, 3: 4}
    rows = [(user, [0, 1 + user]) for user, times in uses.items() for _ in range(times)]
    tags = np.zeros((len(rows), 5), "float32")
    for place, (_, own) in enumerate(rows):
        tags[place, own] = 1
    profiles = Profiles(Taggings(csr_matrix(tags), np.array([user for user, _ in rows])), 4)
    assert profiles.apart(0) == [3, 1]
    assert profiles.apart(2) == [1]


def test_only_those_who_use_a_tag_most_are_compared():
    """The last user's other tag is nobody else's, but the first `USES` use the tag more."""
    users = USES + 1
    rows = [(user, 1) for user in range(USES) for _ in range(2)] + [(USES, 2)]
    tags = np.zeros((len(rows), 3), "float32")
    tags[:, 0] = 1
    for place, (_, other) in enumerate(rows):
        tags[place, other] = 1
    train = Taggings(csr_matrix(tags), np.array([user for user, _ in rows]))
    assert USES not in Profiles(train, users).apart(0)


@pytest.mark.parametrize("owners", [[-1, -1, -1], [0, 0, 0]])
def test_one_user_or_none(owners):
    train = Taggings(csr_matrix(np.array([[1, 0], [1, 1], [0, 0]], "float32")), np.array(owners))
    users = max(owners) + 1
    profiles = Profiles(train, users)
    assert profiles.frequent(3) == [0, 1]
    assert profiles.apart(0) == ([0] if users else [])
