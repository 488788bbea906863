"""Foreseen tags against slow loops over the printed equations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix

from kerasmm.evaluation import tagging


def drawn(rng, posts=13, tags=29):
    """Scores with many ties and some that are no number, and true tags; some posts have none."""
    scores = rng.integers(0, 6, (posts, tags)).astype("float32")
    scores[rng.random(scores.shape) < 0.1] = np.nan
    return scores, (rng.random(scores.shape) < 0.1).astype("float32")


def ordered(scores):
    """Places best first, one score after the other: what is no number last, equal ones as they stand."""
    return sorted(range(len(scores)), key=lambda i: (np.isnan(scores[i]), -scores[i] if scores[i] == scores[i] else 0))


@pytest.mark.parametrize("chunk", [1, 60, 1 << 22])
def test_best_rank_is_the_place_of_the_first_true_tag(rng, monkeypatch, chunk):
    monkeypatch.setattr(tagging, "CHUNK", chunk)
    scores, truth = drawn(rng)
    expected = []
    for row, true in zip(scores, truth, strict=True):
        right = [place for place, tag in enumerate(ordered(row), 1) if true[tag]]
        # Those that are no number are all alike, so the first of them comes first.
        expected.append(min(right, default=0))
    assert tagging.best_ranks(lambda rows: scores[rows], csr_matrix(truth)).tolist() == expected


def test_accuracy_at_k_is_equation_7(rng):
    scores, truth = drawn(rng)
    truth[0, 0] = 1
    sparse = csr_matrix(truth)
    figures = tagging.hit_figures(tagging.best_ranks(lambda rows: scores[rows], sparse), sparse, (1, 4, 40))
    for k in (1, 4, 40):
        hits = [
            bool(set(ordered(row)[:k]) & set(np.flatnonzero(true))) for row, true in zip(scores, truth, strict=True)
        ]
        assert figures[f"A@{k}"] == pytest.approx(np.mean([h for h, t in zip(hits, truth, strict=True) if t.any()]))
    assert figures["posts"] == truth.any(axis=1).sum()


def test_chance_is_the_share_of_all_orders():
    # Of three tags two are true of the first post and one of the second: first places 2/3 and 1/3.
    figures = tagging.hit_figures(np.array([1, 2]), csr_matrix([[1, 1, 0], [0, 0, 1]]), (1,))
    assert figures["chance/A@1"] == pytest.approx(0.5)


def test_without_a_true_tag_there_are_no_figures():
    nothing = csr_matrix((3, 4))
    ranks = tagging.best_ranks(lambda rows: np.zeros((3, 4))[rows], nothing)
    assert ranks.tolist() == [0, 0, 0]
    assert tagging.hit_figures(ranks, nothing) == {}
    assert tagging.hits_by_posts(ranks, np.array([1, 2, 3])) == {}
    assert tagging.precision_figures(lambda tags: np.zeros((4, 3))[tags], nothing, np.zeros(4)) == {}


def test_figure_5_has_each_post_in_one_bin(rng):
    ranks, posts = rng.integers(0, 4, 200), rng.integers(0, 100, 200)
    figures = tagging.hits_by_posts(ranks, posts)
    edges = {
        "0": (0, 0),
        "1": (1, 1),
        "2-3": (2, 3),
        "4-9": (4, 9),
        "10-27": (10, 27),
        "28-81": (28, 81),
        "82-243": (82, 243),
    }
    for name, (low, high) in edges.items():
        held = [r for r, n in zip(ranks, posts, strict=True) if low <= n <= high and r]
        assert figures.get(f"posts/user_posts/{name}", 0) == len(held)
        if held:
            assert figures[f"A@1/user_posts/{name}"] == pytest.approx(np.mean([r == 1 for r in held]))
    assert sum(value for key, value in figures.items() if key.startswith("posts/")) == (ranks > 0).sum()


@pytest.mark.parametrize("chunk", [1, 60, 1 << 22])
@pytest.mark.parametrize("k", [3, 50])
def test_precision_at_k_is_equation_8(rng, monkeypatch, chunk, k):
    monkeypatch.setattr(tagging, "CHUNK", chunk)
    scores, truth = drawn(rng)
    frequency = rng.integers(0, 5, truth.shape[1])
    figures = tagging.precision_figures(lambda tags: scores.T[tags], csr_matrix(truth), frequency, k)
    shown = min(k, len(truth))
    found = {
        tag: sum(truth[ordered(scores[:, tag])[:shown], tag]) / shown
        for tag in range(truth.shape[1])
        if truth[:, tag].any()
    }
    assert figures[f"P@{k}"] == pytest.approx(np.mean(list(found.values())))
    assert figures["queries"] == len(found)
    assert figures[f"chance/P@{k}"] == pytest.approx(np.mean([truth[:, tag].mean() for tag in found]))
    place = {tag: number for number, tag in enumerate(sorted(range(len(frequency)), key=lambda t: -frequency[t]), 1)}
    for name, (low, high) in {"1": (1, 1), "2-3": (2, 3), "4-9": (4, 9), "10-27": (10, 27), "28-81": (28, 81)}.items():
        members = [value for tag, value in found.items() if low <= place[tag] <= high]
        assert (f"P@{k}/tag_rank/{name}" in figures) == bool(members)
        if members:
            assert figures[f"P@{k}/tag_rank/{name}"] == pytest.approx(np.mean(members))


def test_scores_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"`scores` must give \(2, 3\)"):
        tagging.best_ranks(lambda rows: np.zeros((2, 4)), csr_matrix((2, 3)))
