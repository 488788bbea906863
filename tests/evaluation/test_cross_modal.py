from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest

from kerasmm.evaluation import cross_modal
from kerasmm.evaluation.cross_modal import mean_rank_figures, own_ranks
from kerasmm.evaluation.ranks import SHARES
from tests.public_class import check_examples


def cosine(one, two):
    norms = math.sqrt(sum(a * a for a in one)) * math.sqrt(sum(b * b for b in two))
    return round(sum(a * b for a, b in zip(one, two, strict=True)) / norms, 6) if norms else 0.0


def ranks_by_loop(images, texts):
    """The mean of the ranks that a tied tweet could have."""
    found = []
    for place, image in enumerate(images.tolist()):
        cosines = [cosine(image, text) for text in texts.tolist()]
        better = sum(one > cosines[place] for one in cosines)
        alike = sum(one == cosines[place] for one in cosines)
        found.append(sum(better + 1 + ahead for ahead in range(alike)) / alike)
    return found


@pytest.mark.parametrize("tile", [1, 2, 7, 2048])
@pytest.mark.parametrize("posts", [1, 2, 9, 30])
def test_agrees_with_a_loop_over_all_tweets_in_tiles_of_any_size(rng, monkeypatch, tile, posts):
    """Small whole numbers: ties, copies and zero vectors; then real ones."""
    monkeypatch.setattr(cross_modal, "TILE", tile)
    for images, texts in (
        (rng.integers(-1, 2, (posts, 3)), rng.integers(-1, 2, (posts, 3))),
        (rng.normal(size=(posts, 5)), rng.normal(size=(posts, 5))),
    ):
        assert own_ranks(images, texts).tolist() == ranks_by_loop(images, texts)


def test_shares_are_nested_and_drawn_by_the_seed(rng):
    """27 posts: 10 % are 3 of them, 20 % are 6."""
    images, texts = rng.normal(size=(27, 4)), rng.normal(size=(27, 4))
    ranks = ranks_by_loop(images, texts)
    got = mean_rank_figures(images, texts, seed=5)
    assert list(got) == [*(f"image_to_tweet/mean_rank/{share}" for share in SHARES), "chance/mean_rank"]
    order = np.random.default_rng(5).permutation(27)
    for share in SHARES:
        asked = order[: math.ceil(share * 27 / 100)]
        assert got[f"image_to_tweet/mean_rank/{share}"] == pytest.approx(sum(ranks[q] for q in asked) / len(asked))
    assert got["image_to_tweet/mean_rank/100"] == pytest.approx(sum(ranks) / 27)
    other = mean_rank_figures(images, texts, seed=6)
    assert other["image_to_tweet/mean_rank/100"] == got["image_to_tweet/mean_rank/100"]
    assert got == mean_rank_figures(images, texts, seed=5) != other


def test_alike_tweets_rank_as_chance_does(rng):
    """All tweets the same vector, of numbers whose sums round; all zero; and in two posts the same tweet."""
    vector = rng.normal(size=257).astype("float32")
    for texts in (np.tile(vector, (40, 1)), np.zeros((40, 257), "float32")):
        got = mean_rank_figures(rng.normal(size=(40, 257)), texts)
        assert set(got.values()) == {20.5}
    images = np.eye(3)
    assert own_ranks(images, images[[0, 0, 2]]).tolist() == [1.5, 2.0, 1.0]


def test_a_random_space_is_at_chance(rng):
    got = mean_rank_figures(rng.normal(size=(2000, 8)), rng.normal(size=(2000, 8)))
    # The standard error of a mean of 2,000 ranks is 2,000 / √12 / √2,000 = 13.
    assert got["image_to_tweet/mean_rank/100"] == pytest.approx(got["chance/mean_rank"], abs=65)


def test_length_does_not_matter(rng):
    images, texts = rng.normal(size=(20, 4)), rng.normal(size=(20, 4))
    lengths = 10.0 ** rng.integers(-4, 5, (20, 1))
    assert mean_rank_figures(images, texts) == mean_rank_figures(images, texts * lengths)


def test_what_is_not_a_number_ranks_last():
    texts = np.array([[np.nan, 0.0], [-1.0, 0.0], [np.inf, 0.0], [1.0, 0.0]])
    assert own_ranks(np.tile([[1.0, 0.0]], (4, 1)), texts).tolist() == [3.5, 2.0, 3.5, 1.0]


def test_no_posts():
    assert mean_rank_figures(np.zeros((0, 3)), np.zeros((0, 3))) == {}


def test_memory_maps_and_half_precision(rng, tmp_path):
    images, texts = rng.integers(-2, 3, (12, 4)), rng.integers(-2, 3, (12, 4))
    np.save(tmp_path / "images.npy", images.astype("float16"))
    np.save(tmp_path / "texts.npy", texts.astype("float16"))
    maps = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in ("images", "texts")]
    assert mean_rank_figures(*maps) == mean_rank_figures(images, texts)


def test_memory_does_not_grow_with_the_number_of_cosines(rng, monkeypatch):
    """3,000 × 3,000 cosines would be 72 MB in float64; a tile of 100 × 100 is 80 kB."""
    monkeypatch.setattr(cross_modal, "TILE", 100)
    images, texts = rng.normal(size=(3000, 2)), rng.normal(size=(3000, 2))
    tracemalloc.start()
    own_ranks(images, texts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2e6


def test_says_what_was_wrong():
    with pytest.raises(ValueError, match="must have one shape"):
        own_ranks(np.eye(2), np.eye(3))
    with pytest.raises(ValueError, match="must have one shape"):
        own_ranks(np.ones(2), np.ones(2))
    for share in (0, 101):
        with pytest.raises(ValueError, match=r"`shares` must lie in 1 … 100"):
            mean_rank_figures(np.eye(2), np.eye(2), shares=(share,))


def test_example():
    check_examples(mean_rank_figures)
