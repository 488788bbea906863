from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from kerasmm.data.dataset import Dataset
from kerasmm.systems.webly.sheet import first_sentences
from tests.evaluation.fake_sentences import FakeSystem, post_sentences
from tests.tiny import tiny_posts, write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Posts of 2, 0, 3, 2, 0, 3 … sentences."""
    posts = [
        dataclasses.replace(post, sentences=post_sentences(number, (2, 0, 3)[number % 3]))
        for number, post in enumerate(tiny_posts(10, 5, prefix="test", linked=False))
    ]
    folder = tmp_path_factory.mktemp("sentences") / "data"
    return Dataset(write_dataset(folder, {"train": tiny_posts(3, 1), "test": posts}))


def by_loop(images, sentences, owner, texts, rows):
    found = []
    for row in rows:
        scores = [sum(float(a) * float(b) for a, b in zip(images[row], one, strict=True)) for one in sentences]
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
        rank = 1 + next(rank for rank, place in enumerate(order) if owner[place] == row)
        found.append((texts[order[0]], rank, len(order)))
    return found


@pytest.mark.parametrize("rows", [[0], [9, 2, 3], [0, 2, 3, 5, 6, 8, 9]])
def test_agrees_with_a_loop_over_sorted_lists(dataset, rng, rows):
    system = FakeSystem(rng.integers(-2, 3, (10, 4)), rng.integers(-2, 3, (17, 4)))
    got = first_sentences(system, None, dataset, "test", rows)
    owner = [number for number in range(10) for _ in range((2, 0, 3)[number % 3])]
    texts = [said for number in range(10) for said in post_sentences(number, (2, 0, 3)[number % 3])]
    wanted = by_loop(system.images, system.sentences, owner, texts, rows)
    assert [dataclasses.astuple(one) for one in got] == wanted


def test_a_similarity_that_is_not_a_number_comes_last(dataset):
    """All sentences but the last are alike; the first one is no number, so the second is found first."""
    sentences = np.ones((17, 1))
    sentences[0] = np.nan
    (found,) = first_sentences(FakeSystem(np.ones((10, 1)), sentences), None, dataset, "test", [0])
    assert (found.sentence, found.rank) == ("sentence 1 of photo 0", 1)


def test_progress_counts_the_sentences(dataset, rng):
    counted = []
    system = FakeSystem(rng.normal(size=(10, 4)), rng.normal(size=(17, 4)))
    first_sentences(system, None, dataset, "test", [3], counted.append)
    assert sum(counted) == 17
