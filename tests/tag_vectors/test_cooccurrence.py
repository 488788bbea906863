import doctest
from itertools import combinations

import numpy as np
import pytest

from kerasmm.tag_vectors import cooccurrence, count_cooccurrences, flat_posts
from tests.peak_memory import growth, in_own_process


def some_posts(rng, posts=60, tags=12):
    """Posts of 0 to 6 tags, some twice in a post."""
    return [rng.integers(tags, size=rng.integers(7)) for _ in range(posts)]


def by_loop(posts, tags):
    counts = np.zeros((tags, tags), int)
    for post in posts:
        for first, second in combinations(sorted(set(map(int, post))), 2):
            counts[first, second] += 1
            counts[second, first] += 1
    return counts


@pytest.mark.parametrize("pairs", [1, 7, 1 << 20])
def test_is_a_loop_over_posts_however_much_at_a_time(rng, pairs):
    posts = some_posts(rng)
    counts = count_cooccurrences(iter(posts), 12, pairs=pairs)
    np.testing.assert_array_equal(counts.toarray(), by_loop(posts, 12))
    assert counts.has_canonical_format
    assert (counts.data > 0).all()


@pytest.mark.parametrize("minimum", [2, 5])
def test_seldom_pairs_are_left_out_once_all_are_counted(rng, minimum):
    posts = some_posts(rng)
    wanted = by_loop(posts, 12)
    counts = count_cooccurrences(posts, 12, minimum=minimum, pairs=3)
    np.testing.assert_array_equal(counts.toarray(), np.where(wanted >= minimum, wanted, 0))
    assert counts.nnz == (wanted >= minimum).sum()


@pytest.mark.parametrize(
    ("posts", "tags", "wanted"),
    [
        ([], 0, np.zeros((0, 0))),
        ([], 2, np.zeros((2, 2))),
        ([[]], 2, np.zeros((2, 2))),
        ([[0], [0]], 1, [[0]]),
        ([[0, 0, 1, 0]], 2, [[0, 1], [1, 0]]),
        ([range(4)] * 3, 4, 3 - 3 * np.eye(4)),
        ([np.array([1, 0], "uint64"), np.array([], "float64"), (0, 1)], 3, [[0, 2, 0], [2, 0, 0], [0, 0, 0]]),
    ],
)
def test_few_posts(posts, tags, wanted):
    np.testing.assert_array_equal(count_cooccurrences(posts, tags).toarray(), wanted)


@pytest.mark.parametrize(
    ("posts", "said"),
    [
        ([[0, 3]], "from 0 to 2. Received: 3"),
        ([[0], [-1]], "from 0 to 2. Received: -1"),
        ([[0.5, 1.0]], "whole numbers. Received: float64"),
        ([["sea"]], "whole numbers. Received: <U3"),
    ],
)
def test_ids_are_of_the_vocabulary(posts, said):
    with pytest.raises(ValueError, match=said):
        count_cooccurrences(posts, 3)


@pytest.mark.parametrize("setting", ["minimum", "pairs"])
def test_settings_are_positive(setting):
    with pytest.raises(ValueError, match=f"`{setting}` must be positive. Received: {setting}=0"):
        count_cooccurrences([], 3, **{setting: 0})
    with pytest.raises(ValueError, match="`tags` must not be negative. Received: tags=-1"):
        count_cooccurrences([], -1)


def growth_of_counting():
    """MiB for 200,000 posts of five tags among 300: 44,850 pairs, each seen some forty times."""
    count_cooccurrences([[0, 1]], 300)
    rng = np.random.default_rng(0)
    return growth(lambda: count_cooccurrences((rng.integers(300, size=5) for _ in range(200_000)), 300, pairs=1 << 14))


def test_memory_is_that_of_different_pairs():
    # All 2,000,000 pairs at once are 16 MB for each of some ten arrays; those of a chunk and their sums are 3 MB.
    assert in_own_process(growth_of_counting) < 60


@pytest.mark.parametrize("module", [cooccurrence, flat_posts])
def test_examples(module):
    assert doctest.testmod(module).failed == 0
