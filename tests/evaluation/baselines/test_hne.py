from __future__ import annotations

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasmm.evaluation.baselines import NAMES, Views, find, link_batches
from kerasmm.evaluation.baselines.hne import HNE
from kerasmm.evaluation.baselines.lhne import LHNE
from kerasmm.evaluation.baselines.link_batches import LinkBatches
from kerasmm.evaluation.baselines.link_graph import LinkGraph
from kerasmm.models import hne
from tests.public_class import check_examples, finite_differences

SMALL = {"hne": {"dimensions": 8, "image_units": (16,), "text_units": (16,)}, "lhne": {"dimensions": 8}}
BOTH = pytest.mark.parametrize("name", ["hne", "lhne"])


@pytest.fixture
def few_steps(monkeypatch):
    """So few that tracing one would take longer than they do."""
    monkeypatch.setattr(link_batches, "STEPS", 2)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def new(name, seed=0, epochs=10):
    return find(name)(seed, epochs=epochs, **SMALL[name])


def compressed(posts, pairs):
    """Rows of links as in `Views`, each pair in one direction only."""
    rows = [[j for i, j in pairs if i == post] for post in range(posts)]
    return np.cumsum([0, *map(len, rows)]), np.array([j for row in rows for j in row], int)


def planted(rng, posts=120, noise=0.3):
    """Two groups with words and features of their own, linked within, in random order."""
    group = rng.integers(2, size=posts)
    middle = rng.choice([-1.0, 1.0], 6)
    features = (np.stack([middle, -middle])[group] + noise * rng.normal(size=(posts, 6))).astype("float32")
    tags = np.zeros((posts, 8), "float32")
    tags[np.arange(posts), 4 * group + rng.integers(4, size=posts)] = 1
    pairs = [(i, int(j)) for i in range(posts) for j in rng.choice(np.flatnonzero(group == group[i]), 5)]
    return Views(features, tags, compressed(posts, pairs)), group


def cosines(one, other):
    return (one / np.linalg.norm(one, axis=1)[:, None]) @ (other / np.linalg.norm(other, axis=1)[:, None]).T


# === The objective ===


def objective_by_loop(weights, image, text, linked, text_weight, cross_weight, regularisation):
    """The printed objective of the linear model over all pairs of a few posts, one number at a time; of each node as
    much weight lies on its unlinked pairs as on its linked ones."""
    (u, v), biases = weights[:2], dict(zip(("image_image", "text_text", "image_text"), weights[2:], strict=True))
    vectors = {
        "image": [[sum(row[m] * u[m, r] for m in range(len(row))) for r in range(u.shape[1])] for row in image],
        "text": [[sum(row[k] * v[k, r] for k in range(len(row))) for r in range(v.shape[1])] for row in text],
    }
    total = regularisation * ((u**2).sum() + (v**2).sum())
    for kind, weight in (("image_image", 1.0), ("text_text", text_weight), ("image_text", cross_weight)):
        one, other = (vectors[side] for side in kind.split("_"))
        sums, links = 0.0, 0
        for i in range(len(one)):
            pairs = [j for j in range(len(one)) if i != j or kind == "image_text"]
            near = [j for j in pairs if i == j or linked[i, j]]
            far = [j for j in pairs if j not in near]
            for some, sign, share in ((near, 1, 1.0), (far, -1, len(near) / max(len(far), 1))):
                for j in some:
                    d = sum(a * b for a, b in zip(one[i], other[j], strict=True)) - float(biases[kind])
                    sums += share * math.log(1 + math.exp(-sign * d))
            links += len(near)
        total += weight * sums / links if links else 0.0
    return total


def test_the_objective_and_its_gradient_match_the_equation(rng):
    """Over one batch of all posts, by one step of plain gradient descent."""
    posts = 6
    image, text = rng.normal(size=(posts, 4)).astype("float32"), np.eye(posts, 5, dtype="float32")
    text[5, 0] = 1.0
    graph = LinkGraph(posts, np.array([0, 1, 3]), np.array([2, 2, 4]))
    linked = graph.linked(np.arange(posts), np.arange(posts))
    model = LHNE(dimensions=3, text_weight=0.7, cross_weight=2.0, regularisation=0.01)
    options = {"image_units": (), "text_units": (), "image_dropout": 0.0, "text_dropout": 0.0, "regularisation": 0.01}
    model.model = hne(4, 5, 3, **options)
    pairs = model._objective(keras.optimizers.SGD(1.0))
    kernels = [model.model.get_layer(f"{side}_embedding").kernel for side in ("image", "text")]
    variables = [*kernels, *(pairs.get_layer(kind).bias for kind in ("image_image", "text_text", "image_text"))]
    for variable in variables:
        variable.assign(0.7 * rng.normal(size=variable.shape))
    before = [np.asarray(variable, "float64") for variable in variables]
    (batch,) = LinkBatches(image, text, graph, np.arange(posts), seed=0, anchors=posts, partners=False).epoch(0)
    got = pairs.train_on_batch(*batch, return_dict=True)["loss"]

    def wanted(place, value):
        changed = [value if number == place else weight for number, weight in enumerate(before)]
        return objective_by_loop(changed, image, text, linked, 0.7, 2.0, 0.01)

    assert float(got) == pytest.approx(wanted(0, before[0]), rel=1e-5)
    for place, variable in enumerate(variables):
        gradient = finite_differences(lambda value, place=place: wanted(place, value), before[place])
        np.testing.assert_allclose(before[place] - np.asarray(variable), gradient, rtol=1e-3, atol=1e-4)


# === What it learns ===


@BOTH
def test_two_linked_groups_are_told_apart(rng, name):
    """New pictures are nearest to the words of their group, though no picture was seen with most of them."""
    views, group = planted(rng)
    indptr, columns = views.links
    pairs = [(i, int(j)) for i in range(80) for j in columns[indptr[i] : indptr[i + 1]] if j < 80]
    train = Views(views.features[:80], views.tags[:80], compressed(80, pairs))
    model = new(name).fit(train)
    pictures, words = model.images(views.features[80:]), model.words(np.eye(8))
    near = cosines(pictures, words).reshape(40, 2, 4).mean(axis=2).argmax(axis=1)
    assert (near == group[80:]).mean() > 0.95
    same = group[80:, None] == group[80:]
    between = cosines(pictures, pictures)
    assert between[same].mean() > between[~same].mean() + 0.5


def test_links_say_which_features_matter(rng):
    """One of six features tells the groups apart, and the tags say nothing: only links can."""
    views, group = planted(rng)
    features = rng.normal(size=(120, 6)).astype("float32")
    features[:, 2] = 2.0 * group - 1.0
    tags = np.ones((120, 8), "float32")
    gaps = []
    for links in (views.links, compressed(120, [])):
        pictures = new("lhne").fit(Views(features, tags, links)).images(features)
        between, same = cosines(pictures, pictures), group[:, None] == group
        gaps.append(between[same].mean() - between[~same].mean())
    assert gaps[0] > gaps[1] + 0.4


# === What may come ===


@BOTH
@pytest.mark.usefixtures("few_steps")
def test_a_picture_alone_whatever_stands_beside_it(rng, name):
    views, _ = planted(rng, posts=30)
    model = new(name, epochs=1).fit(views)
    pictures = rng.normal(size=(5, 6))
    vectors = model.images(pictures)
    assert vectors.shape == (5, 8)
    for row in range(5):
        np.testing.assert_allclose(model.images(pictures[row : row + 1])[0], vectors[row], rtol=1e-4, atol=1e-6)
    assert model.images(pictures[:0]).shape == model.words(np.zeros((0, 8))).shape == (0, 8)


def test_the_same_seed_gives_the_same_vectors(rng):
    views, _ = planted(rng, posts=40)
    one, same, other = (new("hne", seed, epochs=2).fit(views).images(views.features) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one, same)
    assert not np.allclose(one, other)


def test_without_links_a_picture_learns_from_its_own_text(rng):
    views, group = planted(rng)
    model = new("hne").fit(Views(views.features, views.tags, compressed(120, [])))
    near = cosines(model.images(views.features), model.words(np.eye(8))).reshape(120, 2, 4).mean(axis=2).argmax(axis=1)
    assert (near == group).mean() > 0.95


@pytest.mark.parametrize(
    ("name", "posts", "links"), [("lhne", 2, "none"), ("hne", 2, "all"), ("hne", 25, "one"), ("lhne", 25, "all")]
)
def test_few_posts_and_all_or_no_links_stay_finite(rng, name, posts, links):
    pairs = {"none": [], "one": [(0, 1)], "all": [(i, j) for i in range(posts) for j in range(posts)]}[links]
    views = Views(
        rng.normal(size=(posts, 6)).astype("float32"),
        (rng.random((posts, 8)) < 0.3).astype("uint8"),
        compressed(posts, pairs),
    )
    model = new(name, epochs=2).fit(views)
    assert np.isfinite(model.images(views.features)).all()
    assert np.isfinite(model.words(np.eye(8))).all()


@pytest.mark.usefixtures("few_steps")
def test_posts_without_words_and_constant_features(rng):
    views, _ = planted(rng, posts=30)
    features, tags = views.features.copy(), views.tags.copy()
    features[:, 2], tags[:] = 7.0, 0.0
    model = new("lhne", epochs=2).fit(Views(features, tags, views.links))
    assert np.isfinite(model.images(features)).all()


# === Settings ===


@BOTH
def test_settings_of_the_grid_are_settings(name):
    baseline = find(name)
    assert name in NAMES
    assert 2 <= len(baseline.grid) <= 4
    for setting in baseline.grid:
        baseline(seed=1, **setting)


@pytest.mark.usefixtures("few_steps")
def test_lhne_is_linear(rng):
    views, _ = planted(rng, posts=30)
    model = new("lhne", epochs=2).fit(views)
    one, other = rng.normal(size=(2, 1, 6))
    left = model.images(one) + model.images(other)
    np.testing.assert_allclose(left, 2 * model.images((one + other) / 2), rtol=1e-3, atol=1e-5)


def test_examples(monkeypatch):
    monkeypatch.setattr(link_batches, "STEPS", 5)
    check_examples(HNE)


@pytest.mark.parametrize("argument", ["text_weight", "cross_weight", "regularisation"])
def test_says_what_was_wrong(argument):
    with pytest.raises(ValueError, match=f"`{argument}` must be non-negative and finite. Received: {argument}=-1.0"):
        HNE(**{argument: -1.0})
