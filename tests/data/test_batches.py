from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.data import batches, open_dataset
from kerasmm.systems.dman import triplets


def test_epoch_orders_are_permutations_that_differ_and_repeat(rng):
    size, seed = int(rng.integers(1, 500)) + 20, int(rng.integers(1 << 30))
    first, second = batches.epoch_order(size, seed, 0), batches.epoch_order(size, seed, 1)
    assert sorted(first) == sorted(second) == list(range(size))
    assert (first != second).any()
    np.testing.assert_array_equal(first, batches.epoch_order(size, seed, 0))


def test_multi_hot_is_a_loop_over_the_words(rng):
    known = ["a", "b", "c", "d"]
    rows = [list(rng.choice([*known, "unknown"], rng.integers(0, 6))) for _ in range(20)]
    expected = [[float(word in row) for word in known] for row in rows]
    ragged = tf.ragged.constant(rows, dtype=tf.string)
    np.testing.assert_array_equal(batches.multi_hot(ragged, batches.word_table(known), 4), expected)


def test_multi_hot_of_no_words_and_no_vocabulary():
    ragged = tf.ragged.constant([[], []], dtype=tf.string)
    assert batches.multi_hot(ragged, batches.word_table([]), 0).shape == (2, 0)
    assert not batches.multi_hot(ragged, batches.word_table(["a"]), 1).numpy().any()


def test_parses_what_the_posts_hold(tiny):
    dataset = open_dataset(tiny)
    records = dataset.records("train")
    rows = tf.constant([5, 0, 5, 17], tf.int64)
    posts = list(dataset.posts("train"))
    parsed = batches.parse(batches.reader(records)(rows), batches.Picture(features_shape=(4, 5)), ("tags", "links"))
    for place, row in enumerate(rows.numpy()):
        np.testing.assert_array_equal(parsed["picture"][place], posts[row].features.astype("float32"))
        assert [tag.decode() for tag in parsed["tags"][place].numpy()] == list(posts[row].tags)
        assert [link.decode() for link in parsed["links"][place].numpy()] == list(posts[row].links)


def test_pictures_are_either_features_or_pixels():
    with pytest.raises(ValueError, match="exactly one"):
        batches.Picture()
    with pytest.raises(ValueError, match="exactly one"):
        batches.Picture(features_shape=(4, 5), size=(32, 32))


def test_draws_linked_posts_whatever_the_batch(tiny, seed):
    dataset = open_dataset(tiny)
    records, posts = dataset.records("train"), list(dataset.posts("train"))
    read = batches.reader(records)

    def drawn(rows, epoch):
        rows = tf.constant(rows, tf.int64)
        links = batches.parse(read(rows), None, ("links",))["links"]
        return triplets.linked_rows(records, links, rows, seed, epoch)

    rows = list(range(30))
    positives, linked = drawn(rows, 0)
    for row, positive in zip(rows, positives.numpy(), strict=True):
        assert posts[positive].id in posts[row].links or (positive == row and not posts[row].links)
    expected = [[posts[b].id in posts[a].links for b in rows] for a in rows]
    np.testing.assert_array_equal(linked, expected)
    alone = [int(drawn([row], 0)[0][0]) for row in rows]
    np.testing.assert_array_equal(positives, alone)
    assert (drawn(rows, 1)[0].numpy() != positives.numpy()).any()


def test_a_post_without_links_is_its_own_and_ignored(tiny):
    dataset = open_dataset(tiny)
    records = dataset.records("test")
    rows = tf.constant([3, 4], tf.int64)
    links = batches.parse(batches.reader(records)(rows), None, ("links",))["links"]
    positives, linked = triplets.linked_rows(records, links, rows, 0, 0)
    np.testing.assert_array_equal(positives, rows)
    assert not linked.numpy().any()
    targets = triplets.triplet_targets(positives != rows, tf.constant([[True, False], [True, True]]))
    np.testing.assert_array_equal(targets, [[-1, 0, -1], [-1, 0, 0]])


def test_negatives_share_no_label_and_are_not_linked(rng, seed):
    size, count = 24, 3
    labels = (rng.random((size, 6)) < 0.25).astype("float32")
    linked = rng.random((size, size)) < 0.1
    seen = np.zeros((size, size), int)
    for step in range(200):
        places, there = triplets.unlike_rows(
            tf.constant(labels), tf.constant(linked), count, tf.constant([seed % 1000, step])
        )
        for row in range(size):
            eligible = [
                c for c in range(size) if c != row and not linked[row, c] and not (labels[row] * labels[c]).any()
            ]
            got = places.numpy()[row][there.numpy()[row]].tolist()
            assert len(got) == len(set(got)) == min(count, len(eligible))
            assert set(got) <= set(eligible)
            seen[row, got] += 1
    # Every eligible post is drawn some time: 200 draws of 3 from at most 23 leave one out with probability below 1e-11.
    for row in range(size):
        eligible = [c for c in range(size) if c != row and not linked[row, c] and not (labels[row] * labels[c]).any()]
        assert (seen[row, eligible] > 0).all()


@pytest.mark.parametrize("size", [1, 2])
def test_small_batches_have_fewer_negatives(size):
    labels, linked = tf.zeros((size, 2)), tf.zeros((size, size), tf.bool)
    places, there = triplets.unlike_rows(labels, linked, 3, tf.constant([0, 0]))
    assert places.shape == there.shape == (size, 3)
    assert there.numpy().sum() == size * (size - 1)
