"""The spelling of data preparation in the graph, beside Python's own Unicode tables."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_text

from data_prep.words import normalise as in_python
from kerasmm.text import character_ids, normalise, word_ids

# What Python's Unicode doesn't have yet (Cn), ICU may: the only characters that may differ.
ASSIGNED = [
    point for point in range(0x110000) if unicodedata.category(chr(point)) not in ("Cn", "Cs", "Co")
]  # fmt: skip

SPELLINGS = [
    "ＦＵＬＬ　ｗｉｄｔｈ",
    "ﬁne ﬂow ﬃ",
    "Ångström Ångström A\N{COMBINING RING ABOVE}ngstro\N{COMBINING DIAERESIS}m",
    "Straße STRASSE ẞ",
    "İstanbul ISTANBUL ıstanbul",
    "tab\tbell\x07 nul\x00 next\x85line",
    " no-break\N{NO-BREAK SPACE}space\N{IDEOGRAPHIC SPACE}",
    "①②③ ㎏ ½ ™",
    "ΣΊΣΥΦΟΣ ᾼ \N{GREEK CAPITAL LETTER ALPHA WITH PROSGEGRAMMENI}",
    "soft\N{SOFT HYPHEN}hyphen zero\N{ZERO WIDTH SPACE}width",
    "👩🏽\N{ZERO WIDTH JOINER}🚀 ❤\N{VARIATION SELECTOR-16}",
    "ᎣᏏᏲ ꭰ",
    "각 각 #Love @Ann",
]


def graph(texts):
    return [text.decode() for text in normalise(tf.constant(texts)).numpy()]


@pytest.mark.parametrize("around", ["", "a{}b"], ids=["alone", "between letters"])
def test_every_character_is_spelled_as_in_python(around):
    texts = [around.format(chr(point)) if around else chr(point) for point in ASSIGNED]
    assert len(texts) > 140_000
    wrong = [(text, one) for text, one in zip(texts, graph(texts), strict=True) if one != in_python(text)]
    assert wrong == []


@pytest.mark.parametrize("kind", ["any", "what is spelled otherwise, and marks"])
def test_texts_are_spelled_as_in_python_and_then_stay(rng, kind):
    odd = [p for p in ASSIGNED if in_python(chr(p)) != chr(p) or unicodedata.combining(chr(p))]
    points = ASSIGNED if kind == "any" else odd
    texts = ["".join(map(chr, rng.choice(points, rng.integers(0, 12)))) for _ in range(3_000)]
    once = graph(texts)
    wrong = [(text, one) for text, one in zip(texts, once, strict=True) if one != in_python(text)]
    assert wrong == []
    assert graph(once) == once


@pytest.mark.parametrize("text", SPELLINGS)
def test_words_and_characters_have_the_ids_that_data_preparation_gives_them(text):
    spelled = in_python(text)
    words = {word: place for place, word in enumerate(spelled.split())}

    def lookup(asked):
        return tf.constant([words.get(word.decode(), -1) for word in asked.numpy()], tf.int64)

    ids = [word_ids(given, lookup, 20).numpy().tolist() for given in (normalise([text]), tf.constant([spelled]))]
    assert ids[0] == ids[1]
    points = sorted(set(map(ord, spelled)))
    ids = [character_ids(given, points, 99).numpy().tolist() for given in (normalise([text]), tf.constant([spelled]))]
    assert ids[0] == ids[1]


def test_any_shape_in_a_graph():
    for shape in ((0,), (2, 0), (2, 2), ()):
        texts = np.full(shape, "ẞ X", object)
        function = tf.function(normalise, input_signature=[tf.TensorSpec([None] * len(shape), tf.string)])
        found = function(tf.constant(texts, tf.string)).numpy()
        np.testing.assert_array_equal(found, np.full(shape, b"ss x", object))


def test_bytes_that_are_no_utf8_and_long_texts_fail_no_batch():
    found = normalise(tf.constant([b"\xff\xfeA", b"B", b"\xed\xa0\x80x", b"", b"Ab " * 100_000])).numpy()
    assert found[:4].tolist() == ["\ufffd\ufffda".encode(), b"b", "\ufffd\ufffd\ufffdx".encode(), b""]
    assert found[4].startswith(b"ab ab ab") and len(found[4]) <= 1 << 16


def test_tensorflow_text_is_of_tensorflows_minor_version():
    assert tensorflow_text.__version__.split(".")[:2] == tf.__version__.split(".")[:2]
