import numpy as np
import pytest
from cca_zoo.linear import RidgeCCA
from scipy.linalg import eigh

from kerasmm.evaluation.baselines import projections
from kerasmm.evaluation.baselines.projections import Projections, chunks


def views(rng, posts=200, one=6, two=5):
    shared = rng.normal(size=(posts, 2))
    return tuple(
        shared @ rng.normal(size=(2, size)) * scale + scale * rng.normal(size=(posts, size)) + mean
        for size, scale, mean in ((one, 3.0, 1.0), (two, 0.1, -2.0))
    )


def up_to_sign(got, wanted, **tolerance):
    signs = np.sign((got * wanted).sum(axis=0))
    np.testing.assert_allclose(got * signs, wanted, **tolerance)


@pytest.mark.parametrize("regularisation", [0.0, 0.3, 1.0])
def test_directions_solve_the_generalised_eigenproblem(rng, regularisation):
    one, two = views(rng)
    got = Projections(4, regularisation).fit([(one, two)])
    centred = [view - view.mean(axis=0) for view in (one, two)]
    blocks = []
    for view in centred:
        covariance = view.T @ view / (len(view) - 1)
        identity = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
        blocks.append((1 - regularisation) * covariance + regularisation * identity)
    cross = centred[0].T @ centred[1] / (len(one) - 1)
    for place, (own, other, between) in enumerate(((*blocks, cross), (*blocks[::-1], cross.T))):
        values, vectors = eigh(between @ np.linalg.solve(other, between.T), own)
        wanted = centred[place] @ vectors[:, ::-1][:, :4]
        np.testing.assert_allclose(got.correlations, np.sqrt(values[::-1][:4]), rtol=1e-6)
        up_to_sign(got.project(place, (one, two)[place]), wanted, rtol=1e-4, atol=1e-4)


def test_chunks_and_moments_change_nothing(rng, monkeypatch):
    """The library on all posts at once, in its own units: views of mean variance 1."""
    one, two = views(rng, posts=301)
    monkeypatch.setattr(projections, "ROWS", 50)
    got = Projections(3, 0.2).fit(chunks(len(one), lambda rows: (one[rows], two[rows])))
    scaled = [view / np.sqrt(view.var(axis=0, ddof=1).mean()) for view in (one, two)]
    wanted = RidgeCCA(3, shrinkage=0.2).fit_transform(scaled)
    for place in range(2):
        up_to_sign(got.project(place, (one, two)[place]), wanted[place], rtol=1e-4, atol=1e-5)


def test_without_regularisation_coordinates_are_uncorrelated_and_correlations_are_those(rng):
    one, two = views(rng)
    got = Projections(5, 0.0).fit([(one, two)])
    left, right = got.project(0, one), got.project(1, two)
    np.testing.assert_allclose(np.cov(left.T), np.eye(5), atol=1e-4)
    np.testing.assert_allclose(np.corrcoef(left.T, right.T)[:5, 5:], np.diag(got.correlations), atol=1e-4)


def test_power_weights_by_correlation(rng):
    one, two = views(rng)
    plain, weighted = (Projections(4, 0.1, power).fit([(one, two)]) for power in (0.0, 2.0))
    for place, view in enumerate((one, two)):
        wanted = plain.project(place, view) * plain.correlations**2
        np.testing.assert_allclose(weighted.project(place, view), wanted, rtol=1e-4, atol=1e-5)


def test_units_and_large_means_change_nothing(rng):
    one, two = views(rng)
    got = Projections(3, 0.3).fit([(one, two)])
    moved = Projections(3, 0.3).fit([(1e-3 * one + 50, 1e4 * two)])
    np.testing.assert_allclose(moved.correlations, got.correlations, rtol=1e-5)
    up_to_sign(moved.project(0, 1e-3 * one + 50), got.project(0, one), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("regularisation", [0.0, 0.1])
def test_fewer_posts_than_columns_and_constant_columns(rng, regularisation):
    one, two = views(rng, posts=7, one=12, two=9)
    one[:, 3], two[:, 0] = 4.0, 0.0
    got = Projections(64, regularisation).fit([(one, two)])
    for place, view in enumerate((one, two)):
        coordinates = got.project(place, view)
        assert coordinates.shape[0] == 7
        assert 1 <= coordinates.shape[1] <= 9
        assert np.isfinite(coordinates).all()
    np.testing.assert_allclose(got.weights[0][3], 0, atol=1e-6)
    np.testing.assert_allclose(got.weights[1][0], 0, atol=1e-6)


def test_what_can_not_be_learnt_from(rng):
    one, two = views(rng, posts=10)
    for chosen, message in (
        ([(one[:1], two[:1])], "two posts or more. Received: 1"),
        ([], "two posts or more. Received: 0"),
        ([(np.full_like(one, 0.1), two)], "view 1 is the same for all posts"),
        ([(one, np.zeros_like(two))], "view 2 is the same for all posts"),
        ([(np.where(one > 0, one, np.nan), two)], "finite"),
    ):
        with pytest.raises(ValueError, match=message):
            Projections(2, 0.1).fit(chosen)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 0.1), "`dimensions`"),
        ((2, -0.1), "`regularisation`"),
        ((2, 1.1), "`regularisation`"),
        ((2, 0.1, -1.0), "`power`"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        Projections(*arguments)
