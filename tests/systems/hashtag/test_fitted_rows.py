"""Users fitted inside a graph: what a row holds, and that rows are answered each for itself."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.systems.hashtag import signatures
from kerasmm.systems.hashtag.fitted_rows import AT_A_TIME, each_once
from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter
from tests.systems.hashtag.world import WORDS


def filled(posts, width, tags):
    """Vectors and tags of posts as a row of a request."""
    images, words = np.zeros((width, len(WORDS)), "float32"), np.full((width, tags), "", object)
    for place, (features, said) in enumerate(posts):
        images[place] = features
        words[place, : len(said)] = said
    return images, words


def drawn_posts(rng, one, count):
    return [
        (one.features[rng.integers(len(one.features))], rng.choice(WORDS, rng.integers(1, 4), replace=False).tolist())
        for _ in range(count)
    ]


def test_a_row_is_fitted_to_the_posts_of_its_user(asked, rng):
    """What fills up, says nothing or is no vector takes no part, and tags count once; however many posts there are."""
    one = asked()
    counts = [2, AT_A_TIME + 3, 1]
    rows = [drawn_posts(rng, one, count) for count in counts]
    fitter = UserFitter(
        one.weights("tensor"), [one.tag(word) for word in WORDS], one.weights("users").mean(axis=0), UserFit()
    )
    noisy = []
    for posts in rows:
        images, words = filled([(f, [*said, said[0].upper(), "nonsense"]) for f, said in posts], 24, 6)
        images[len(posts)] = one.features[0]
        images[len(posts) + 1], words[len(posts) + 1, 0] = np.nan, "red"
        noisy.append((images, words))
    nobody = filled([], 24, 6)
    images, words = (np.stack(column) for column in zip(*noisy, nobody, strict=True))
    found = one("fit_user", vectors=images, image_tags=words)
    assert found["posts"].tolist() == [*counts, 0] and found["valid"].tolist() == [True, True, True, False]
    for row, posts in enumerate(rows):
        own = np.full((len(posts), 3), -1)
        for place, (_, said) in enumerate(posts):
            own[place, : len(said)] = [WORDS.index(word) for word in said]
        f = one.embedded(np.stack([features for features, _ in posts]))
        (wanted,) = fitter(tf.constant(f, tf.float32), tf.constant(own), tf.zeros(len(posts), tf.int32), 1).numpy()
        np.testing.assert_allclose(found["embedding"][row], wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert not found["embedding"][3].any()


def test_a_vector_beyond_bounds_leaves_the_other_users_theirs(asked, rng):
    one = asked()
    rows = [filled(drawn_posts(rng, one, 2), 2, 3) for _ in range(2)]
    alone = [one("fit_user", vectors=images[None], image_tags=words[None]) for images, words in rows]
    huge = np.full((2, len(WORDS)), 3e38, "float32"), rows[0][1]
    images, words = (np.stack(column) for column in zip(rows[0], huge, rows[1], strict=True))
    found = one("fit_user", vectors=images, image_tags=words)
    assert found["valid"].tolist() == [True, False, True] and np.isfinite(found["embedding"]).all()
    for row, wanted in ((0, alone[0]), (2, alone[1])):
        np.testing.assert_array_equal(found["embedding"][row], wanted["embedding"][0])


def test_of_too_many_posts_the_first_are_taken(asked, rng, monkeypatch):
    monkeypatch.setattr(signatures, "MOST", 3)
    one = asked()
    images, words = filled(drawn_posts(rng, one, 5), 5, 3)
    found = one("fit_user", vectors=images[None], image_tags=words[None])
    wanted = one("fit_user", vectors=images[None, :3], image_tags=words[None, :3])
    assert found["posts"].tolist() == wanted["posts"].tolist() == [3]
    np.testing.assert_array_equal(found["embedding"], wanted["embedding"])


def test_pictures_and_tags_are_of_the_same_posts(asked):
    one = asked()
    for pictures, tags in ((1, 2), (2, 1), (3, 1)):
        with pytest.raises(tf.errors.InvalidArgumentError):
            one("fit_user", vectors=one.features[None, :pictures], image_tags=np.full((1, tags, 1), "red"))


def test_ids_are_each_there_once(rng):
    ids = rng.integers(-1, 5, (3, 4, 6))
    for row, got in zip(ids.reshape(-1, 6), each_once(tf.constant(ids)).numpy().reshape(-1, 6), strict=True):
        assert sorted(got[got >= 0]) == sorted(set(row[row >= 0]))
    assert each_once(tf.zeros((2, 0), tf.int32)).shape == (2, 0)
