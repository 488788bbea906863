import numpy as np
import pytest
from cca_zoo.nonparametric import KCCA as LibraryKCCA

from kerasmm.evaluation.baselines import CCA, KCCA
from kerasmm.evaluation.search import search_figures
from tests.evaluation.baselines.planted import planted, unlinked
from tests.public_class import check_examples


def median(view):
    """Of the squared distances of all pairs, by a loop."""
    view = view.astype("float64")
    return np.median([np.sum((a - b) ** 2) for place, a in enumerate(view) for b in view[:place]])


def feature_scale(kernel):
    """Square root of the mean variance a direction, of as many directions as there are posts."""
    centre = np.eye(len(kernel)) - 1 / len(kernel)
    return np.sqrt(np.trace(centre @ kernel @ centre) / (len(kernel) - 1) / len(kernel))


@pytest.mark.parametrize("regularisation", [0.1, 0.6])
def test_all_points_as_landmarks_are_the_exact_kernel_solution(rng, regularisation):
    features, tags, _ = planted(rng, posts=40)
    unseen, _, _ = planted(rng, posts=9)
    model = KCCA(dimensions=3, regularisation=regularisation, tags="rbf", landmarks=40).fit(unlinked(features, tags))
    gammas = [1 / median(view) for view in (features, tags)]
    # The library shrinks towards the identity in its units, ours towards a multiple of it: c s² / (1 - c + c s²).
    shrinkage = []
    for view, gamma in zip((features, tags), gammas, strict=True):
        squared = ((view[:, None].astype("float64") - view[None]) ** 2).sum(-1)
        scaled = regularisation * feature_scale(np.exp(-gamma * squared)) ** 2
        shrinkage.append(scaled / (1 - regularisation + scaled))
    library = LibraryKCCA(3, kernel="rbf", gamma=gammas, shrinkage=shrinkage).fit([features, tags])
    wanted = library.transform([unseen, np.eye(12)[:9]])
    signs = None
    for got, exact in zip((model.images(unseen), model.words(np.eye(12)[:9])), wanted, strict=True):
        # Coordinates up to the length of each column, and the same sign in both views.
        got, exact = (view / np.linalg.norm(view, axis=0) for view in (got, exact))
        signs = np.sign((got * exact).sum(axis=0)) if signs is None else signs
        np.testing.assert_allclose(got * signs, exact, atol=5e-3)


def test_linear_kernel_of_tags_needs_no_landmarks(rng):
    """With pictures that an RBF kernel of tiny γ makes linear, it is CCA."""
    features, tags, _ = planted(rng)
    kernels = KCCA(dimensions=3, regularisation=0.0, width=1e-4, landmarks=300).fit(unlinked(features, tags))
    linear = CCA(dimensions=3, regularisation=0.0).fit(unlinked(features, tags))
    found = kernels.projections.correlations[:2]
    assert (found >= linear.projections.correlations[:2] - 1e-3).all()


@pytest.mark.parametrize("tags_kernel", ["linear", "rbf"])
def test_rings_that_no_line_separates(rng, tags_kernel):
    """One topic is near the origin, the other around it: CCA is at chance, the kernel isn't."""
    topic = rng.integers(0, 2, 500)
    angle = rng.uniform(0, 2 * np.pi, 500)
    features = (np.where(topic, 3.0, 0.5) * np.stack([np.cos(angle), np.sin(angle)])).T.astype("float32")
    features += 0.2 * rng.normal(size=features.shape).astype("float32")
    tags = (rng.random((500, 6)) < np.where(np.arange(6)[None] % 2 == topic[:, None], 0.5, 0.05)).astype("uint8")
    relevant = np.arange(6)[:, None] % 2 == topic[None, 300:]
    figures = {}
    for model in (CCA(dimensions=2), KCCA(dimensions=2, tags=tags_kernel, landmarks=100)):
        model.fit(unlinked(features[:300], tags[:300]))
        figures[model.name] = search_figures(
            model.words(np.eye(6)), model.images(features[300:]), relevant, model.distance
        )["mAP"]
    assert figures["kcca"] > 0.9
    assert figures["cca"] < 0.75


def test_the_seed_draws_the_landmarks(rng):
    features, tags, _ = planted(rng)
    one, same, other = (
        KCCA(seed=seed, landmarks=30).fit(unlinked(features, tags)).images(features) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("tags_kernel", ["linear", "rbf"])
def test_posts_that_are_all_but_alike(rng, tags_kernel):
    features, tags, _ = planted(rng, posts=50)
    tags[3:] = 0  # the median distance of tags is 0
    features[10:] = features[10]
    model = KCCA(dimensions=2, tags=tags_kernel).fit(unlinked(features, tags))
    assert np.isfinite(model.images(features)).all()
    assert np.isfinite(model.words(np.eye(12))).all()


def test_few_posts(rng):
    features, tags, _ = planted(rng, posts=2)
    tags[0], tags[1] = 0, 1
    assert KCCA().fit(unlinked(features, tags)).images(features).shape[0] == 2


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"width": 0.0}, "`width` must be positive. Received: width=0.0"),
        ({"tags": "cubic"}, "`tags` must be one of"),
        ({"landmarks": 0}, "`landmarks` must be positive. Received: landmarks=0"),
        ({"dimensions": 0}, "`dimensions` must be positive"),
    ],
)
def test_wrong_arguments(setting, message):
    with pytest.raises(ValueError, match=message):
        KCCA(**setting)


def test_example():
    check_examples(KCCA)
