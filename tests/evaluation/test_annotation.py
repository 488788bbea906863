from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from sklearn.metrics import precision_recall_curve

from kerasmm.evaluation import annotation
from kerasmm.evaluation.annotation import annotation_figures, precision_recall, random_figures
from kerasmm.metrics import Coverage, HammingLossAtK, MultiLabelAccuracyAtK, RecallAtK
from tests.metrics import by_loop
from tests.public_class import check_examples

KS = (1, 5, 10, 40)
ROWS = {"R": by_loop.label_recall_at, "ML-A": by_loop.multi_label_accuracy_at, "HL": by_loop.hamming_loss_at}


def mean_of(row, labels, scores):
    values = [row(list(true), list(given)) for true, given in zip(labels.tolist(), scores.tolist(), strict=True)]
    values = [value for value in values if value is not None]
    return sum(values) / len(values)


def figures_by_loop(labels, scores, ks):
    found = {f"{name}@{k}": mean_of(row(k), labels, scores) for k in ks for name, row in ROWS.items()}
    return {**found, "coverage": mean_of(by_loop.coverage(), labels, scores)}


def curve_by_loop(labels, scores):
    """At each level the best precision among the cuts of the list that reach it, with whole numbers."""
    sums, count = [0.0] * 20, 0
    for true, given in zip(labels.tolist(), scores.tolist(), strict=True):
        if not any(true):
            continue
        count += 1
        order = by_loop.ranked(true, given)
        for level in range(1, 21):
            cuts = [cut for cut in range(1, len(order) + 1) if 20 * order[:cut].count(1) >= level * order.count(1)]
            sums[level - 1] += max(order[:cut].count(1) / cut for cut in cuts)
    return {f"precision@recall/{level / 20:.2f}": value / count for level, value in enumerate(sums, 1)}


def drawn(rng, posts=25, labels=31):
    """Ties, posts without and with all labels."""
    truth = (rng.random((posts, labels)) < 0.15).astype("uint8")
    truth[0], truth[1] = 0, 1
    return truth, rng.integers(-4, 5, (posts, labels)) / 4


@pytest.mark.parametrize("chunk", [1, 100, 1 << 22])
def test_agrees_with_a_loop_in_chunks_of_any_size(rng, monkeypatch, chunk):
    monkeypatch.setattr(annotation, "CHUNK", chunk)
    labels, scores = drawn(rng)
    for given in (scores, rng.normal(size=scores.shape).astype("float32")):
        got = annotation_figures(labels, given, KS)
        assert got == pytest.approx(figures_by_loop(labels, given, KS))
        assert list(got) == [*(f"{name}@{k}" for k in KS for name in ROWS), "coverage"]
        assert precision_recall(labels, given) == pytest.approx(curve_by_loop(labels, given), rel=1e-5)


def test_agrees_with_the_metrics(rng):
    labels, scores = drawn(rng)
    scores[3, 4] = np.nan
    got = annotation_figures(labels, scores, (3,))
    for key, metric in {
        "R@3": RecallAtK(3),
        "ML-A@3": MultiLabelAccuracyAtK(3),
        "HL@3": HammingLossAtK(3),
        "coverage": Coverage(),
    }.items():
        metric.update_state(labels, scores)
        assert got[key] == pytest.approx(float(metric.result()), rel=1e-5)


def test_worked_by_hand():
    """The true labels have ranks 1 and 4, and rank 2."""
    labels = np.array([[1, 0, 0, 1], [0, 0, 1, 0]])
    scores = np.array([[0.9, 0.8, 0.7, 0.1], [0.1, 0.9, 0.8, 0.0]])
    assert annotation_figures(labels, scores, (1, 2)) == pytest.approx(
        {
            "R@1": (1 / 2 + 0) / 2,
            "ML-A@1": (1 / 2 + 0) / 2,
            "HL@1": (1 / 4 + 2 / 4) / 2,
            "R@2": (1 / 2 + 1) / 2,
            "ML-A@2": (1 / 3 + 1 / 2) / 2,
            "HL@2": (2 / 4 + 1 / 4) / 2,
            "coverage": (3 + 1) / 2,
        }
    )
    curve = precision_recall(labels, scores)
    assert curve["precision@recall/0.05"] == curve["precision@recall/0.50"] == pytest.approx((1 + 1 / 2) / 2)
    assert curve["precision@recall/0.55"] == curve["precision@recall/1.00"] == pytest.approx((2 / 4 + 1 / 2) / 2)


def test_the_curve_is_interpolated_from_sklearns(rng):
    labels = (rng.random((30, 40)) < 0.2).astype(int)
    labels[:, 7] = 1
    scores = rng.permuted(np.tile(np.arange(40.0), (30, 1)), axis=1)
    wanted = np.zeros(20)
    for true, given in zip(labels, scores, strict=True):
        precision, recall, _ = precision_recall_curve(true, given)
        wanted += [precision[recall >= level / 20 - 1e-9].max() for level in range(1, 21)]
    got = precision_recall(labels, scores)
    assert list(got) == [f"precision@recall/{level * 5 / 100:.2f}" for level in range(1, 21)]
    assert list(got.values()) == pytest.approx(wanted / 30, rel=1e-5)


def test_a_perfect_order_is_one_everywhere(rng):
    labels, _ = drawn(rng)
    assert set(precision_recall(labels, labels).values()) == {1.0}


def test_no_posts_and_no_labels():
    for posts, count in ((0, 5), (4, 5), (3, 0)):
        nothing = np.zeros((posts, count))
        assert (
            annotation_figures(nothing, nothing) == random_figures(nothing) == precision_recall(nothing, nothing) == {}
        )


def test_memory_maps_of_half_precision(rng, tmp_path):
    labels, scores = drawn(rng)
    np.save(tmp_path / "labels.npy", labels.astype(bool))
    np.save(tmp_path / "scores.npy", scores.astype("float16"))
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("labels", "scores")]
    assert annotation_figures(*maps) == annotation_figures(labels, scores)
    assert precision_recall(*maps) == precision_recall(labels, scores)
    assert random_figures(maps[0]) == random_figures(labels)


def test_memory_does_not_grow_with_the_posts(rng, monkeypatch):
    """4,000 × 500 scores are 8 MB in single precision; a chunk of 10,000 is 40 kB."""
    monkeypatch.setattr(annotation, "CHUNK", 10_000)
    labels, scores = rng.random((4000, 500)) < 0.01, rng.random((4000, 500)).astype("float32")
    for measured in (annotation_figures, precision_recall):
        tracemalloc.start()
        measured(labels, scores)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 3e6


@pytest.mark.parametrize(("among", "k"), [(7, 3), (20, 10), (6, 10)])
def test_chance_is_what_random_orders_give_in_the_mean(rng, among, k):
    labels = (rng.random((8, among)) < 0.3).astype(int)
    labels[0], labels[1] = 1, 0
    labels[2:, 0] = 1
    times = 4000
    many = np.repeat(labels, times, axis=0)
    got, wanted = random_figures(labels, (k,)), annotation_figures(many, rng.random(many.shape), (k,))
    assert list(got) == list(wanted)
    # Values of a post lie in 0 … 1 and 0 … K - 1: seven standard errors of a mean of 7 × 4,000 are 0.021 of that.
    for key, value in wanted.items():
        assert got[key] == pytest.approx(value, abs=0.021 * (among if key == "coverage" else 1))


def test_chance_of_one_post_by_hand():
    """One of four labels, two given: on top in half of the orders; its expected rank is 2.5."""
    wanted = {"R@2": 1 / 2, "ML-A@2": 1 / 2 * 1 / 2, "HL@2": 1 / 2 * 1 / 4 + 1 / 2 * 3 / 4, "coverage": 1.5}
    assert random_figures(np.array([[0, 1, 0, 0]]), (2,)) == pytest.approx(wanted)


def test_chance_of_many_labels_is_a_number():
    labels = np.zeros((2, 100_000), bool)
    labels[0, :3], labels[1, :60_000] = True, True
    assert all(map(math.isfinite, random_figures(labels).values()))
    assert random_figures(labels)["R@10"] == pytest.approx(1e-4)


def test_says_what_was_wrong():
    for measured in (lambda ks: annotation_figures(np.eye(2), np.eye(2), ks), lambda ks: random_figures(np.eye(2), ks)):
        with pytest.raises(ValueError, match=r"`ks` must be positive. Received: ks=\(1, 0\)"):
            measured((1, 0))
    for measured in (annotation_figures, precision_recall):
        with pytest.raises(ValueError, match="`labels` and `scores` must have one shape"):
            measured(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match=r"`labels` must have shape \(posts, labels\)"):
        random_figures(np.ones(3))


@pytest.mark.parametrize("thing", [annotation_figures, random_figures, precision_recall])
def test_example(thing):
    check_examples(thing)
