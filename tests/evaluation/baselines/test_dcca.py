import numpy as np
import pytest

from kerasmm.evaluation.baselines import DCCA, deep_cca_training
from kerasmm.evaluation.baselines.deep_cca_training import branch_outputs, train_deep_cca
from kerasmm.evaluation.search import search_figures
from kerasmm.losses import CanonicalCorrelationLoss
from kerasmm.models import deep_cca
from tests.evaluation.baselines.planted import planted, unlinked
from tests.public_class import check_examples

SMALL = {"dimensions": 2, "hidden": (16,), "dropout": 0.0, "loss_regularization": 1e-2}


@pytest.fixture(autouse=True)
def few_epochs(monkeypatch):
    monkeypatch.setattr(deep_cca_training, "EPOCHS", 25)
    monkeypatch.setattr(deep_cca_training, "LEARNING_RATE", 1e-2)


def test_planted_topics_are_found_by_one_word(rng):
    features, tags, topic = planted(rng, posts=600)
    model = DCCA(**SMALL).fit(unlinked(features[:400], tags[:400]))
    relevant = np.arange(12)[:, None] % 3 == topic[None, 400:]
    figures = search_figures(model.words(np.eye(12)), model.images(features[400:]), relevant, model.distance)
    assert figures["mAP"] > figures["chance/mAP"] + 0.3


def test_the_last_step_is_linear_cca_of_the_outputs(rng):
    features, tags, _ = planted(rng)
    model = DCCA(**SMALL, regularisation=0.0).fit(unlinked(features, tags))
    images, words = model.images(features), model.words(tags)
    np.testing.assert_allclose(np.cov(images.T), np.eye(2), atol=1e-3)
    np.testing.assert_allclose(np.cov(words.T), np.eye(2), atol=1e-3)
    across = np.corrcoef(images.T, words.T)[:2, 2:]
    np.testing.assert_allclose(across, np.diag(model.projections.correlations), atol=1e-3)
    assert across[0, 0] > across[1, 1] > 0


def test_queries_are_centred_as_the_training_tags_were(rng):
    features, tags, _ = planted(rng)
    model = DCCA(**SMALL).fit(unlinked(features, tags))
    np.testing.assert_allclose(model.words(tags).mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(model.images(features).mean(axis=0), 0, atol=1e-4)


def test_the_seed_decides(rng):
    features, tags, _ = planted(rng, posts=100)
    one, same, other = (
        DCCA(seed=seed, **{**SMALL, "dropout": 0.3}).fit(unlinked(features, tags)).images(features)
        for seed in (1, 1, 2)
    )
    np.testing.assert_allclose(one, same, rtol=1e-4, atol=1e-4)
    assert np.abs(one - other).max() > 1e-2


def test_held_out_posts_stop_what_learns_nothing(rng, monkeypatch):
    """Pictures and tags that share nothing: the loss falls, the correlation of held-out posts stays near 0."""
    monkeypatch.setattr(deep_cca_training, "EPOCHS", 1000)
    features = rng.normal(size=(200, 30)).astype("float32")
    tags = (rng.random((200, 20)) < 0.3).astype("uint8")
    model = deep_cca(30, 20, dimensions=4, hidden=(16,), seed=0)
    order = rng.permutation(200)
    history = train_deep_cca(
        model,
        CanonicalCorrelationLoss(1e-2),
        unlinked(features, tags),
        order[50:],
        order[:50],
        weight_decay=0.0,
        seed=0,
    )
    # By how much depends on how soon it stops.
    assert history["loss"][-1] < history["loss"][0] - 0.1
    assert len(history["loss"]) < 1000
    assert max(np.abs(history["held_out_correlation"])) < 2.0
    # The best epoch is the last but the patience.
    assert len(history["held_out_correlation"]) == len(history["loss"])
    best = int(np.argmax(history["held_out_correlation"]))
    assert best == len(history["loss"]) - 1 - deep_cca_training.PATIENCE
    assert branch_outputs(model, "images", features).shape == (200, 4)


@pytest.mark.parametrize("posts", [2, 19, 21])
def test_few_posts_and_a_batch_smaller_than_the_dimensions(rng, posts):
    features, tags, _ = planted(rng, posts=posts)
    tags[0], tags[1], features[:, 2] = 0, 1, 3.0
    model = DCCA(dimensions=16, hidden=(8,)).fit(unlinked(features, tags))
    assert np.isfinite(model.images(features)).all()
    assert np.isfinite(model.words(np.eye(12))).all()


def test_large_means_lose_no_digits(rng):
    features, tags, _ = planted(rng)
    model = DCCA(**SMALL).fit(unlinked(features + 1000, tags))
    outputs = branch_outputs(model.model, "images", features + 1000)
    assert np.isfinite(outputs).all()
    standardise = model.model.get_layer("images").get_layer("standardise")
    np.testing.assert_allclose(np.ravel(standardise.mean), features.mean(axis=0) + 1000, rtol=1e-2)
    np.testing.assert_allclose(np.ravel(standardise.variance), features.var(axis=0), rtol=0.3)


def test_example():
    check_examples(DCCA)
