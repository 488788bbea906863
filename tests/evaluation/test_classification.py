from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kerasmm.evaluation.baselines import ridge_scores
from kerasmm.evaluation.classification import classification_figures, classifier_scores


def counts(truth, given):
    true = sum(int(t and g) for t, g in zip(truth, given, strict=True))
    return true, int(sum(given)), int(sum(truth))


def ratio(a, b):
    return a / b if b else 0.0


def test_figures_are_counted_by_hand(rng):
    labels = rng.random((60, 5)) < 0.3
    labels[:, 4] = False  # a label that no post has
    scores = rng.random((60, 5))
    got = classification_figures(labels, scores)
    per_label = [counts(labels[:, c], scores[:, c] > 0.5) for c in range(5)]
    true, given, there = (sum(values) for values in zip(*per_label, strict=True))
    precision, recall = true / given, true / there
    assert got["micro_precision"] == pytest.approx(precision)
    assert got["micro_recall"] == pytest.approx(recall)
    assert got["micro_f1"] == pytest.approx(2 * precision * recall / (precision + recall))
    assert got["macro_precision"] == pytest.approx(np.mean([ratio(t, g) for t, g, _ in per_label]))
    assert got["macro_recall"] == pytest.approx(np.mean([ratio(t, p) for t, _, p in per_label]))
    assert got["macro_f1"] == pytest.approx(np.mean([ratio(2 * t, g + p) for t, g, p in per_label]))
    assert got["mAP"] == pytest.approx(np.mean([average_precision_score(labels[:, c], scores[:, c]) for c in range(4)]))
    assert got["chance/mAP"] == pytest.approx(labels[:, :4].mean())


def test_exactly_half_is_not_given():
    got = classification_figures(np.array([[1], [0]]), np.array([[0.5], [0.6]]))
    assert got["micro_precision"] == 0.0


@pytest.mark.usefixtures("whole_exports")
def test_the_classifier_learns_what_can_be_learned(rng):
    vectors = rng.normal(size=(600, 12)).astype("float32")
    labels = (vectors[:, :3] > 0).astype("float32")
    test = rng.normal(size=(200, 12)).astype("float32")
    scores = classifier_scores(vectors, labels, test)
    assert classification_figures(test[:, :3] > 0, scores)["mAP"] > 0.9
    noise = classifier_scores(vectors, rng.permutation(labels), test)
    assert classification_figures(test[:, :3] > 0, noise)["mAP"] < 0.65


def test_ridge_is_the_closed_form(rng):
    features, targets = rng.normal(size=(50, 4)) * 3 + 1, (rng.random((50, 2)) < 0.5).astype(float)
    test = rng.normal(size=(9, 4))
    mean, deviation = features.mean(0), features.std(0)
    x, centre = (features - mean) / deviation, targets.mean(0)
    weights = np.linalg.solve(x.T @ x + 100.0 * np.eye(4), x.T @ (targets - centre))
    expected = (test - mean) / deviation @ weights + centre
    np.testing.assert_allclose(ridge_scores(features, targets, test), expected, rtol=1e-4, atol=1e-4)
