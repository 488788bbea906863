"""MinHash against exact Jaccard similarities of random sets."""

import numpy as np
import pytest
from scipy import stats

from data_prep.near_duplicates.min_hash import MISSED, Bands, MinHash, bands_for


def pair(rng, shared, alone):
    """Two sets of hashes with `shared` words in common and `alone` words of their own each; similarity by hand."""
    words = rng.integers(0, 1 << 64, shared + 2 * alone, np.uint64)
    return words[: shared + alone], np.concatenate([words[:shared], words[shared + alone :]]), shared / len(words)


@pytest.mark.parametrize(("shared", "alone"), [(8, 1), (5, 5), (1, 9), (0, 6), (7, 0)])
def test_minima_are_equal_as_often_as_the_similarity_says(rng, shared, alone):
    hashes, trials = MinHash(Bands(16, 8)), 200
    equal = 0
    for _ in range(trials):
        one, other, similarity = pair(rng, shared, alone)
        equal += np.sum(hashes.signature(one) == hashes.signature(rng.permutation(other)))
    # Seven standard deviations of the mean of 200 pairs, whose 128 minima are independent.
    spread = (similarity * (1 - similarity) / (trials * 128)) ** 0.5
    assert abs(equal / (trials * 128) - similarity) <= 7 * spread


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.8, 0.9, 1.0])
def test_sets_meet_as_the_curve_says(rng, threshold):
    bands = bands_for(threshold)
    assert bands.meet(threshold) >= 1 - MISSED - 1e-9
    assert 1 <= bands.number <= 20 and bands.number * bands.rows <= 128
    hashes, trials = MinHash(bands), 200
    for shared, alone in ((8, 1), (6, 3), (2, 5)):
        met = 0
        for _ in range(trials):
            one, other, similarity = pair(rng, shared, alone)
            met += bool(set(hashes.keys(one)) & set(hashes.keys(other)))
        # Exactly, since 1 in 200 may be expected to miss one in ten times: as rare as seven standard deviations.
        assert stats.binomtest(met, trials, bands.meet(similarity)).pvalue > 1e-12


def test_more_rows_make_the_curve_steeper():
    # By hand: 1 − (1 − 0.8^6)^16 and 1 − (1 − 0.2^6)^16.
    assert bands_for(0.8) == (16, 6)
    assert bands_for(0.8).meet(0.8) == pytest.approx(0.9923, abs=5e-5)
    assert bands_for(0.8).meet(0.2) == pytest.approx(0.0010235, abs=1e-6)


def test_signatures_are_the_same_in_every_process():
    words = np.arange(1, 6, dtype=np.uint64)
    first, second = MinHash(Bands(4, 3)), MinHash(Bands(4, 3))
    assert np.array_equal(first.signature(words), second.signature(words[::-1]))
    assert len(set(first.keys(words))) == 4


def test_some_of_the_bands_are_a_part_of_all(rng):
    words, bands = rng.integers(0, 1 << 64, 12, np.uint64), Bands(7, 3)
    parts = [MinHash(bands, only).keys(words) for only in (range(0, 3), range(3, 4), range(4, 7))]
    assert [key for part in parts for key in part] == MinHash(bands).keys(words)
