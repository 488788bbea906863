"""Topic words, by hand."""

import pytest

from data_prep.pruning.topics import Topics, split_hashtag


@pytest.mark.parametrize(
    ("topic", "text", "expected"),
    [
        ("brexit", "BREXIT means Brexit", True),
        ("Brexit", "#brexit", True),
        ("#brexit", "brexit!", True),
        ("brexit", "brexiteers", False),
        ("brexit", "#BrexitVote", True),
        ("brexit", "#brexit_vote", True),
        ("brexit", "#brexitvote", True),
        ("brexit", "#voteleavebrexit2016", True),
        ("brexit", "#Brexiteers", False),
        ("race", "#trace", False),
        ("race", "#humanrace", True),
        ("race", "in a trace", False),
        ("theresa may", "Theresa May is", True),
        ("theresa may", "theresa: may", True),
        ("theresa may", "theresa and may", False),
        ("theresa may", "#TheresaMay", True),
        ("theresa may", "#theresamay", True),
        ("theresa may", "theresa mayor", False),
        ("einwanderung", "Die EINWANDERUNG", True),
        ("straße", "STRASSE", True),
        ("brexit", "", False),
    ],
)
def test_a_post_names_a_topic(topic, text, expected):
    assert Topics([topic])(text) is expected


def test_tags_and_several_topics():
    named = Topics(["brexit", "immigration"])
    assert named("", ["ImmigrationAct"]) and named("", ["#brexit"]) and named("immigration") and not named("x", ["y"])


def test_a_very_long_hashtag_costs_little():
    assert not Topics(["brexit"])("#" + "ab" * 2500 + "brexit")
    assert not Topics(["a"])("#" + "a" * 200 + "qx" * 100)


def test_hashtags_are_split_where_spelling_tells():
    assert split_hashtag("BrexitVote2016") == ["Brexit", "Vote", "2016"]
    assert split_hashtag("UKReferendum") == ["UK", "Referendum"]
    assert split_hashtag("UK") == ["UK"]
    assert split_hashtag("voteleave") == ["voteleave"]
    assert split_hashtag("Ünïcode_日本") == ["Ünïcode", "日本"]
