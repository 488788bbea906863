"""Words that are there once."""

from data_prep.words import distinct


def test_distinct_keeps_the_first():
    assert distinct(["b", "a", "", "b", "c", "a"]) == ("b", "a", "c")
