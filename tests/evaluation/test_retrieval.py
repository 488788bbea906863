from __future__ import annotations

import itertools
import math
import statistics
import tracemalloc

import numpy as np
import pytest

from kerasmm.evaluation import retrieval
from kerasmm.evaluation.chance import chance_figures
from kerasmm.evaluation.retrieval import retrieval_figures, true_ranks


def ranks_by_loop(queries, candidates, pairs):
    """Rank of the first true candidate of each query that has one: the whole list, sorted."""
    found = {}
    for query in sorted({query for query, _ in pairs}):
        scores = [sum(float(a) * float(b) for a, b in zip(queries[query], other, strict=True)) for other in candidates]
        order = sorted(range(len(candidates)), key=lambda place: (-scores[place], place))
        found[query] = 1 + next(rank for rank, place in enumerate(order) if (query, place) in pairs)
    return found


def figures_by_loop(images, sentences, pairs):
    there, back = {(int(a), int(b)) for a, b in pairs}, {(int(b), int(a)) for a, b in pairs}
    figures, total = {}, 0.0
    for direction, ranks in {
        "image_to_text": ranks_by_loop(images, sentences, there),
        "text_to_image": ranks_by_loop(sentences, images, back),
    }.items():
        values = list(ranks.values())
        for k in (1, 5, 10):
            figures[f"{direction}/R@{k}"] = sum(rank <= k for rank in values) / len(values)
            total += 100 * figures[f"{direction}/R@{k}"]
        figures[f"{direction}/median_rank"] = statistics.median(values)
        figures[f"{direction}/mean_rank"] = statistics.mean(values)
        figures[f"{direction}/queries"] = len(values)
    return {**figures, "rsum": total}


def without_chance(figures):
    return {key: value for key, value in figures.items() if "chance" not in key}


def drawn(rng, n, m, d=6):
    """N:M pairs, some images without a sentence and some sentences without an image; whole numbers, so there are ties."""
    related = rng.random((n, m)) < 0.2
    related[rng.random(n) < 0.2] = False
    related[:, rng.random(m) < 0.2] = False
    related[0, 0] = True
    pairs = rng.permutation(np.argwhere(related))
    return rng.integers(-2, 3, (n, d)), rng.integers(-2, 3, (m, d)), pairs


def test_a_matrix_worked_by_hand():
    """Two images (unit vectors, so scores are the coordinates of the four sentences); the last sentence is of no image.

    Image 0 ranks 0, 1, 3, 2: its sentence 0 is first. Image 1 ranks 3, 1, 2, 0: its sentence 2 is third.
    Sentence 0 ranks image 0 first, which is true; sentence 2 ranks image 0 before image 1, which is true: second.
    """
    sentences = np.array([[0.9, 0.1], [0.5, 0.5], [0.4, 0.3], [0.5, 0.8]])
    got = retrieval_figures(np.eye(2), sentences, np.array([[0, 0], [1, 2]]))
    assert (got["image_to_text/R@1"], got["image_to_text/R@5"], got["image_to_text/queries"]) == (0.5, 1.0, 2)
    assert (got["image_to_text/median_rank"], got["image_to_text/mean_rank"]) == (2, 2)
    assert (got["text_to_image/R@1"], got["text_to_image/mean_rank"], got["text_to_image/queries"]) == (0.5, 1.5, 2)
    assert got["rsum"] == pytest.approx(50 + 100 + 100 + 50 + 100 + 100)
    # Sentence 1 true of both: second of image 1, and right with either image.
    both = retrieval_figures(np.eye(2), sentences, np.array([[0, 0], [0, 1], [1, 2], [1, 1]]))
    assert both["image_to_text/mean_rank"] == 1.5
    assert (both["text_to_image/queries"], both["text_to_image/R@1"]) == (3, pytest.approx(2 / 3))


@pytest.mark.parametrize("tile", [1, 2, 7, 2048])
@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 9), (9, 1), (13, 31), (20, 6)])
def test_agrees_with_a_loop_over_sorted_lists_in_tiles_of_any_size(rng, monkeypatch, tile, n, m):
    monkeypatch.setattr(retrieval, "TILE", tile)
    images, sentences, pairs = drawn(rng, n, m)
    assert without_chance(retrieval_figures(images, sentences, pairs)) == pytest.approx(
        figures_by_loop(images, sentences, pairs)
    )
    # And without ties, from single precision.
    images, sentences = (rng.normal(size=shape).astype("float32") for shape in (images.shape, sentences.shape))
    assert without_chance(retrieval_figures(images, sentences, pairs)) == pytest.approx(
        figures_by_loop(images, sentences, pairs)
    )


def test_ranks_by_row(rng):
    images, sentences, pairs = drawn(rng, 15, 12)
    there, back = {(int(a), int(b)) for a, b in pairs}, {(int(b), int(a)) for a, b in pairs}
    for got, wanted in zip(
        true_ranks(images, sentences, pairs),
        (ranks_by_loop(images, sentences, there), ranks_by_loop(sentences, images, back)),
        strict=True,
    ):
        assert {row: rank for row, rank in enumerate(got.tolist()) if rank} == wanted


def test_of_equal_similarities_the_earlier_row_ranks_higher():
    """All vectors alike: the rank of a true answer is its place."""
    pairs = np.array([[0, 4], [1, 2], [1, 3], [2, 0]])
    image_ranks, sentence_ranks = true_ranks(np.ones((3, 2)), np.ones((5, 2)), pairs)
    assert image_ranks.tolist() == [5, 3, 1]
    assert sentence_ranks.tolist() == [3, 0, 2, 2, 1]


@pytest.mark.parametrize("tile", [3, 2048])
def test_copies_of_a_vector_are_ties_whatever_the_order_of_sums(rng, monkeypatch, tile):
    """A collapsed embedding: every vector the same, of numbers whose sums round."""
    monkeypatch.setattr(retrieval, "TILE", tile)
    vector = rng.normal(size=257).astype("float32")
    vector /= np.linalg.norm(vector)
    count = 41
    pairs = np.stack([np.arange(count), rng.permutation(count)], axis=1)
    image_ranks, sentence_ranks = true_ranks(np.tile(vector, (count, 1)), np.tile(vector, (count, 1)), pairs)
    assert image_ranks.tolist() == (pairs[:, 1] + 1).tolist()
    assert sentence_ranks[pairs[:, 1]].tolist() == (pairs[:, 0] + 1).tolist()


def test_what_is_not_a_number_ranks_last():
    sentences = np.array([[np.nan], [-5.0], [2.0], [np.nan]])
    image_ranks, _ = true_ranks(np.ones((3, 1)), sentences, np.array([[0, 0], [1, 1], [2, 3]]))
    assert image_ranks.tolist() == [3, 2, 4]


def test_pairs_given_twice_and_in_any_order_count_once(rng):
    images, sentences, pairs = drawn(rng, 8, 9)
    twice = rng.permutation(np.concatenate([pairs, pairs]))
    assert retrieval_figures(images, sentences, twice) == retrieval_figures(images, sentences, pairs)


def test_memory_maps_and_half_precision(rng, tmp_path):
    images, sentences, pairs = drawn(rng, 12, 10)
    wanted = retrieval_figures(images, sentences, pairs)
    for name, vectors in {"images": images, "sentences": sentences}.items():
        np.save(tmp_path / f"{name}.npy", vectors.astype("float16"))
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("images", "sentences")]
    assert retrieval_figures(*maps, pairs) == wanted


def test_memory_does_not_grow_with_the_number_of_scores(rng, monkeypatch):
    """3,000 × 3,000 scores would be 72 MB in float64; a tile of 100 × 100 is 80 kB."""
    monkeypatch.setattr(retrieval, "TILE", 100)
    images, sentences = rng.normal(size=(3000, 2)), rng.normal(size=(3000, 2))
    pairs = np.repeat(np.arange(3000)[:, None], 2, axis=1)
    tracemalloc.start()
    true_ranks(images, sentences, pairs)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3e6


# === chance ===


def test_chance_is_the_share_of_all_orders():
    """Every order of 7 candidates, of which 1, 2 or 5 are true."""
    ranks = {
        true: [1 + next(p for p, one in enumerate(order) if one < true) for order in itertools.permutations(range(7))]
        for true in (1, 2, 5)
    }
    for asked in ([1], [2], [5], [1, 2], [1, 1, 5], [2, 5, 5, 5]):
        every = [rank for true in asked for rank in ranks[true]]
        got = chance_figures(np.array(asked), 7, (1, 5, 10))
        for k in (1, 5, 10):
            assert got[f"R@{k}"] == pytest.approx(sum(rank <= k for rank in every) / len(every), abs=1e-12)
        assert got["mean_rank"] == pytest.approx(statistics.mean(every))
        assert got["median_rank"] == statistics.median(every)


@pytest.mark.parametrize(
    ("among", "true", "k"), [(1000, 1, 1), (5000, 5, 10), (25000, 7, 10), (40, 40, 1), (40, 33, 10)]
)
def test_chance_of_large_numbers_in_whole_numbers(among, true, k):
    wanted = 1 - math.comb(among - true, k) / math.comb(among, k)
    assert chance_figures(np.array([true]), among, (k,))[f"R@{k}"] == pytest.approx(wanted, rel=1e-9)


def test_chance_is_reported_with_the_numbers_of_true_answers_and_candidates(rng):
    images, sentences, pairs = drawn(rng, 9, 30)
    got = retrieval_figures(images, sentences, pairs)
    related = np.zeros((9, 30), int)
    related[tuple(pairs.T)] = 1
    for direction, true, among in (("image_to_text", related.sum(1), 30), ("text_to_image", related.sum(0), 9)):
        missed = [math.comb(among - r, 5) / math.comb(among, 5) for r in true.tolist() if r]
        assert got[f"{direction}/chance/R@5"] == pytest.approx(1 - statistics.mean(missed))


# === folds ===


def test_folds_are_means_over_thousands_of_images(rng):
    """Twelve images in folds of four; a sentence of images of two folds is a candidate in both."""
    images, sentences, pairs = drawn(rng, 13, 20)
    pairs = np.unique(np.concatenate([pairs, [[0, 5], [4, 5], [8, 1]]]), axis=0)
    got = retrieval_figures(images, sentences, pairs, folds=(3, 4))
    found = []
    for start in (0, 4, 8):
        inside = [(int(a) - start, int(b)) for a, b in pairs if start <= a < start + 4]
        rows = sorted({sentence for _, sentence in inside})
        renamed = [(image, rows.index(sentence)) for image, sentence in inside]
        found.append(figures_by_loop(images[start : start + 4], sentences[rows], renamed))
    for key in found[0]:
        assert got[f"folds/{key}"] == pytest.approx(statistics.mean(one[key] for one in found)), key
    assert got["folds/folds"] == 3
    full = {key: value for key, value in got.items() if not key.startswith("folds/")}
    assert full == retrieval_figures(images, sentences, pairs)


@pytest.mark.parametrize(("folds", "number"), [((5, 4), 3), ((2, 4), 2), ((1, 13), 1), ((5, 14), 0)])
def test_only_whole_folds_count(rng, folds, number):
    images = rng.normal(size=(13, 3))
    got = retrieval_figures(images, images, np.repeat(np.arange(13)[:, None], 2, axis=1), folds)
    assert got.get("folds/folds", 0) == number
    assert any(key.startswith("folds/") for key in got) == bool(number)


def test_a_fold_without_pairs_is_left_out(rng):
    images, sentences = rng.normal(size=(4, 3)), rng.normal(size=(2, 3))
    got = retrieval_figures(images, sentences, np.array([[2, 0], [3, 1]]), folds=(2, 2))
    assert got["folds/folds"] == 1
    assert got["folds/image_to_text/queries"] == 2


# === bad input ===


@pytest.mark.parametrize("pairs", [np.zeros((0, 2), int), []])
def test_without_pairs_there_are_no_figures(pairs):
    assert retrieval_figures(np.ones((3, 2)), np.ones((4, 2)), pairs, folds=(1, 2)) == {}
    assert retrieval_figures(np.ones((0, 2)), np.ones((0, 2)), pairs) == {}


def test_says_what_was_wrong():
    pairs = np.array([[0, 0]])
    with pytest.raises(ValueError, match=r"must have shape \(rows, d\). Received: \(3, 2\) and \(4, 5\)"):
        retrieval_figures(np.ones((3, 2)), np.ones((4, 5)), pairs)
    for bad in ([[3, 0]], [[0, 4]], [[-1, 0]]):
        with pytest.raises(ValueError, match="must name rows of 3 images and 4 sentences"):
            retrieval_figures(np.ones((3, 2)), np.ones((4, 2)), np.array(bad))


def test_agrees_with_the_public_metrics(rng):
    """The metrics have the whole matrix; rows are the queries of a direction."""
    from kerasmm.metrics import MeanRank, MedianRank, RetrievalRecallAtK

    images, sentences, pairs = drawn(rng, 14, 19)
    related = np.zeros((14, 19))
    related[tuple(pairs.T)] = 1
    got = retrieval_figures(images, sentences, pairs)
    for direction, truth, scores in (
        ("image_to_text", related, images @ sentences.T),
        ("text_to_image", related.T, sentences @ images.T),
    ):
        metrics = {f"R@{k}": RetrievalRecallAtK(k) for k in (1, 5, 10)}
        for key, metric in {**metrics, "median_rank": MedianRank(), "mean_rank": MeanRank()}.items():
            metric.update_state(truth, scores)
            assert float(metric.result()) == pytest.approx(got[f"{direction}/{key}"], rel=1e-5), key
