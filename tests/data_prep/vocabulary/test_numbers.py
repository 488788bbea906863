"""Which tags are numbers, after cleaning gave them one spelling."""

import pytest

from data_prep.vocabulary.numbers import is_number
from kerasmm.data.spelling import normalise


@pytest.mark.parametrize(
    "tag",
    [
        "2009",
        "３",
        "1,000",
        "1.000,50",
        "-5",
        "+1",
        "24/7",
        "24-105",
        "24–105",
        "10:30",
        "2009-10-03",
        "50 %",
        "$5",
        "5 €",
    ]
    + ["٣", "१०", "½", "②", "x²"[1:], "#1", "7!", "(1)", "1 000"],
)
def test_numbers(tag):
    assert is_number(normalise(tag))


@pytest.mark.parametrize(
    "tag",
    [
        "",
        "!",
        "-",
        "canon",
        "mp3",
        "4x4",
        "50mm",
        "2010s",
        "1st",
        "90°",
        "1️⃣",
        "❤4",
        "三",
        "二〇一〇",
        "Ⅳ",
        "№5",
        "h2o",
        "日本3",
    ],
)
def test_words(tag):
    assert not is_number(normalise(tag))
