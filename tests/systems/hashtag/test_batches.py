"""What hashtag's two stages are shown."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import tensorflow as tf

from kerasmm.data.batches import Picture
from kerasmm.systems.hashtag.batches import TripletBatches
from kerasmm.systems.hashtag.observed import AXES
from tests.systems.hashtag.world import WORDS, made, posts, stages_of
from tests.tiny import tiny_posts, write_dataset


def test_an_epoch_shows_each_post_once_with_a_tag_of_its_own(world, seed):
    hashtag, _, dataset, stages = stages_of(world, seed=seed)
    own = {tuple(post.features.astype("float32").tolist()): post for post in dataset.posts("train")}
    assert [stage.name for stage in stages] == ["agnostic", "tensor"]
    drawn = {}
    for stage in stages:
        for epoch in range(2):
            seen = []
            for inputs, _ in stage.batches(epoch, 0):
                for number, tag in enumerate(inputs["tag"].numpy()):
                    post = own[tuple(inputs["features"][number].numpy().tolist())]
                    assert WORDS[tag] in post.tags
                    if "user" in inputs:
                        assert hashtag.users[int(inputs["user"][number])] == post.user
                    seen.append(post.id)
                    drawn[stage.name, epoch, post.id] = tag
            assert len(seen) == len(set(seen)) == 72
    # 72 coins that all fall alike twice: once in 2⁷¹.
    assert any(drawn["tensor", 0, post.id] != drawn["tensor", 1, post.id] for post in own.values())
    assert len(hashtag.vocabularies["tags"]) == len(WORDS)


def test_skipping_batches_goes_on_where_the_epoch_stood(world):
    *_, stages = stages_of(world)
    for stage in stages:
        whole, rest = list(stage.batches(1, 0)), list(stage.batches(1, 1))
        assert len(rest) == len(whole) - 1 == 2
        for one, other in zip(whole[1:], rest, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def shared(count, rng):
    """Posts of few users on few pictures, several tags each; the first has no tag that is known."""
    pictures = rng.normal(size=(5, 4)).astype("float16")
    found = []
    for number in range(count):
        tags = rng.choice(WORDS[:4], rng.integers(1, 4), replace=False).tolist() if number else ["unknown"]
        user = str(rng.choice(["ann", "bob", "cid"]))
        found.append(
            dataclasses.replace(
                posts(1, 0, f"s{number}")[0], tags=tuple(tags), user=user, features=pictures[rng.integers(5)]
            )
        )
    return found


def test_no_observed_triplet_is_a_negative(tmp_path, rng, seed):
    """Wherever it was observed: in the batch, or in another one, of a picture that several posts show."""
    train = shared(24, rng)
    folder = write_dataset(tmp_path / "data", {"train": train})
    hashtag, _, _, stages = stages_of(folder, "training.batch_size=8", seed=seed % 1000)
    key = {post.id: tuple(post.features.tolist()) for post in train}
    observed = {(key[post.id], tag, post.user) for post in train for tag in post.tags}
    found = Counter()
    for inputs, targets in stages[1].batches(0, 0):
        rows = [
            (tuple(f.astype("float16").tolist()), WORDS[t], hashtag.users[u])
            for f, t, u in zip(*(inputs[name].numpy() for name in ("features", "tag", "user")), strict=True)
        ]
        truth = targets["truth"].numpy()
        empty = [(truth[row] < 0).all() for row in range(8)]
        for i, j in np.ndindex(8, 8):
            for axis, name in enumerate(AXES):
                place = AXES.index(name)
                if empty[i] or (name == "tag" and empty[j]):
                    wanted = -1
                elif i == j:
                    wanted = 1
                else:
                    triplet = tuple(rows[j][p] if p == place else rows[i][p] for p in range(3))
                    wanted = -1 if triplet in observed or rows[j][place] == rows[i][place] else 0
                assert truth[i, axis, j] == wanted, (name, rows[i], rows[j])
                found[wanted] += 1
    assert found[0] and found[1], "nothing was compared"


def test_pictures_are_compared_as_they_are_stored_and_none_is_decoded(tmp_path, monkeypatch):
    """Decoding the whole split before the second stage would take as long as an epoch."""
    train = tiny_posts(12, 1, features=False)
    train = [dataclasses.replace(post, user=f"user-{n % 5}") for n, post in enumerate(train)]
    train[7] = dataclasses.replace(train[7], image=train[2].image)
    hashtag, dataset = made(write_dataset(tmp_path / "data", {"train": train}))

    def decoded(*arguments):
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr(Picture, "tensor", decoded)
    found = TripletBatches(dataset.records("train"), hashtag.posts, 4, 0).elsewhere.numpy()
    assert len(found) == len({(tag, post.user) for post in (train[2], train[7]) for tag in post.tags})
    other, dataset = made(write_dataset(tmp_path / "other", {"train": train[:7]}))
    assert not len(TripletBatches(dataset.records("train"), other.posts, 4, 0).elsewhere)


def test_batches_are_the_same_where_functions_run_eagerly(world):
    *_, stages = stages_of(world)
    wanted = [list(stage.batches(0, 0)) for stage in stages]
    tf.config.run_functions_eagerly(True)
    try:
        *_, stages = stages_of(world)
        found = [list(stage.batches(0, 0)) for stage in stages]
    finally:
        tf.config.run_functions_eagerly(False)
    tf.nest.map_structure(np.testing.assert_array_equal, found, wanted)
