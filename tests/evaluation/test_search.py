from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from kerasmm.evaluation import search
from kerasmm.evaluation.search import neighbour_figures, search_figures
from tests.apart import apart, drawn_until


def distance_by_loop(query, vector, distance):
    inner = sum(float(a) * float(b) for a, b in zip(query, vector, strict=True))
    if distance == "inner":
        return inner
    if distance == "euclidean":
        return -sum((float(a) - float(b)) ** 2 for a, b in zip(query, vector, strict=True))
    return inner / math.sqrt(sum(float(a) ** 2 for a in query)) / math.sqrt(sum(float(b) ** 2 for b in vector))


def vectors_apart(rng, queries, vectors, distance):
    """No two of a query's scores are so near each other that float32 might swap them."""

    def clear(drawn):
        return apart(np.array([[distance_by_loop(one, other, distance) for other in drawn[1]] for one in drawn[0]]))

    return drawn_until(clear, lambda: (rng.normal(size=queries), rng.normal(size=vectors)))


@pytest.mark.parametrize("distance", ["cosine", "euclidean", "inner"])
@pytest.mark.parametrize("chunk", [1, 1 << 20])
def test_ranks_as_a_loop_over_distances_does(rng, monkeypatch, distance, chunk):
    monkeypatch.setattr(search, "CHUNK", chunk)
    queries, vectors = vectors_apart(rng, (7, 5), (30, 5), distance)
    relevant = rng.random((7, 30)) < 0.3
    relevant[:, 0] = True
    got = search_figures(queries, vectors, relevant, distance)
    precision = {k: [] for k in (1, 5, 10, 20, 50)}
    averages = []
    for query, right in zip(queries, relevant, strict=True):
        scores = [distance_by_loop(query, vector, distance) for vector in vectors]
        order = sorted(range(30), key=lambda place: -scores[place])
        for k, values in precision.items():
            values.append(sum(right[place] for place in order[:k]) / len(order[:k]))
        averages.append(average_precision_score(right, scores))
    for k, values in precision.items():
        assert got[f"p@{k}"] == pytest.approx(np.mean(values), abs=1e-6)
    assert got["mAP"] == pytest.approx(np.mean(averages), abs=1e-6)
    assert got["queries"] == 7


def test_a_sum_of_ranks_is_that_of_a_loop(rng):
    # Small whole numbers: many scores and many sums are equal.
    queries, vectors = rng.integers(0, 3, (6, 4)).astype("float32"), rng.integers(0, 3, (20, 4)).astype("float32")
    queries[:, 0], vectors[:, 0] = 1, 1
    got = search.similarities(queries, vectors, "ranks")
    for row, query in enumerate(queries):
        summed = [0] * 20
        for distance in ("cosine", "inner"):
            scores = search.similarities(query[None], vectors, distance)[0].tolist()
            for rank, place in enumerate(sorted(range(20), key=lambda place, s=scores: -s[place])):
                summed[place] -= rank
        assert got[row].tolist() == summed


def test_agrees_with_the_public_metric(rng):
    vectors, relevant = rng.normal(size=(30, 4)), rng.random((6, 30)) < 0.4
    relevant[:, 1] = True
    queries = rng.normal(size=(6, 4))
    got = search_figures(queries, vectors, relevant, "inner")
    from kerasmm.metrics import MeanAveragePrecision, PrecisionAtK

    for name, metric in {**{f"p@{k}": PrecisionAtK(k) for k in (1, 5, 50)}, "mAP": MeanAveragePrecision()}.items():
        metric.update_state(relevant.astype("float32"), search.similarities(queries, vectors, "inner"))
        assert float(metric.result()) == pytest.approx(got[name], abs=1e-6), name


def test_ties_keep_the_order_of_the_posts():
    relevant = np.array([[False, True, True, False]])
    got = search_figures(np.ones((1, 2)), np.ones((4, 2)), relevant, "cosine", ranks=(1, 2, 3))
    assert (got["p@1"], got["p@2"], got["p@3"]) == (0.0, 0.5, pytest.approx(2 / 3))
    assert got["mAP"] == pytest.approx((1 / 2 + 2 / 3) / 2)


def test_chance_is_what_random_orders_give(rng):
    relevant = np.zeros((3, 12), bool)
    relevant[0, :2], relevant[1, :7], relevant[2, :] = True, True, True
    chance = search_figures(np.ones((3, 1)), np.ones((12, 1)), relevant, "inner")
    tried = []
    for _ in range(4000):
        vectors = rng.permutation(12)[:, None].astype(float)
        tried.append(search_figures(np.ones((3, 1)), vectors, relevant, "inner"))
    for key in ("mAP", "p@1", "p@10", "p@50"):
        mean = np.mean([figures[key] for figures in tried])
        error = np.std([figures[key] for figures in tried]) / math.sqrt(len(tried))
        assert abs(mean - chance[f"chance/{key}"]) < 7 * error + 1e-9, key


def test_unknown_distance_is_refused():
    with pytest.raises(ValueError, match="distance='manhattan'"):
        search_figures(np.ones((1, 1)), np.ones((1, 1)), np.ones((1, 1), bool), "manhattan")


def test_neighbours_are_posts_that_share_a_label(rng):
    # Cosines that float32 can't swap, those of a vector with itself among them.
    vectors = drawn_until(
        lambda drawn: apart(np.corrcoef(np.hstack([drawn, -drawn]))), lambda: rng.normal(size=(41, 3))
    )
    labels = (rng.random((41, 5)) < 0.3).astype("float32")
    got = neighbour_figures(vectors, labels, "cosine", most=15)
    # Posts 0, 2, … 28 are asked; they are not searched.
    searched = [row for row in range(41) if row % 2 or row > 28]
    averages = []
    for query in range(0, 30, 2):
        right = [bool(set(np.flatnonzero(labels[query])) & set(np.flatnonzero(labels[row]))) for row in searched]
        if any(right):
            scores = [distance_by_loop(vectors[query], vectors[row], "cosine") for row in searched]
            averages.append(average_precision_score(right, scores))
    assert got["mAP"] == pytest.approx(np.mean(averages), abs=1e-6)
    assert got["queries"] == len(averages)


def test_neighbours_without_labels_have_no_figures(rng):
    assert neighbour_figures(rng.normal(size=(6, 2)), np.zeros((6, 2)), "cosine") == {}
