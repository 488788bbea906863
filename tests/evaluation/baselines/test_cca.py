import numpy as np
import pytest
from cca_zoo.linear import RidgeCCA

from kerasmm.evaluation.baselines import CCA
from kerasmm.evaluation.search import search_figures
from tests.evaluation.baselines.planted import planted, unlinked
from tests.public_class import check_examples


def test_pictures_and_queries_are_those_of_the_library(rng):
    features, tags, _ = planted(rng)
    model = CCA(dimensions=3, regularisation=0.2).fit(unlinked(features, tags))
    scales = [np.sqrt(view.astype("float64").var(axis=0, ddof=1).mean()) for view in (features, tags)]
    library = RidgeCCA(3, shrinkage=0.2).fit([features / scales[0], tags / scales[1]])
    unseen, _, _ = planted(rng, posts=12)
    # The library centres a one-hot query by the mean of the training tags too.
    images, words = library.transform([unseen / scales[0], np.eye(12) / scales[1]])
    signs = np.sign((model.images(unseen) * images).sum(axis=0))
    np.testing.assert_allclose(model.images(unseen) * signs, images, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(model.words(np.eye(12)) * signs, words, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("setting", CCA.grid)
def test_planted_topics_are_found_by_one_word(rng, setting):
    features, tags, topic = planted(rng, posts=600)
    model = CCA(**setting).fit(unlinked(features[:400], tags[:400]))
    relevant = np.arange(12)[:, None] % 3 == topic[None, 400:]
    figures = search_figures(model.words(np.eye(12)), model.images(features[400:]), relevant, model.distance)
    # The first setting gives 64 dimensions, most of them noise, the weight of the two that say something.
    assert figures["mAP"] > figures["chance/mAP"] + 0.1


def test_a_word_that_never_occurs_and_a_constant_feature(rng):
    features, tags, _ = planted(rng)
    without = CCA(dimensions=3).fit(unlinked(features, tags))
    features_too = np.concatenate([features, np.full((300, 1), 7.0, "float32")], axis=1)
    tags_too = np.concatenate([tags, np.zeros((300, 1), "uint8")], axis=1)
    model = CCA(dimensions=3).fit(unlinked(features_too, tags_too))
    queries = model.words(np.eye(13))
    assert np.isfinite(queries).all()
    # What never occurs says no more than a query of no words.
    np.testing.assert_allclose(queries[12], model.words(np.zeros((1, 13)))[0], atol=1e-6)
    assert model.images(features_too).shape == without.images(features).shape


def test_memory_maps(rng, tmp_path):
    features, tags, _ = planted(rng)
    np.save(tmp_path / "features.npy", features)
    np.save(tmp_path / "tags.npy", tags)
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("features", "tags")]
    got, wanted = CCA().fit(unlinked(*maps)), CCA().fit(unlinked(features, tags))
    np.testing.assert_array_equal(got.images(maps[0]), wanted.images(features))


def test_example():
    check_examples(CCA)
