from __future__ import annotations

import doctest

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.data import open_dataset, sentences
from kerasmm.data.post import Post
from kerasmm.data.sentences import bucketed, nth, sentence_batches
from tests.tiny import write_dataset


def dataset(folder, posts):
    return open_dataset(write_dataset(folder / "data", {"train": posts}, shard_records=3))


SAID = {
    "p0": (("a red dog", "a dog"), ("dog", "dog")),
    "p1": ((), ()),
    "p2": (("", "it ☃ snows", "third"), ("", "snow", "")),
    "p3": ((), ()),
    "p4": (("without tags",), ()),
}


def read(records):
    return [
        {name: values[row].numpy() for name, values in batch.items()}
        for batch in sentence_batches(records)
        for row in range(len(batch["text"]))
    ]


@pytest.mark.parametrize("at_a_time", [1, 2, 256])
def test_sentences_come_numbered_in_reading_order(tmp_path, monkeypatch, at_a_time):
    monkeypatch.setattr(sentences, "READ", at_a_time)
    posts = [Post(id=name, sentences=said, sentence_tags=tags) for name, (said, tags) in SAID.items()]
    found = read(dataset(tmp_path, posts).records("train"))
    rows = [
        {
            "post": row,
            "place": place,
            "text": text.encode(),
            "tags": (tags[place] if tags else "").encode(),
            "id": name.encode(),
        }
        for row, (name, (said, tags)) in enumerate(SAID.items())
        for place, text in enumerate(said)
    ]
    assert found == rows


def test_a_split_without_sentences_has_none(tmp_path):
    assert read(dataset(tmp_path, [Post(id="a"), Post(id="b")]).records("train")) == []


def test_the_string_at_a_place_of_a_row():
    lists = tf.ragged.constant([["a", "b"], [], ["c"]], dtype=tf.string, row_splits_dtype="int64")
    rows, places = tf.constant([0, 0, 0, 1, 2, 2], tf.int64), tf.constant([0, 1, 2, 0, 0, 5], tf.int64)
    assert nth(lists, rows, places).numpy().tolist() == [b"a", b"b", b"", b"", b"c", b""]
    nothing = tf.RaggedTensor.from_row_splits(tf.zeros((0,), tf.string), tf.constant([0, 0], tf.int64))
    assert nth(nothing, tf.constant([0], tf.int64), tf.constant([0], tf.int64)).numpy().tolist() == [b""]


def epoch(count, lengths, size, pool, seed, number):
    order = np.random.default_rng([seed, number]).permutation(count)
    return order, bucketed(order, lengths, size, pool, [seed, number, 1])


def test_each_sentence_comes_at_most_once_an_epoch_and_the_remainder_is_left_out(rng, seed):
    lengths = rng.integers(2, 30, 103)
    order, batches = epoch(103, lengths, 8, 4, seed, 0)
    assert batches.shape == (12, 8)
    # 103 sentences make 12 batches of 8: the last seven of the order are left out.
    assert sorted(batches.ravel().tolist()) == sorted(order[:96].tolist())


def test_batches_are_cut_from_pools_sorted_by_length(rng, seed):
    """Every pool of the order, sorted, is its batches in some order."""
    lengths = rng.integers(2, 30, 103)
    order, batches = epoch(103, lengths, 8, 5, seed, 0)
    wanted = []
    for start in (0, 40, 80):
        pool = sorted(order[start : min(start + 40, 96)].tolist(), key=lambda row: lengths[row])
        wanted += [tuple(pool[place : place + 8]) for place in range(0, len(pool), 8)]
    assert sorted(map(tuple, batches.tolist())) == sorted(wanted)


def test_batches_of_like_length_have_little_padding(rng, seed):
    lengths = rng.integers(2, 30, 1000)

    def padding(pool):
        batches = epoch(1000, lengths, 10, pool, seed, 0)[1]
        return sum(int(lengths[batch].max()) * 10 - int(lengths[batch].sum()) for batch in batches)

    assert padding(20) < padding(4) < padding(1)
    assert padding(20) < 0.15 * padding(1)


def test_the_order_changes_with_the_epoch_and_not_with_the_call(rng, seed):
    lengths = rng.integers(2, 30, 400)
    first, again, second = (epoch(400, lengths, 8, 5, seed, number)[1] for number in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert (first != second).any()
    assert {frozenset(batch) for batch in first.tolist()} != {frozenset(batch) for batch in second.tolist()}
    other = epoch(400, lengths, 8, 5, seed + 1, 0)[1]
    assert (first != other).any()
    # Long ones don't come last: the batches of an epoch are shuffled over all pools.
    longest = lengths[first].max(axis=1)
    assert (np.diff(longest) < 0).any() and (np.diff(longest) > 0).any()


def test_a_pool_of_one_batch_keeps_what_chance_drew(rng, seed):
    order, batches = epoch(50, rng.integers(2, 9, 50), 8, 1, seed, 0)
    for batch, drawn in zip(batches, order[:48].reshape(6, 8), strict=True):
        assert sorted(batch.tolist()) == sorted(drawn.tolist())


@pytest.mark.parametrize("count", [0, 1, 7])
def test_fewer_sentences_than_a_batch_make_none(count):
    assert bucketed(np.arange(count), np.ones(7, "int64"), 8, 4, [0]).shape == (0, 8)


def test_one_batch_and_equal_lengths_keep_their_order():
    assert bucketed(np.array([3, 1, 2, 0]), np.full(4, 5), 4, 9, [0]).tolist() == [[3, 1, 2, 0]]


def test_examples():
    assert doctest.testmod(sentences).failed == 0
