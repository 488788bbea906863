import numpy as np
import pytest
from scipy.linalg import eigh

from kerasmm.evaluation.baselines import projections
from kerasmm.evaluation.baselines.tweets.canonical import CanonicalRetrieval
from kerasmm.evaluation.cross_modal import mean_rank_figures
from tests.public_class import check_examples


def views(rng, posts=300, one=7, two=5, noise=0.5):
    shared = rng.normal(size=(posts, 4))
    return tuple(
        shared @ rng.normal(size=(4, size)) * scale + scale * noise * rng.normal(size=(posts, size)) + mean
        for size, scale, mean in ((one, 2.0, 1.0), (two, 0.3, -2.0))
    )


def topic_shares(rng, posts=300):
    """Pictures, and shares of ten topics that sum to one."""
    shared = rng.normal(size=(posts, 4))
    shares = np.exp(shared @ rng.normal(size=(4, 10)))
    images = shared @ rng.normal(size=(4, 20)) + 0.3 * rng.normal(size=(posts, 20))
    return images.astype("float32"), (shares / shares.sum(axis=1, keepdims=True)).astype("float32")


def coordinates_by_eigenproblem(one, two, ridge):
    """Of both views, from (XᵀX + λI)⁻¹XᵀT(TᵀT + λI)⁻¹TᵀX w = ρ² w."""
    centred = [view.astype("float64") - view.mean(axis=0, dtype="float64") for view in (one, two)]
    own = [view.T @ view + ridge * np.eye(view.shape[1]) for view in centred]
    cross = centred[0].T @ centred[1]
    count = min(one.shape[1], two.shape[1])
    found = []
    for place, between in enumerate((cross, cross.T)):
        _, vectors = eigh(between @ np.linalg.solve(own[1 - place], between.T), own[place])
        found.append(centred[place] @ vectors[:, ::-1][:, :count])
    return found


def cosines(one, two):
    return (one / np.linalg.norm(one, axis=1, keepdims=True)) @ (two / np.linalg.norm(two, axis=1, keepdims=True)).T


@pytest.mark.parametrize("ridge", [0.0, 10.0, 100.0, 1000.0])
def test_coordinates_are_those_of_the_eigenproblem_up_to_sign_and_one_factor(rng, ridge):
    one, two = views(rng)
    model = CanonicalRetrieval(ridge).fit(one, two)
    for got, wanted in zip(
        (model.images(one), model.texts(two)), coordinates_by_eigenproblem(one, two, ridge), strict=True
    ):
        wanted = wanted * np.sign((got * wanted).sum(axis=0))
        factor = np.linalg.norm(got) / np.linalg.norm(wanted)
        np.testing.assert_allclose(got, factor * wanted, atol=1e-3 * np.abs(got).max())
    # And the sign is one for both views: what belongs together correlates.
    assert ((model.images(one) * model.texts(two)).sum(axis=0) > 0).all()


@pytest.mark.parametrize("rows", [50, 101])
def test_chunks_and_memory_maps_change_nothing(rng, monkeypatch, tmp_path, rows):
    one, two = views(rng, posts=301, one=120, two=9)
    wanted = CanonicalRetrieval(100).fit(one, two)
    wanted = cosines(wanted.images(one), wanted.texts(two))
    monkeypatch.setattr(projections, "ROWS", rows)
    monkeypatch.setattr("kerasmm.evaluation.baselines.tweets.canonical.ROWS", rows)
    np.save(tmp_path / "one.npy", one)
    np.save(tmp_path / "two.npy", two)
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("one", "two")]
    model = CanonicalRetrieval(100).fit(*maps)
    np.testing.assert_allclose(cosines(model.images(one), model.texts(two)), wanted, atol=1e-4)


def test_without_regularisation_units_change_nothing_and_with_it_they_do(rng):
    one, two = views(rng)
    for ridge in (0.0, 1000.0):
        plain, moved = (CanonicalRetrieval(ridge).fit(one * scale, two) for scale in (1.0, 1e-2))
        before = cosines(plain.images(one), plain.texts(two))
        after = cosines(moved.images(1e-2 * one), moved.texts(two))
        assert np.allclose(before, after, atol=1e-3) == (ridge == 0.0)


@pytest.mark.parametrize("ridge", [0.0, 100.0, 1000.0])
def test_shares_that_sum_to_one_have_one_direction_less(rng, ridge):
    images, shares = topic_shares(rng)
    model = CanonicalRetrieval(ridge).fit(images[:200], shares[:200])
    coordinates = model.images(images[200:]), model.texts(shares[200:])
    assert [one.shape for one in coordinates] == [(100, 9)] * 2
    figures = mean_rank_figures(*coordinates)
    assert figures["image_to_tweet/mean_rank/100"] < 0.5 * figures["chance/mean_rank"]


@pytest.mark.parametrize("ridge", [0.0, 100.0])
def test_fewer_posts_than_columns_and_constant_columns(rng, ridge):
    one, two = views(rng, posts=8, one=30, two=12)
    one[:, 3], two[:, 0] = 4.0, 0.0
    model = CanonicalRetrieval(ridge).fit(one.astype("float16"), two)
    for got in (model.images(one), model.texts(two)):
        assert got.shape[0] == 8
        assert 1 <= got.shape[1] <= 8
        assert np.isfinite(got).all()


def test_views_that_have_nothing_in_common_still_give_coordinates():
    one = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]])
    two = np.array([[1.0], [1.0], [-1.0], [-1.0]])
    model = CanonicalRetrieval(1.0).fit(one, two)
    assert np.isfinite(model.images(one)).all() and model.texts(two).shape[1] == model.images(one).shape[1] >= 1


def test_what_can_not_be_learnt_from(rng):
    one, two = views(rng, posts=10)
    for chosen, message in (
        ((one[:1], two[:1]), "two posts or more. Received: 1"),
        ((one, two[:5]), "must be matrices of the same posts"),
        ((one[0], two[0]), "must be matrices of the same posts"),
        ((np.full_like(one, 0.1), two), "view 1 is the same for all posts"),
        ((np.where(one > 0, one, np.nan), two), "finite"),
    ):
        with pytest.raises(ValueError, match=message):
            CanonicalRetrieval().fit(*chosen)


@pytest.mark.parametrize("ridge", [-1.0, float("nan"), float("inf")])
def test_wrong_regularisation(ridge):
    with pytest.raises(ValueError, match="`regularisation` must be non-negative. Received: regularisation="):
        CanonicalRetrieval(ridge)


def test_example():
    check_examples(CanonicalRetrieval)
