"""Words that are there once, without their sign, in English."""

import pytest

from data_prep.words import bare, distinct, is_english


def test_distinct_keeps_the_first():
    assert distinct(["b", "a", "", "b", "c", "a"]) == ("b", "a", "c")


def test_tags_without_the_sign_of_a_hashtag():
    assert bare(("#snow", "snow", "## dog", "#", "c#")) == ("snow", "dog", "c#")


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("snow", True),
        ("first snow", True),
        ("black-and-white", True),
        ("dog-cat", True),
        ("snow!", True),
        ("snow 7", True),
        ("schnee", False),
        ("first schnee", False),
        ("dog-schnee", False),
        ("2009", False),
        ("x", False),
        ("", False),
        ("❤", False),
        ("语", False),
        ("ثلج", False),
    ],
)
def test_a_tag_is_english_when_its_words_are(tag, expected):
    assert is_english(tag) is expected
