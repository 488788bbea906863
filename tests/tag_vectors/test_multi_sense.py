import doctest
import random

import numpy as np
import pytest

from data_prep.sources.shapes import people
from data_prep.sources.shapes.world import draw_scene
from kerasmm.tag_vectors import multi_sense, multi_sense_vectors
from tests.tag_vectors.test_seating import planted

SMALL = {"dimension": 6, "beta": 10.0, "epochs": 3, "batch": 128}
OF_ONE_GROUP = {word for group in people.GROUPS for word in group.words.values()}
"""Words that one group of `shapes` uses, and always for the same thing."""


def shapes_posts(seed, posts=3000):
    """Posts of `shapes` without their pictures, as ids, the tags' names, and the group of each post's author."""
    users = people.users(seed)
    tagged, groups = [], []
    for number in range(posts):
        rng = random.Random(f"{seed} {number}")
        user = rng.choices(users, [user.activity for user in users])[0]
        tagged.append(people.tag(user, draw_scene(rng, user.backgrounds, user.colours), rng)[0])
        groups.append(user.group.name)
    names = sorted({tag for tags in tagged for tag in tags})
    ids = {name: place for place, name in enumerate(names)}
    return [[ids[tag] for tag in tags] for tags in tagged], names, groups


def test_the_planted_tag_has_senses_and_unambiguous_ones_have_one(seed):
    posts, names, _ = shapes_posts(seed)
    found = multi_sense_vectors(posts, len(names), 8, epochs=1, seed=seed)
    number = dict(zip(names, found.number.tolist(), strict=True))
    print({name: count for name, count in number.items() if count > 1})
    assert number[people.COOL] > 1
    assert {number[word] for word in OF_ONE_GROUP} == {1}
    # Of all the others at most one in four, mostly rare words that all three dialects use.
    assert sum(count > 1 for count in number.values()) <= len(names) / 4


def test_senses_foretell_their_own_company(rng):
    posts, group = planted(rng)
    found = multi_sense_vectors(posts, 12, **{**SMALL, "epochs": 15}, seed=int(rng.integers(1000)))
    assert found.number.tolist() == [2, *[1] * 10, 0]
    first, second = (np.arange(6, 11), np.arange(1, 6)) if group.mean() > 0.5 else (np.arange(1, 6), np.arange(6, 11))
    scores = found.senses(0) @ found.vectors.T
    assert scores[0, first].min() > scores[0, second].max()
    assert scores[1, second].min() > scores[1, first].max()
    larger = max(group.mean(), 1 - group.mean())
    np.testing.assert_allclose(found.shares(0), [larger, 1 - larger])


def test_tags_of_the_same_company_have_like_vectors(rng):
    posts, _ = planted(rng)
    vectors = multi_sense_vectors(posts, 12, **{**SMALL, "epochs": 15}, seed=int(rng.integers(1000))).vectors[1:11]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = vectors @ vectors.T
    assert min(cosines[:5, :5].min(), cosines[5:, 5:].min()) > cosines[:5, 5:].max()


def test_shapes_and_zeros(rng):
    found = multi_sense_vectors([[0, 1], [1, 2, 2], [3], [4, 4]], 6, **SMALL)
    assert found.number.tolist() == [1, 1, 1, 0, 0, 0]
    assert found.vectors.shape == (6, 6)
    assert found.vectors.dtype == found.sense_vectors.dtype == "float32"
    assert not found.vectors[3:].any()
    assert found.vectors[:3].any(axis=1).all()
    assert found.occurrences.tolist() == [1, 2, 1]
    assert found.senses(1).shape == (1, 6)
    assert found.senses(5).shape == (0, 6)
    assert found.shares(5).tolist() == []
    with pytest.raises(IndexError, match="from 0 to 5. Received: tag=6"):
        found.senses(6)


@pytest.mark.parametrize(("posts", "tags"), [([], 0), ([], 3), ([[]], 3), ([[0], [0]], 1), ([[1, 1]], 2)])
def test_without_pairs_all_is_zero(posts, tags):
    found = multi_sense_vectors(posts, tags, **SMALL)
    assert found.vectors.shape == (tags, 6)
    assert not found.vectors.any()
    assert found.sense_vectors.shape == (0, 6)


def test_all_tags_in_each_post():
    found = multi_sense_vectors([range(5)] * 20, 5, **SMALL)
    assert found.number.tolist() == [1] * 5
    assert np.isfinite(found.vectors).all()


def test_posts_are_read_once(rng):
    posts, _ = planted(rng, 50)
    np.testing.assert_array_equal(
        multi_sense_vectors(iter(posts), 12, **SMALL).vectors, multi_sense_vectors(posts, 12, **SMALL).vectors
    )


def test_the_mean_over_all_occurrences_is_left_out(rng):
    posts = [rng.choice(12, size=rng.integers(2, 5), replace=False) for _ in range(60)]
    vectors = multi_sense_vectors(posts, 12, **SMALL).vectors
    total = sum(vectors[tag].astype("float64") for post in posts for tag in post)
    # Float32 sums of some 200 vectors.
    assert np.abs(total).max() < 200 * 1e-5 * np.abs(vectors).max()


def test_the_same_seed_gives_the_same_vectors(rng):
    posts, _ = planted(rng, 100)
    first, again, other = (multi_sense_vectors(posts, 12, **SMALL, seed=seed) for seed in (3, 3, 4))
    for name in ("vectors", "sense_vectors", "occurrences", "number"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    assert (first.vectors != other.vectors).any()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        *((name, 0, "positive") for name in ("dimension", "fewest", "sweeps", "restarts", "epochs", "batch")),
        *((name, 0.0, "positive") for name in ("gamma", "beta", "negatives", "rate")),
        ("most_senses", 128, "from 1 to 127"),
        ("least_share", 1.5, "from 0 to 1"),
    ],
)
def test_settings_in_their_range(setting, value, said):
    with pytest.raises(ValueError, match=f"`{setting}` must be {said}. Received: {setting}={value}"):
        multi_sense_vectors([], 3, **{setting: value})


def test_examples():
    assert doctest.testmod(multi_sense).failed == 0
