"""Which posts a sheet shows; what the command line says of it is tested with the commands."""

import dataclasses

import pytest

from kerasmm.data.dataset import Dataset
from kerasmm.systems.sheets import draw_posts, photo_pixels, read_post
from tests.tiny import tiny_posts, write_dataset


@pytest.fixture(scope="module")
def dataset(tmp_path_factory):
    """Posts of which every third has no sentences."""
    posts = [
        dataclasses.replace(post, sentences=(("one", "two"), (), ("three",))[number % 3])
        for number, post in enumerate(tiny_posts(10, 5, prefix="test", linked=False))
    ]
    folder = tmp_path_factory.mktemp("shown") / "data"
    return Dataset(write_dataset(folder, {"train": tiny_posts(3, 1), "test": posts}))


def test_draws_posts_that_have_what_is_asked_for(dataset, seed):
    def drawn(split, count, seed):
        return draw_posts(dataset, split, count, seed, lambda post: post.sentences)

    with_sentences = [0, 2, 3, 5, 6, 8, 9]
    rows = [tuple(drawn("test", 3, seed + other)) for other in range(30)]
    assert rows[0] == tuple(drawn("test", 3, seed))
    assert all(some == tuple(sorted(set(some) & set(with_sentences))) and len(some) == 3 for some in rows)
    # Of 35 choices the same one thirty times: no chance.
    assert len(set(rows)) > 1
    assert list(drawn("test", 50, seed)) == with_sentences
    assert [post.id for post in drawn("test", 50, seed).values()] == [f"test-{row}" for row in with_sentences]
    assert drawn("train", 5, seed) == {}


def test_reads_one_post(dataset):
    assert (read_post(dataset, "test", 2).id, read_post(dataset, "test", 2).sentences) == ("test-2", ("three",))


def test_a_photo_as_it_is_drawn(dataset):
    post = read_post(dataset, "test", 0)
    assert photo_pixels(post).shape == (540, 540, 3)
    assert photo_pixels(dataclasses.replace(post, image=None)) is None
    assert photo_pixels(dataclasses.replace(post, image=b"no picture")) is None
