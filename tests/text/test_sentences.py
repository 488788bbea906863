from __future__ import annotations

import doctest

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.data.batches import word_table
from kerasmm.text import END, OFFSET, PADDING, UNKNOWN, sentences, split_words, word_ids

WORDS = ["a", "dog", "runs", "straße", "שלום", "😀", "dog's", "2", "é"]
"""A vocabulary; the id of a word is `OFFSET` + its place."""


def ids_of(*texts, most=8):
    return word_ids(tf.constant(list(texts), tf.string), word_table(WORDS).lookup, most).numpy().tolist()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\n\r ", []),
        (" ... -- !? ,;: () [] {} / \\ # @ & % * _ ", []),
        ("A dog runs.", ["a", "dog", "runs"]),
        ("A DOG Runs ÉCLAIR ΣΊΣΥΦΟΣ", ["a", "dog", "runs", "éclair", "σίσυφος"]),
        ("mid-air, semi-final/re-run", ["mid", "air", "semi", "final", "re", "run"]),
        ("the dog's dogs' 'quoted' ''twice'' don't", ["the", "dog's", "dogs", "quoted", "twice", "don't"]),
        ("the dog’s ‘quoted’ “words”", ["the", "dog's", "quoted", "words"]),
        ("' '' ' a ' '", ["a"]),
        ('"A dog," he said; "runs?"', ["a", "dog", "he", "said", "runs"]),
        ("#SunSet @user #no_filter", ["sunset", "user", "no", "filter"]),
        ("24 dogs, 3.5 km at 10:30", ["24", "dogs", "3", "5", "km", "at", "10", "30"]),
        ("costs $5 + 3€", ["costs", "$", "5", "+", "3", "€"]),
        ("nice😀😀dog ❤️", ["nice", "😀", "😀", "dog", "❤"]),
        ("👍🏽 👩‍🚀", ["👍", "🏽", "👩", "🚀"]),
        ("שלום עולם!", ["שלום", "עולם"]),
        ("‏مرحبا، بالعالم؟‎", ["مرحبا", "بالعالم"]),
        ("شَكَرَ", ["شَكَرَ"]),
        ("犬が走る。", ["犬が走る"]),
        ("one\u00a0two\u2028three\u3000four\u200bfive", ["one", "two", "three", "four", "five"]),
        ("nul\0byte", ["nul", "byte"]),
    ],
)
def test_words_of_a_text(text, words):
    assert [word.decode() for word in split_words(tf.constant([text]))[0].numpy()] == words


def test_bytes_that_are_no_utf8_fail_nothing():
    """They separate words or become replacement characters; the other texts of the batch are what they were."""
    found = split_words(tf.constant([b"a \xff\xfe dog", b"\xc3", b"a dog", b"\xf0\x9f\x98"])).to_list()
    known = [[word for word in text if word in (b"a", b"dog")] for text in found]
    assert known == [[b"a", b"dog"], [], [b"a", b"dog"], []]
    for text in found:
        assert b" ".join(text).decode("utf-8") is not None
    ids = ids_of(b"a \xff dog", b"\xff")
    assert ids[0][0] == OFFSET and END in ids[1] and set(ids[1]) <= {UNKNOWN, END, PADDING}


def test_a_text_of_ten_thousand_words_is_cut():
    text = " ".join(["dog"] * 10_000)
    assert len(split_words(tf.constant([text]))[0]) == 10_000
    assert ids_of(text, "a", most=3) == [[OFFSET + 1] * 3 + [END], [OFFSET, END, PADDING, PADDING]]
    # What is beyond MAX_BYTES is not looked at; a word of two bytes a letter is cut in its midst.
    long = "éé " * 100_000
    words = split_words(tf.constant([long]))[0].numpy()
    assert len(words) == -(-sentences.MAX_BYTES // 5) and set(words[:-1]) == {"éé".encode()}


def test_no_texts_and_texts_among_empty_ones():
    assert split_words(tf.zeros((0,), tf.string)).to_list() == []
    assert split_words(tf.constant(["", "a", ""])).to_list() == [[], [b"a"], []]


def test_ids_by_hand():
    assert ids_of("A dog runs", "", "Xyzzy plugh", "2 dogs 😀", "Dog's ÉÉ é") == [
        [OFFSET, OFFSET + 1, OFFSET + 2, END],
        [END, PADDING, PADDING, PADDING],
        [UNKNOWN, UNKNOWN, END, PADDING],
        [OFFSET + 7, UNKNOWN, OFFSET + 5, END],
        [OFFSET + 6, UNKNOWN, OFFSET + 8, END],
    ]
    assert (PADDING, END, UNKNOWN, OFFSET) == (0, 1, 2, 3)


def test_words_beyond_the_most_are_cut_and_the_end_stays():
    assert ids_of("a dog runs a", most=2) == [[OFFSET, OFFSET + 1, END]]
    assert ids_of("a dog", most=2) == [[OFFSET, OFFSET + 1, END]]
    assert ids_of("a", "", most=2) == [[OFFSET, END], [END, PADDING]]


def test_there_is_a_step_even_without_texts():
    ids = word_ids(tf.zeros((0,), tf.string), word_table(WORDS).lookup, 4)
    assert ids.shape == (0, 1)
    assert ids.dtype == tf.int32
    assert ids_of("", "") == [[END], [END]]


def test_one_graph_serves_any_number_of_texts():
    table = word_table(WORDS)
    graph = tf.function(
        lambda texts: word_ids(texts, table.lookup, 4), input_signature=[tf.TensorSpec((None,), tf.string)]
    )
    for texts in (["a dog"], [], ["", "runs " * 9, "x"], [b"\xff"]):
        texts = tf.constant(texts, tf.string)
        np.testing.assert_array_equal(graph(texts), word_ids(texts, table.lookup, 4))


def test_only_the_ops_of_a_stock_server():
    """String ops of TensorFlow itself: nothing of TensorFlow Text, nothing in Python."""
    table = word_table(WORDS)
    graph = tf.function(lambda texts: word_ids(texts, table.lookup, 4)).get_concrete_function(
        tf.TensorSpec((None,), tf.string)
    )
    used = {operation.type for operation in graph.graph.get_operations()}
    functions = graph.graph.as_graph_def().library.function
    used |= {node.op for function in functions for node in function.node_def}
    assert {"StringLower", "StaticRegexReplace", "StringSplitV2"} <= used
    assert not {name for name in used if "PyFunc" in name or "Tokenize" in name or "UTF8" in name}


def test_examples():
    assert doctest.testmod(sentences).failed == 0
