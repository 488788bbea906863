from __future__ import annotations

import numpy as np
import pytest

from kerasmm.evaluation.pointing import pointing_figures

LEFT, RIGHT, ALL = (0.0, 0.0, 1.0, 0.5), (0.0, 0.5, 1.0, 1.0), (0.0, 0.0, 1.0, 1.0)


def test_worked_by_hand():
    # A 2 × 2 map: cells 0 and 2 are the left half; the middle is cell 3, as 2 // 2 is 1.
    boxes = {
        "a": [("dog", LEFT), ("cat", RIGHT)],
        "b": [("dog", LEFT), ("dog", RIGHT), ("bird", ALL)],
        "elsewhere": [("dog", LEFT)],
    }
    looks = np.array([[2, 0], [1, 3], [0, 0]])
    got = pointing_figures(looks, ["a", "b", "c"], boxes, ["dog", "cat"], (2, 2))
    # a: dog right, cat wrong; b: dog right by its second box, and once only; bird is no word; c has no boxes.
    assert got == {
        "accuracy": pytest.approx(2 / 3),
        "chance/accuracy": pytest.approx((0.5 + 0.5 + 1.0) / 3),
        "centre/accuracy": pytest.approx(2 / 3),
        "queries": 3.0,
    }


def test_random_looks_get_what_chance_says(rng):
    boxes = {}
    for post in range(300):
        y, x = rng.uniform(0, 0.6, 2)
        boxes[str(post)] = [("dog", (y, x, y + rng.uniform(0.1, 0.4), x + rng.uniform(0.1, 0.4)))]
    looks = rng.integers(0, 64, (300, 1))
    tried = [
        pointing_figures(rng.permutation(looks), list(boxes), boxes, ["dog"], (8, 8))["accuracy"] for _ in range(50)
    ]
    assert np.mean(tried) == pytest.approx(
        pointing_figures(looks, list(boxes), boxes, ["dog"], (8, 8))["chance/accuracy"], abs=0.05
    )


def test_without_a_word_of_the_vocabulary_there_is_no_figure():
    assert pointing_figures(np.zeros((1, 1), int), ["a"], {"a": [("bird", ALL)]}, ["dog"], (2, 2)) == {}
