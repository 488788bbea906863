import numpy as np
import pytest

from kerasmm.evaluation.baselines import Ridge
from kerasmm.evaluation.search import similarities
from tests.evaluation.baselines.planted import planted, unlinked
from tests.public_class import check_examples


def normal_equations(features, targets, test, strength):
    """(XᵀX + α I) W = XᵀY on standardised features, with the means of the targets added."""
    features, targets = features.astype("float64"), targets.astype("float64")
    mean, deviation = features.mean(axis=0), features.std(axis=0)
    deviation[deviation == 0] = 1
    x = (features - mean) / deviation
    weights = np.linalg.solve(x.T @ x + strength * np.eye(x.shape[1]), x.T @ (targets - targets.mean(axis=0)))
    return (test - mean) / deviation @ weights + targets.mean(axis=0)


def test_scores_are_those_of_the_normal_equations(rng):
    features, tags, topic = planted(rng)
    features[:, 1] = 2.0  # constant
    tags[:, 4] = 0  # never occurs
    unseen, _, _ = planted(rng, posts=9)
    model = Ridge(strength=30.0).fit(unlinked(features, tags))
    wanted = normal_equations(features, tags, unseen, 30.0)
    np.testing.assert_allclose(model.images(unseen), wanted, rtol=1e-3, atol=1e-4)
    # Search by `inner`: the score of a post for a query of one word is the word's score.
    scores = similarities(model.words(np.eye(12)), model.images(unseen), model.distance)
    np.testing.assert_allclose(scores, wanted.T, rtol=1e-3, atol=1e-4)
    labels = np.eye(3)[topic]
    np.testing.assert_allclose(
        model.label_scores(labels, unseen), normal_equations(features, labels, unseen, 30.0), rtol=1e-3, atol=1e-4
    )


def test_one_label(rng):
    features, tags, topic = planted(rng)
    assert Ridge().fit(unlinked(features, tags)).label_scores(topic[:, None] > 1, features).shape == (300, 1)


@pytest.mark.parametrize("strength", [0.0, -1.0, float("nan")])
def test_wrong_strength(strength):
    with pytest.raises(ValueError, match="`strength` must be positive. Received: strength="):
        Ridge(strength=strength)


def test_example():
    check_examples(Ridge)
