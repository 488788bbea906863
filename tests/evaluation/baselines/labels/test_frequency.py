import numpy as np
import pytest

from kerasmm.evaluation.annotation import annotation_figures
from kerasmm.evaluation.baselines.labels import frequency
from kerasmm.evaluation.baselines.labels.frequency import Frequency
from tests.public_class import check_examples


@pytest.mark.parametrize("rows", [1, 4, 4096])
def test_scores_are_shares_of_the_training_posts(rng, monkeypatch, tmp_path, rows):
    monkeypatch.setattr(frequency, "ROWS", rows)
    labels = rng.random((13, 5)) < 0.4
    np.save(tmp_path / "labels.npy", labels)
    scores = Frequency().fit([""] * 13, np.load(tmp_path / "labels.npy", mmap_mode="r")).scores(["a", "b", "c"])
    wanted = [sum(bool(row[label]) for row in labels) / 13 for label in range(5)]
    np.testing.assert_allclose(scores, [wanted] * 3, rtol=1e-6)


def test_the_same_order_for_every_post():
    """Labels 2, 0, 1 by frequency; the test posts have 2, and 1 and 0."""
    model = Frequency().fit(["a", "b", "c"], np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1]]))
    figures = annotation_figures(np.array([[0, 0, 1], [1, 1, 0]]), model.scores(["d", "e"]), (1, 2))
    assert (figures["R@1"], figures["R@2"], figures["coverage"]) == ((1 + 0) / 2, (1 + 1 / 2) / 2, (0 + 2) / 2)


def test_a_million_posts_take_no_memory():
    scores = Frequency().fit(["a", "b"], np.ones((2, 1000))).scores([""] * 1_000_000)
    assert scores.shape == (1_000_000, 1000)
    assert scores.strides[0] == 0


def test_says_what_was_wrong():
    for texts, labels in (([], np.zeros((0, 3))), (["a"] * 3, np.zeros(3)), (["a"], np.zeros((2, 3)))):
        with pytest.raises(
            ValueError, match=r"`labels` must have shape \(posts, labels\) with a row a text, one or more"
        ):
            Frequency().fit(texts, labels)


def test_example():
    check_examples(Frequency)
