import unicodedata

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.asking.words import nearest_words, spelling
from kerasmm.data.spelling import normalise
from kerasmm.serving.vocabulary import VocabularyTable

WORDS = ["snow", "sci-fi", "new york", "日本", "über", "strasse", "Sci-Fi Films", "#love"]


@pytest.fixture
def table(tmp_path):
    return VocabularyTable(WORDS, tmp_path / "tags.txt")


def test_looks_words_up_as_a_dictionary_does(table, rng):
    asked = [WORDS[place] if rng.random() < 0.7 else f"unknown {place}" for place in rng.integers(0, len(WORDS), 12)]
    want = [WORDS.index(word) if word in WORDS else -1 for word in asked]
    for shape in ((12,), (3, 4), (2, 3, 2), (0,)):
        size = int(np.prod(shape))
        got = table.lookup(tf.reshape(tf.constant(asked[:size], tf.string), shape))
        assert got.dtype == tf.int64
        np.testing.assert_array_equal(got, np.reshape(want[:size], shape))


def test_spells_as_data_preparation_does(table):
    asked = ["SNOW", "  snow\n", "New \t YORK", "new\u3000york", "ÜBER", "日本", "Sci-Fi Films", "", " ", "straße"]
    asked += [
        "Sci-Fi\tFilms ",
        "ＳＮＯＷ",
        "STRAẞE",
        "U\u0308ber",
        "ｎｅｗ　ｙｏｒｋ",
        "#LOVE",
        "#snow",
        "##Über",
        "＃日本",
        "love",
        "#",
        "# snow",
    ]
    want = [0, 0, 2, 2, 4, 3, 6, -1, -1, 5, 6, 0, 5, 4, 2, 7, 0, 4, 3, -1, -1, -1]
    assert [-1 if (form := spelling(word, WORDS)) is None else WORDS.index(form) for word in asked] == want
    assert table.lookup(tf.constant(asked)).numpy().tolist() == want


def test_a_name_is_that_of_whoever_writes_it_so(tmp_path):
    """Two users may differ in what a tag wouldn't: another spelling is another person, or nobody."""
    names = ["ann", "Ann", "#ann", " ann", "ＡＮＮ", "straße"]
    table = VocabularyTable(names, tmp_path / "users.txt")
    asked = [*names, "ANN", "ann ", "##ann", "strasse", "STRASSE", ""]
    want = [names.index(name) if name in names else -1 for name in asked]
    assert table.lookup(tf.constant(asked), as_written=True).numpy().tolist() == want
    assert table.lookup(tf.constant([["ANN"]])).numpy().tolist() == [[0]]


def test_junk_is_an_unknown_word(table, rng):
    junk = [b"\xff\xfe\x00", b"\xff\xd8\xff junk", rng.bytes(400), b"\x00" * 9]
    assert table.lookup(tf.constant(junk)).numpy().tolist() == [-1] * 4


def test_the_asset_is_plain_text(table, tmp_path):
    assert (tmp_path / "tags.txt").read_bytes() == "\n".join(WORDS).encode() + b"\n"


def test_a_vocabulary_without_words_knows_none(tmp_path):
    table = VocabularyTable([], tmp_path / "labels.txt")
    assert table.lookup(tf.constant([["a", ""]])).numpy().tolist() == [[-1, -1]]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["a", "b", "a"], "'a' twice"),
        (["a", ""], "Received: ''"),
        (["a\nb"], "Received: 'a"),
        (["a\r"], "Received: 'a"),
    ],
)
def test_says_what_was_wrong(tmp_path, words, message):
    with pytest.raises(ValueError, match=message):
        VocabularyTable(words, tmp_path / "tags.txt")


def test_clients_spell_as_data_preparation_does(rng):
    letters = [chr(c) for c in [*range(1, 0x250), *range(0x370, 0x600), *range(0xFB00, 0xFB07), *range(0xFF01, 0xFF60)]]
    letters += ["ß", "İ", "ﬁ", "Ⅻ", "\u3000", "\u2028", "\ud800", "ͅ", "ẞ"]
    for _ in range(300):
        word = "".join(rng.choice(letters, rng.integers(0, 12)))
        want = normalise(word)
        assert spelling(word, [want]) == (want or None), [unicodedata.name(c, hex(ord(c))) for c in word]


@pytest.mark.parametrize(
    ("word", "want"),
    [
        ("snow", "snow"),
        ("  SNOW ", "snow"),
        ("Straße", "strasse"),
        ("#snow", "snow"),
        ("#Love", "#love"),
        ("ice", None),
        ("", None),
    ],
)
def test_spelling(word, want):
    assert spelling(word, WORDS) == want


def test_nearest_words_are_similar_or_hold_the_word():
    assert nearest_words("sonw", WORDS)[0] == "snow"
    assert "new york" in nearest_words("york", WORDS)
    assert nearest_words("qqqqqqq", WORDS) == []
