"""One spelling for texts and words."""

import unicodedata

import pytest

from kerasmm.data.spelling import normalise


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("  Two\tDogs \n run ", "two dogs run"),
        ("#SnowDay with @Me", "#snowday with @me"),
        ("Straße ﬁlm Ｗｉｄｅ", "strasse film wide"),
        ("Cafe\u0301", "café"),
        ("ΣΊΣΥΦΟΣ", "σίσυφοσ"),
        ("a\x00b\x07c", "a b c"),
        ("half \ud83d surrogate", "half surrogate"),
        ("line\u2028separator\x85next\x1cfile", "line separator next file"),
        ("👩‍👩‍👧 ❤️", "👩‍👩‍👧 ❤️"),
        ("ไทย हिन्दी", "ไทย हिन्दी"),
        ("  ", ""),
    ],
)
def test_spelling(written, spelled):
    assert normalise(written) == spelled


def test_the_result_stays_as_it_is_and_is_one_line(rng):
    for _ in range(300):
        points = rng.integers(0, 0x110000, 12)
        text = normalise("".join(map(chr, points)))
        assert normalise(text) == text
        assert unicodedata.is_normalized("NFKC", text)
        assert len(text.splitlines()) <= 1
        text.encode()


def test_marks_without_end_are_cut():
    """To order n marks takes n² steps: minutes for a post of these."""
    text = normalise("a" + "\u0315\u0300" * 200_000 + "b")
    assert text.startswith("à") and text.endswith("b") and len(text) <= 2 + 30
    # Thirty are what Unicode calls stream-safe.
    few = "b" + "\u0301" * 30
    assert normalise(few) == few
