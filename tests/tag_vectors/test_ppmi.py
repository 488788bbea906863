import doctest
import math

import numpy as np
import pytest
from scipy.sparse import csr_array

from kerasmm.tag_vectors import count_cooccurrences, ppmi, ppmi_matrix, ppmi_vectors, singular_vectors
from tests.tag_vectors.test_cooccurrence import by_loop, some_posts


def ppmi_by_loop(counts, negatives, smoothing):
    tags, total = range(len(counts)), sum(map(sum, counts))
    smoothed = [sum(row[b] for row in counts) ** smoothing if any(row[b] for row in counts) else 0 for b in tags]
    wanted = np.zeros((len(counts), len(counts)))
    for a in tags:
        for b in tags:
            if counts[a][b]:
                both, of_a, of_b = counts[a][b] / total, sum(counts[a]) / total, smoothed[b] / sum(smoothed)
                wanted[a, b] = max(0, math.log(both / (of_a * of_b)) - math.log(negatives))
    return wanted


def vectors_by_numpy(matrix, dimension, power):
    left, values, _ = np.linalg.svd(matrix)
    return left[:, :dimension] * values[:dimension] ** power


@pytest.mark.parametrize("negatives", [1, 1.5])
@pytest.mark.parametrize("smoothing", [1, 0.75, 0])
def test_is_the_formula_in_a_loop(rng, negatives, smoothing):
    counts = by_loop(some_posts(rng), 14)
    matrix = ppmi_matrix(csr_array(counts), negatives, smoothing)
    # Logarithms of numbers up to a thousand, each with float32's error.
    np.testing.assert_allclose(matrix.toarray(), ppmi_by_loop(counts.tolist(), negatives, smoothing), atol=5e-6)
    assert (matrix.data > 0).all()
    assert matrix.dtype == "float32"


def test_counts_stay_as_they_are(rng):
    counts = count_cooccurrences(some_posts(rng), 12)
    before = counts.copy()
    ppmi_matrix(counts, 3.0)
    np.testing.assert_array_equal(counts.toarray(), before.toarray())
    assert counts.nnz == before.nnz


@pytest.mark.parametrize("power", [0.5, 1, 0])
@pytest.mark.parametrize("smoothing", [1, 0.75])
def test_vectors_are_numpys(rng, power, smoothing):
    """Inner products don't know which signs and, within equal singular values, which rotation the vectors have."""
    posts = some_posts(rng, 200, 40)
    wanted = vectors_by_numpy(ppmi_by_loop(by_loop(posts, 40).tolist(), 1, smoothing), 40, power)
    got = ppmi_vectors(posts, 40, 40, power=power, smoothing=smoothing)
    assert got.shape == (40, 40)
    rank = np.linalg.matrix_rank(got)
    assert rank > 30
    np.testing.assert_allclose(got @ got.T, wanted[:, :rank] @ wanted[:, :rank].T, atol=2e-3)


def test_few_dimensions_are_numpys_first(rng):
    """Ten blocks of other sizes, so that singular values are apart, and noise."""
    blocks = np.repeat(np.arange(10), np.arange(12, 32, 2))
    dense = (blocks[:, None] == blocks) * rng.uniform(0.9, 1.1, (len(blocks), len(blocks))) + 0.01 * rng.random()
    wanted = vectors_by_numpy(dense, 10, 0.5)
    got = singular_vectors(csr_array(dense.astype("float32")), 10)
    np.testing.assert_allclose(got @ got.T, wanted @ wanted.T, atol=1e-3)


def test_tags_that_stand_with_the_same_tags_have_the_same_direction():
    """0 and 1 never stand together, but both with 2 and 3; 4 and 5 only with each other."""
    vectors = ppmi_vectors([[0, 2], [0, 3], [1, 2], [1, 3], [4, 5]], 6, 4, power=1)
    length = np.linalg.norm(vectors, axis=1)
    cosines = vectors @ vectors.T / np.outer(length, length)
    assert cosines[0, 1] == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(cosines[[0, 1], 4], 0, atol=1e-5)


@pytest.mark.parametrize(
    "posts", [[], [[]], [[0], [1]], [[1, 1]]], ids=["no posts", "no tags", "alone", "twice in a post"]
)
def test_without_pairs_all_is_zero(posts):
    vectors = ppmi_vectors(posts, 3, 2)
    assert vectors.shape == (3, 2)
    assert vectors.dtype == "float32"
    assert not vectors.any()


def test_one_tag_and_none():
    assert ppmi_vectors([[0], [0]], 1, 4).tolist() == [[0, 0, 0, 0]]
    assert ppmi_vectors([], 0, 4).shape == (0, 4)


def test_tags_without_company_are_zero_and_others_are_not(rng):
    posts = [*some_posts(rng, 200, 10), [10], [11, 11]]
    vectors = ppmi_vectors(posts, 13, 8)
    assert not vectors[10:].any()
    assert vectors[:10].any(axis=1).all()


def test_all_tags_in_each_post():
    vectors = ppmi_vectors([range(5)] * 4, 5, 5, power=1)
    matrix = math.log(5 / 4) * (1 - np.eye(5))
    np.testing.assert_allclose(vectors @ vectors.T, matrix @ matrix.T, atol=1e-5)


def test_a_tag_seen_once_stands_beside_its_company():
    posts = [[0, 1, 2]] * 20 + [[3, 4, 5]] * 20 + [[0, 1, 6]]
    vectors = ppmi_vectors(posts, 7, 2)
    scores = vectors @ vectors[6]
    assert scores[:3].min() > 0
    np.testing.assert_allclose(scores[3:6], 0, atol=1e-5)
    assert not ppmi_vectors(posts, 7, 2, minimum=2)[6].any()


def test_the_same_seed_gives_the_same_vectors(rng):
    posts = some_posts(rng, 300, 60)
    first, again, other = (ppmi_vectors(posts, 60, 5, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("dimension", 0, "positive"),
        ("power", -1, "not be negative"),
        ("negatives", 0, "positive"),
        ("smoothing", 1.5, "from 0 to 1"),
        ("iterations", -1, "not be negative"),
    ],
)
def test_settings_in_their_range(setting, value, said):
    def never():
        raise AssertionError("posts were read")
        yield

    with pytest.raises(ValueError, match=f"`{setting}` must .*{said}. Received: {setting}={value}"):
        ppmi_vectors(never(), 3, **{setting: value})


def test_examples():
    assert doctest.testmod(ppmi).failed == 0
