"""Pruning post by post, by hand, and through a whole build."""

import json

import pytest

from data_prep.config import BuildConfig, Prune
from data_prep.draft import Draft
from data_prep.pruning.prune import Pruner
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import build_world, picture_bytes

UNPICTURED = {"image": {"required": False}, "needs": ["text"], "split": {"test": 0.0, "validation": 0.0}}


def reason(text, language=None, tags=(), **prune):
    reject = Pruner(Prune(**prune))(Draft(Post(id="1", text=text, tags=tags), language=language))
    if reject is None:
        return None
    assert (reject.where, reject.step, reject.bad) == ("1", "prune", False)
    return reject.reason


@pytest.mark.parametrize("text", [None, "", "http://t.co/x", "#a #b", "日本", "x" * 5000, "@a " * 50])
def test_nothing_is_dropped_by_default(text):
    assert reason(text) is None


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("one two three", True),
        ("one two", False),
        ("one #two three", True),
        ("one two 3 4th @five http://t.co/six !", False),
        ("RT @one: two three", False),
        ("日本 の 天気", True),
        (None, False),
    ],
)
def test_words(text, kept):
    assert reason(text, words=3) == (None if kept else "fewer than 3 words")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A nice day", None),
        (None, None),
        ("#nice #day http://t.co/x @ann", "only links, mentions and hashtags"),
        ("http://t.co/x", "only links, mentions and hashtags"),
        ("day " + " ".join(f"#t{n}" for n in range(10)), None),
        ("day " + " ".join(f"#t{n}" for n in range(11)), "more than 10 hashtags"),
        ("day " + " ".join(f"@u{n}" for n in range(5)), None),
        ("day " + " ".join(f"@u{n}" for n in range(6)), "more than 5 mentions"),
        ("RT @x: day " + " ".join(f"@u{n}" for n in range(5)), None),
        ("I said nooooo to him", None),
        ("nooooooooooooooo way", "mostly repeated"),
        ("x" * 5000, "mostly repeated"),
        ("win win win win win win", "mostly repeated"),
        ("win win win win win", None),
        ("the cat and the dog and the cow and the hen", None),
    ],
)
def test_junk(text, expected):
    assert reason(text, junk=True) == expected


def test_language_and_what_the_publisher_says():
    assert reason("Je suis très content aujourd'hui", language="en") is None
    assert Pruner(Prune(language="en"))(Draft(Post(id="1", text="so happy today"), language="en")) is None
    for text, published in (("Je suis très content aujourd'hui", None), ("so happy today", "de")):
        reject = Pruner(Prune(language="en"))(Draft(Post(id="1", text=text), language=published))
        assert reject.reason == "not in en"


def test_topics_look_at_text_sentences_and_tags():
    prune = Pruner(Prune(topics=["brexit", "theresa may"]))
    posts = [
        Post(id="1", text="Brexit!"),
        Post(id="2", sentences=("by Theresa May",)),
        Post(id="3", tags=("BrexitVote",)),
    ]
    assert [prune(Draft(post)) for post in posts] == [None] * 3
    assert prune(Draft(Post(id="4", text="snow", tags=("may",)))).reason == "no topic word"


def test_the_first_reason_counts_and_all_are_listed(tmp_path):
    texts = [
        "no topic",
        "brexit http://t.co/x",
        "#brexit #eu",
        "le brexit est une très mauvaise idée",
        "brexit is a bad idea",
    ]
    drafts = [Draft(Post(id=str(n), text=text)) for n, text in enumerate(texts)]
    config = {**UNPICTURED, "prune": {"topics": ["Brexit"], "words": 2, "junk": True, "language": "en"}}
    manifest = build_world(tmp_path, drafts, config)
    assert manifest.dropped == {
        "prune": {
            "no topic word": 1,
            "fewer than 2 words": 1,
            "only links, mentions and hashtags": 1,
            "not in en": 1,
        }
    }
    assert [post.id for post in open_dataset(tmp_path / "data").posts("train")] == ["4"]
    rejects = [json.loads(line) for line in (tmp_path / "data" / "rejects.jsonl").read_text().splitlines()]
    assert [reject["where"] for reject in rejects] == ["0", "1", "2", "3"] and not any(r["bad"] for r in rejects)


def test_a_post_without_a_picture_is_counted_as_one(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(picture_bytes((len(name), 7, ord(name))))
    drafts = [
        Draft(Post(id="a", text="#only #tags"), picture=str(tmp_path / "a")),
        Draft(Post(id="b", text="a nice day"), picture=str(tmp_path / "b")),
        Draft(Post(id="c", text="#only #tags")),
        Draft(Post(id="d", text="#only #tags"), picture=str(tmp_path / "absent")),
    ]
    config = {"needs": ["text"], "split": {"test": 0.0, "validation": 0.0}, "prune": {"junk": True}}
    manifest = build_world(tmp_path, drafts, config)
    assert manifest.dropped == {"image": {"no picture": 1}, "prune": {"only links, mentions and hashtags": 2}}


@pytest.mark.parametrize(
    ("prune", "words"),
    [
        ({"topics": ["brexit", "!"]}, ("`prune`", "'!'")),
        ({"topics": "brexit"}, ("`prune.topics`",)),
        ({"language": "English"}, ("`prune.language`", "'English'")),
        ({"words": -1}, ("`prune.words`",)),
        ({"near_duplicates": 0.1}, ("`prune.near_duplicates`", "0.3")),
        ({"near_duplicates": 1.5}, ("`prune.near_duplicates`",)),
        ({"topic": []}, ("`prune.topic`", "'prune.topics'")),
    ],
)
def test_wrong_values(prune, words):
    with pytest.raises(UserError) as error:
        validated(BuildConfig, {"prune": prune})
    assert all(word in str(error.value) for word in words), str(error.value)


def test_an_unknown_language_stops_before_anything_is_read(tmp_path):
    with pytest.raises(UserError, match=r"prune\.language: must be one of"):
        build_world(tmp_path, [Draft(Post(id="1", text="x"))], {**UNPICTURED, "prune": {"language": "xx"}})
    assert not (tmp_path / "data").exists()
