from __future__ import annotations

import doctest
import json
import re
import time
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

import kerasmm.serving
from kerasmm.text import END, OFFSET, PADDING, UNKNOWN, character_ids, characters, clean_text, count_characters

POINTS = [ord(character) for character in " etaσ😀犬#@"]
"""Characters with an id; that of each is `OFFSET` + its place."""


def cleaned(*texts):
    return [text.decode() for text in clean_text(tf.constant(list(texts), tf.string)).numpy()]


def ids_of(*texts, points=POINTS, most=140):
    return character_ids(tf.constant(list(texts), tf.string), points, most).numpy().tolist()


def random_text(rng):
    """Anything that a string can hold, with plenty of what cleaning looks for."""
    pieces = [
        "RT @bob: ",
        "rt  @a_1:",
        "https://t.co/aB1",
        "HTTP://x.y/é?z",
        "t.co/q",
        "@bob",
        "@",
        "#tag",
        " ",
        "\n\t",
    ]
    pieces += [
        "\0",
        "\u00a0",
        "\u2003",
        "\u200d",
        "İ",
        "Σς",
        "ǅ",
        "ß",
        "👩🏽\u200d🚀",
        "é",
        "\ufeff",
        "\ufffd",
        "\x85",
        "\x1f",
    ]
    size = rng.integers(0, 40)
    points = [
        chr(rng.integers(0xD800)) if rng.random() < 0.7 else chr(rng.integers(0xE000, 0x110000)) for _ in range(size)
    ]
    return "".join(rng.permutation([*points, *rng.choice(pieces, rng.integers(0, 12))]).tolist())


def cleaned_in_python(text):
    """The rules of `clean_text`, by Python's own tables of characters."""
    text = "".join(" " if unicodedata.category(c) in ("Zs", "Zl", "Zp", "Cc") else c for c in text)
    text = re.sub(r"^( *rt +@\w+:)+", "", text, flags=re.IGNORECASE | re.ASCII)
    text = re.sub(r"(https?://|\bt\.co/)[^ ]+", " ", text, flags=re.IGNORECASE | re.ASCII)
    return re.sub(" +", " ", re.sub(r"@\w+", "@", text, flags=re.ASCII)).strip(" ")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        (" \t\n\r\v\f ", ""),
        ("Brexit means Brexit", "Brexit means Brexit"),
        ("a \n\n b\u00a0\u2003c\u3000d\x00e\x85f", "a b c d e f"),
        ("see https://t.co/aB3 and HTTP://x.org/é?q=1#f.", "see and"),
        ("see t.co/aB3, not cat.co/x nor at.co.uk", "see not cat.co/x nor at.co.uk"),
        ("https:// alone, http:/x, https", "https:// alone, http:/x, https"),
        ("a link\u00a0https://a.b\u2003goes on", "a link goes on"),
        ("@alice @bob_1: hi,@x@y a@b.c @ @é", "@ @: hi,@@ a@.c @ @é"),
        ("RT @bob: so it is", "so it is"),
        ("  rt\t@bob: RT @carol: so it is", "so it is"),
        ("RT@bob: so", "RT@: so"),
        ("RT @bob so", "RT @ so"),
        ("so RT @bob: it is", "so RT @: it is"),
        ("START @bob: so", "START @: so"),
        ("RT @bob: https://t.co/1", ""),
        ("#VoteLeave 😀 犬", "#VoteLeave 😀 犬"),
    ],
)
def test_cleaning_by_hand(text, wanted):
    assert cleaned(text) == [wanted]


def test_cleaning_is_that_of_python_on_random_text(rng):
    texts = [random_text(rng) for _ in range(300)]
    for text, got in zip(texts, cleaned(*(text.encode() for text in texts)), strict=True):
        assert got == cleaned_in_python(text), ascii(text)


def test_ids_by_hand():
    space, e, t, a, sigma, smile, dog, tag, at = (OFFSET + place for place in range(len(POINTS)))
    assert ids_of("Tea", "", "σΣς", "#😀犬 @ann\n x") == [
        [t, e, a, END, PADDING, PADDING, PADDING, PADDING],
        [END] + [PADDING] * 7,
        # A final sigma is a letter of its own.
        [sigma, sigma, UNKNOWN, END, PADDING, PADDING, PADDING, PADDING],
        [tag, smile, dog, space, at, space, UNKNOWN, END],
    ]


def test_both_cases_share_an_id_unless_both_have_one():
    assert ids_of("aA", points=[ord("a")]) == [[OFFSET, OFFSET, END]]
    assert ids_of("aA", points=[ord("a"), ord("A")]) == [[OFFSET, OFFSET + 1, END]]
    assert ids_of("aA", points=[ord("A")]) == [[UNKNOWN, OFFSET, END]]
    # The kelvin sign is a K; a dotted capital I becomes two characters and stays what it is.
    assert ids_of("kK\u212aİ", points=[ord("k"), ord("i")]) == [[OFFSET, OFFSET, OFFSET, UNKNOWN, END]]


def test_without_characters_all_are_unknown():
    assert ids_of("a 😀", "", points=[]) == [[UNKNOWN] * 3 + [END], [END] + [PADDING] * 3]
    assert ids_of("\U0010ffff\U00010000", points=[0x10FFFF]) == [[OFFSET, UNKNOWN, END]]


def test_bytes_that_are_no_utf8_are_unknown_and_fail_nothing():
    texts = [b"te\xfft", b"\xff\xfe", b"\xc3", b"tea", b"\xf0\x9f\x98", b"\xed\xa0\x80t", b"t\0t"]
    t, e, a = OFFSET + 2, OFFSET + 1, OFFSET + 3
    found = [[one for one in row if one != PADDING] for row in ids_of(*texts)]
    assert found[0] == [t, e, UNKNOWN, t, END]
    assert found[3] == [t, e, a, END]
    assert found[6] == [t, OFFSET, t, END]
    for row in (found[1], found[2], found[4]):
        assert len(row) > 1 and set(row[:-1]) == {UNKNOWN} and row[-1] == END
    assert found[5][-2:] == [t, END] and set(found[5][:-2]) == {UNKNOWN}


@pytest.mark.parametrize("length", [139, 140, 141, 5_000, 100_000])
def test_a_long_text_is_cut_and_its_end_stays(length):
    assert ids_of("a" * length) == [[OFFSET + 3] * min(length, 140) + [END]]
    # What is cut is counted in characters, and links count for none.
    assert ids_of("https://t.co/x " + "😀" * length) == [[OFFSET + 5] * min(length, 140) + [END]]


def test_what_a_text_may_cost_is_bounded(seed):
    """Bytes are cut before anything looks at them, in the midst of a character if need be."""
    texts = ["😀" * 1_000_000, "@" * 4_000_000, "RT @a: " * 600_000, " " * 4_000_000 + "a", "https://" * 500_000]
    start = time.process_time()
    found = ids_of(*texts)
    assert time.process_time() - start < 40
    assert found[0] == [OFFSET + 5] * 140 + [END]
    assert found[3][:2] == [END, PADDING]
    assert all(len(text.encode()) <= characters.MAX_BYTES + 2 for text in cleaned(*texts))


def test_there_is_a_step_even_without_texts():
    ids = character_ids(tf.zeros((0,), tf.string), POINTS, 140)
    assert ids.shape == (0, 1)
    assert ids.dtype == tf.int32
    assert ids_of("", "https://t.co/1") == [[END], [END]]


def test_ids_are_those_of_a_python_loop_on_random_text(rng):
    texts = [random_text(rng) for _ in range(200)]
    points = count_characters(texts[:100], 2, 60)
    places = {point: OFFSET + place for place, point in enumerate(points)}
    most = int(rng.integers(1, 40))
    wanted = []
    for text in texts:
        lowered = [c.lower() if len(c.lower()) == 1 else c for c in cleaned_in_python(text)[:most]]
        wanted.append([places.get(ord(c), UNKNOWN) for c in lowered] + [END])
    got = ids_of(*(text.encode() for text in texts), points=points, most=most)
    assert max(map(len, wanted)) == len(got[0])
    assert got == [row + [PADDING] * (len(got[0]) - len(row)) for row in wanted]


def test_counting_by_hand():
    texts = ["Tea, tea!", "@bob TEA https://t.co/zzz", "RT @zoe: \u212a k"]
    counts = Counter({"t": 3, "e": 3, "a": 3, " ": 3, ",": 1, "!": 1, "@": 1, "k": 2})
    wanted = sorted(counts, key=lambda c: (-counts[c], c))
    assert [chr(point) for point in count_characters(texts, 1, 99)] == wanted
    assert [chr(point) for point in count_characters(texts, 2, 99)] == [c for c in wanted if counts[c] >= 2]
    assert [chr(point) for point in count_characters(texts, 1, 3)] == wanted[:3]
    assert count_characters(texts, 4, 99) == []
    assert count_characters([], 1, 99) == [] and count_characters(["", "https://t.co/1"], 1, 99) == []


def test_training_and_the_graph_agree_on_random_text(rng):
    """Every character that is counted has an id, and none besides the replacement of bad bytes is unknown."""
    texts = [random_text(rng) for _ in range(300)] + ["half a pair \ud83d", "\ufffd"]
    points = count_characters(iter(texts), 1, 1 << 21)
    assert len(set(points)) == len(points) and 0xFFFD not in points
    raw = [text.encode("utf-8", "surrogatepass") for text in texts]
    ids = np.array(ids_of(*raw, points=points, most=500))
    assert set(range(OFFSET, OFFSET + len(points))) <= set(ids.ravel().tolist())
    for row, text in zip(ids, cleaned(*raw), strict=True):
        assert (row == UNKNOWN).sum() == text.count("\ufffd")
    occurrences = Counter(ids[ids >= OFFSET].tolist())
    assert [occurrences[OFFSET + place] for place in range(len(points))] == sorted(occurrences.values(), reverse=True)


def test_more_texts_than_are_counted_at_a_time(rng):
    texts = ["ab" if i % 2 else "b" for i in range(2 * characters._COUNTED + 5)]
    half = len(texts) // 2
    assert count_characters(texts, len(texts), 9) == [ord("b")]
    assert count_characters(texts, half, 9) == [ord("b"), ord("a")]
    assert count_characters(texts, half + 1, 9) == [ord("b")]


def test_one_graph_serves_any_number_of_texts():
    graph = tf.function(
        lambda texts: character_ids(texts, POINTS, 9), input_signature=[tf.TensorSpec((None,), tf.string)]
    )
    for texts in (["a tea"], [], ["", "tea " * 9, "x"], [b"\xff"]):
        texts = tf.constant(texts, tf.string)
        np.testing.assert_array_equal(graph(texts), character_ids(texts, POINTS, 9))


def test_only_the_ops_of_a_stock_server():
    graph = tf.function(lambda texts: character_ids(texts, POINTS, 9)).get_concrete_function(
        tf.TensorSpec((None,), tf.string)
    )
    used = {operation.type for operation in graph.graph.get_operations()}
    functions = graph.graph.as_graph_def().library.function
    used |= {node.op for function in functions for node in function.node_def}
    allowed = json.loads((Path(kerasmm.serving.__file__).parent / "allowed_ops.json").read_text())
    assert {"StaticRegexReplace", "UnicodeDecode", "LowerBound"} <= used
    assert used <= {name for names in allowed.values() for name in names}


def test_examples():
    assert doctest.testmod(characters).failed == 0
