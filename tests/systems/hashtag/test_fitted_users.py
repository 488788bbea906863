"""Users from a few posts: the ridge against least squares over every pair of post and tag, the steps against a slow loop."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.systems.hashtag.fitted_users import UserFit, UserFitter

D, F, E, K = 4, 3, 5, 11


def drawn(rng, posts=7, users=2):
    kernel, tags, mean, images = (rng.normal(size=shape) for shape in ((D, F, E), (K, D), (E,), (posts, F)))
    own = np.full((posts, 3), -1)
    for row in own[:-1]:
        some = rng.choice(K, rng.integers(1, 4), replace=False)
        row[: len(some)] = some
    return kernel, tags, mean, images, own, rng.integers(0, users, posts)


def fitted(kernel, tags, mean, fit, images, own, users, number):
    """In a graph, as an export has it."""
    fitter = UserFitter(kernel, tags, mean, fit)
    return tf.function(fitter.__call__)(*map(tf.constant, (np.float32(images), own, users, number))).numpy()


def score(kernel, tag, image):
    """How equation 3 goes with u, in loops."""
    return np.array([sum(kernel[d, f, e] * tag[d] * image[f] for d in range(D) for f in range(F)) for e in range(E)])


def test_the_ridge_is_least_squares_over_all_posts_and_tags(rng):
    kernel, tags, mean, images, own, users = drawn(rng)
    fit = UserFit("ridge", pull=0.7, own=3.0)
    found = fitted(kernel, tags, mean, fit, images, own, users, 2)
    for user in range(2):
        posts = [j for j in range(len(images)) if users[j] == user and (own[j] >= 0).any()]
        rows, wanted, own_weight = [], [], np.sqrt(3.0 * np.sqrt(K))
        for j in posts:
            for h in range(K):
                x = score(kernel, tags[h], images[j])
                rows.append(x)
                wanted.append(0.0)
                if h in own[j]:
                    rows.append(own_weight * x)
                    wanted.append(own_weight)
        # What a post adds, over all directions.
        pull = 0.7 * np.sum(np.square(rows)) / E / max(len(posts), 1)
        rows += list(np.sqrt(pull) * np.eye(E))
        wanted += list(np.sqrt(pull) * mean)
        expected = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0] if posts else mean
        # A solution of A u = b in float32 is off by at most some operations' roundings of (|A| |u| + |b|) / its least eigenvalue; |A| is at
        # most the sum of squares, the least eigenvalue at least the pull, and a number here is a sum of at most 100.
        squares = np.sum(np.square(rows))
        size = squares * np.linalg.norm(expected) + np.sqrt(squares) * np.linalg.norm(wanted)
        bound = 100 * np.finfo("float32").eps * size / pull if posts else 1e-6
        assert found[user] == pytest.approx(expected, rel=0, abs=bound)


def loss(kernel, tags, mean, images, own, u, pull):
    """The hinges of the hardest other tag alone, in loops."""
    total, posts = 0.0, [j for j in range(len(images)) if (own[j] >= 0).any()]
    for j in posts:
        scores = [score(kernel, tag, images[j]) @ u for tag in tags]
        mine = [h for h in own[j] if h >= 0]
        hardest = max(scores[h] for h in range(K) if h not in mine)
        total += sum(max(0.0, 1 + hardest - scores[h]) for h in mine) / len(mine)
    return total / len(posts) + pull / 2 * np.sum((u - mean) ** 2)


def test_steps_lower_the_ranking_loss(rng):
    """Posts have the tag that a planted user would give them, so there is a user without a hinge."""
    kernel, tags, _, images, own, _ = drawn(rng)
    planted = rng.normal(size=E)
    own[:, 0] = [np.argmax([score(kernel, tag, image) @ planted for tag in tags]) for image in images]
    own[:, 1:] = -1
    # Of the mean user nothing is known: every hinge is the margin.
    mean, fit = np.zeros(E), UserFit("steps", pull=0.01, steps=100, rate=0.01)
    (found,) = fitted(kernel, tags, mean, fit, images, own, np.zeros(len(images), int), 1)
    before, after = (loss(kernel, tags, mean, images, own, u, 0.01) for u in (mean, found))
    assert before == 1 and after < before


def test_one_step_is_the_gradient_of_the_hinges(rng):
    """With one other tag the hardest and the drawn one are the same, so nothing is left to chance."""
    kernel, _, mean, images, _, _ = drawn(rng, posts=2)
    tags, own = rng.normal(size=(2, D)), np.array([[0], [1]])
    fit = UserFit("steps", pull=0.5, steps=1, rate=0.25)
    (found,) = fitted(kernel, tags, mean + 1, fit, images, own, np.zeros(2, int), 1)
    gradient = np.zeros(E)
    for j in range(2):
        mine, other = (score(kernel, tags[h], images[j]) for h in (j, 1 - j))
        if 1 + (other - mine) @ (mean + 1) > 0:
            gradient += 2 * (other - mine) / 2
    scale = 1 + np.abs(gradient).max() + np.abs(mean).max()
    assert found == pytest.approx(mean + 1 - 0.25 * gradient, abs=1e-5 * scale)


@pytest.mark.parametrize("way", ["ridge", "steps"])
def test_no_post_is_the_mean_user_and_all_tags_leave_no_negative(rng, way):
    kernel, tags, mean, images, _, _ = drawn(rng, posts=2)
    own = np.stack([np.arange(K), np.full(K, -1)])
    found = fitted(kernel, tags, mean, UserFit(way, steps=3), images, own, np.array([0, 1]), 3)
    assert found[1:] == pytest.approx(np.stack([mean, mean]).astype("float32"))
    assert np.isfinite(found).all()
    if way == "steps":
        assert found[0] == pytest.approx(mean.astype("float32"))
    empty = fitted(
        kernel, tags, mean, UserFit(way, steps=3), np.zeros((0, F)), np.zeros((0, 1), int), np.zeros(0, int), 1
    )
    assert empty[0] == pytest.approx(mean.astype("float32"))


def test_a_matrix_that_overflows_or_that_rounding_made_singular_is_one_users_alone(rng):
    kernel, tags, mean, images, _, _ = drawn(rng, posts=3)
    fit, own = UserFit("ridge"), np.array([[0], [1], [2]])
    (wanted,) = fitted(kernel, tags, mean, fit, images[2:], own[2:], np.zeros(1, int), 1)
    images[0], images[1] = 1e25, 1e12
    found = fitted(kernel, tags, mean, fit, images, own, np.arange(3), 3)
    assert not np.isfinite(found[0]).any() and np.isfinite(found[1]).all()
    np.testing.assert_allclose(found[2], wanted, rtol=1e-5, atol=1e-6)


def test_another_way_is_refused():
    with pytest.raises(ValueError, match="`way` must be one of"):
        UserFitter(np.zeros((1, 1, 1)), np.zeros((1, 1)), np.zeros(1), UserFit("guess"))
