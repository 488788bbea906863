from __future__ import annotations

import doctest
import math

import numpy as np
import pytest

from kerasmm.systems.webly import curriculum
from kerasmm.systems.webly.curriculum import admitted_rank, admitted_rows

KEYWORDS = ["dog", "man", "ball", "grass", "river", "lute"]
"""By falling frequency in the clean sentences."""
POSTS = {
    "a lute player": ["man", "lute"],
    "river": ["river"],
    "dogs on grass": ["dog", "grass"],
    "lute": ["lute"],
    "ball": ["ball"],
    "no keyword": [],
    "dog": ["dog"],
    "grass and river": ["grass", "river"],
}
RANKS = np.array([min((KEYWORDS.index(word) for word in words), default=len(KEYWORDS)) for words in POSTS.values()])


def admitted(epoch, epochs, least=1):
    rows = admitted_rows(RANKS, epoch, len(KEYWORDS), epochs, least)
    return [name for place, name in enumerate(POSTS) if place in rows.tolist()]


def test_an_epoch_admits_posts_on_common_keywords_first():
    """Six keywords over three epochs: the posts on the first two, then four, then all. By hand."""
    assert admitted(0, 3) == ["a lute player", "dogs on grass", "dog"]
    assert admitted(1, 3) == ["a lute player", "dogs on grass", "ball", "dog", "grass and river"]
    everything = [name for name in POSTS if name != "no keyword"]
    assert admitted(2, 3) == everything
    assert admitted(3, 3) == admitted(99, 3) == everything


def test_keywords_that_do_not_divide_by_the_epochs_are_rounded_up():
    assert [admitted_rank(epoch, 6, 4) for epoch in range(6)] == [2, 3, 5, 6, 6, 6]
    assert admitted(0, 4) == ["a lute player", "dogs on grass", "dog"]
    assert admitted(1, 4) == ["a lute player", "dogs on grass", "ball", "dog"]
    assert admitted(2, 4) == ["a lute player", "river", "dogs on grass", "ball", "dog", "grass and river"]
    for keywords in (0, 1, 7, 1000):
        for epochs in (2, 3, 10):
            for epoch in range(epochs + 2):
                wanted = min(keywords, math.ceil(keywords * (epoch + 1) / epochs))
                assert admitted_rank(epoch, keywords, epochs) == wanted


@pytest.mark.parametrize("epochs", [0, 1])
def test_without_a_curriculum_all_are_admitted_at_once(epochs):
    assert admitted(0, epochs) == [name for name in POSTS if name != "no keyword"]


def test_at_least_so_many_are_admitted_with_the_next_common_keyword():
    # The three of the first epoch are enough; a fourth brings the ball; a fifth the grass.
    assert admitted(0, 3, least=3) == ["a lute player", "dogs on grass", "dog"]
    assert admitted(0, 3, least=4) == ["a lute player", "dogs on grass", "ball", "dog"]
    assert admitted(0, 3, least=5) == ["a lute player", "dogs on grass", "ball", "dog", "grass and river"]
    # Posts of one keyword come together: the sixth is a river.
    assert admitted(0, 6, least=2) == ["dogs on grass", "dog"]
    assert admitted(0, 6, least=1) == ["dogs on grass", "dog"]
    # All there are.
    assert admitted(0, 3, least=len(POSTS)) == admitted(0, 3, least=100) == list(POSTS)


def test_rows_stand_in_reading_order_and_grow_with_the_epochs(rng):
    ranks = rng.integers(0, 40, 300)
    before: set[int] = set()
    for epoch in range(8):
        rows = admitted_rows(ranks, epoch, 40, 7, 16)
        assert rows.tolist() == sorted(set(rows.tolist()))
        assert before <= set(rows.tolist())
        before = set(rows.tolist())
    assert len(before) == 300


def test_no_posts_and_no_keywords():
    assert admitted_rows(np.zeros(0, "int64"), 0, 5, 3, 2).tolist() == []
    assert admitted_rows(np.zeros(3, "int64"), 0, 0, 3, 2).tolist() == [0, 1, 2]


def test_examples():
    assert doctest.testmod(curriculum).failed == 0
