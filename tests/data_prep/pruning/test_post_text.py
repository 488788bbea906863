"""The words of a post, by hand."""

import pytest

from data_prep.draft import Draft
from data_prep.pruning.post_text import bare, count_hashtags, count_mentions, is_cut, is_shared, unshared, words
from kerasmm.data.post import Post


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Snow http://t.co/a https://t.co/b", "Snow"),
        ("www.example.org and pic.twitter.com/x", "and"),
        ("cut http://t…", "cut"),
        ("cut htt...", "cut"),
        ("cut h…", "cut"),
        ("cut https:/…", "cut"),
        ("oh… such a h… of a day", "oh… such a h… of a day"),
        ("@ann hi ＠bob, mail a@example.org", "hi , mail a@example.org"),
        ("RT @ann: RT @bob: hi RT @eve: you", "hi RT : you"),
        ("rt @ann : hi", "hi"),
        ("RT if you agree", "RT if you agree"),
        ("RT @ann and win", "RT and win"),
        ("start @ann", "start"),
        ("smart @ann: x", "smart : x"),
    ],
)
def test_bare(text, expected):
    assert bare(text) == expected


def test_words_and_hashtags():
    text = "It’s #SnowTime, 2nd of 3: don't #x_y @me ❤"
    assert words(text) == ["It’s", "SnowTime", "2nd", "of", "3", "don't", "x", "y"]
    assert words(text, hashtags=False) == ["It’s", "2nd", "of", "3", "don't"]


def test_counts():
    assert count_hashtags("#a #b#c http://x.org/#d d#e") == 2
    assert count_mentions("RT @a: @b @c d@e.org") == 2


def test_shared_posts():
    long = "RT @ann: " + "word " * 25
    assert is_shared("rt @ann: x") and is_shared(" RT @a: RT @b: x")
    assert not any(map(is_shared, ["art @ann: x", "x RT @ann: y", "RT @ann x", "RT: x", ""]))
    assert is_cut(long + "wor…") and is_cut(long + "wor...")
    assert not any(map(is_cut, [long, long.removeprefix("RT ") + "…", "RT @ann: short…"]))


def test_the_mark_goes_and_the_text_stays():
    def text(before):
        return unshared(Draft(Post(id="1", text=before))).post.text

    assert [text(each) for each in ("rt @a: rt @b: x rt @c: y", "rt @a:", "x", None)] == ["x rt @c: y", None, "x", None]
