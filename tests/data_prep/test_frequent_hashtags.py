"""Frequent hashtags as labels: what counts as one, and that no text gives its own answer away."""

import re

import numpy as np
import pytest

from data_prep.annotators.frequent_hashtags import FrequentHashtags, WithoutHashtags
from data_prep.build import build, configuration
from data_prep.config import Connotations
from data_prep.draft import Draft
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.data.spelling import normalise
from tests.data_prep.world import build_world

CONFIG = {
    "image": {"required": False},
    "needs": ["labels"],
    "split": {"test": 0.0, "validation": 0.0},
    "links": {"most": 0},
}


@pytest.mark.parametrize(
    ("text", "own", "expected"),
    [
        ("leave now #brexit", ["brexit"], "leave now"),
        ("#brexit #eu", ["brexit", "eu"], ""),
        ("vote #brexit, not #remain!", ["brexit"], "vote, not #remain!"),
        ("#brexitnow is no #brexit", ["brexit"], "#brexitnow is no"),
        ("brexit means #brexit means brexit", ["brexit"], "brexit means means brexit"),
        ("(#brexit)", ["brexit"], "()"),
        ("#brexit's end", ["brexit"], "'s end"),
        ("#fit#brexit#eu#fitness", ["brexit", "eu"], "#fit#fitness"),
        ("so it goes #brex...", ["eu"], "so it goes ..."),
        ("so it goes #brex…", ["eu"], "so it goes …"),
        ("so it goes #brexi #bre", ["eu"], "so it goes #brexi #bre"),
        ("page.html#brexit http://a.b/#eu", [], "page.html#brexit http://a.b/#eu"),
        ("page.html#brexit http://a.b/#eu &#eu", ["eu"], "page.html#brexit http://a.b/ &"),
        ("#europe, #eu", ["eu"], "#europe,"),
        ("", [], ""),
    ],
)
def test_what_goes_and_what_stays(text, own, expected):
    assert WithoutHashtags(["brexit", "eu"])(text, own) == expected


def hashtag_posts(texts):
    return [Draft(Post(id=str(n), text=text, labels=("positive",), tags=("own",))) for n, text in enumerate(texts)]


def built(folder, drafts, **config):
    manifest = build_world(folder, drafts, {**CONFIG, "connotations": {"method": "hashtags"}, **config})
    return manifest, {post.id: post for post in open_dataset(folder / "data").posts("train")}


def test_every_spelling_of_a_kept_hashtag_is_a_label_and_leaves_the_text(tmp_path):
    texts = [
        "#Brexit now",
        "#BREXIT later",
        "＃brexit ever #Rare",
        "#ＢＲＥＸＩＴ, then",
        "a #brexit™ mark",
        "nothing here",
        "#rare",
    ]
    manifest, posts = built(tmp_path, hashtag_posts(texts), labels={"minimum": 3})
    assert {post.labels for post in posts.values()} == {("brexit",)}
    said = {key: post.text for key, post in posts.items()}
    assert said == {"0": "now", "1": "later", "2": "ever #rare", "3": ", then", "4": "a tm mark"}
    assert manifest.dropped == {"needs": {"no labels": 1}, "vocabulary": {"no label in the vocabulary": 1}}


def test_labels_leave_the_tags_of_all_posts(tmp_path):
    drafts = [Draft(Post(id=str(n), text=f"x{n} #sea y", tags=("Sea", "sand"))) for n in range(3)]
    _, posts = built(tmp_path, drafts, labels={"minimum": 2})
    assert {(post.tags, post.labels, post.text) for post in posts.values()} == {
        (("sand",), ("sea",), f"x{n} y") for n in range(3)
    }


def test_without_needs_of_labels_unlabelled_posts_stay(tmp_path):
    drafts = hashtag_posts([f"w{n} #often" for n in range(25)] + [f"w{n} #seldom" for n in range(24)])
    manifest, posts = built(tmp_path, drafts, needs=["text"])
    assert (tmp_path / "data" / "labels.txt").read_text() == "often\n"
    assert (len(posts), posts["25"].text, posts["25"].labels) == (49, "w0 #seldom", ())
    assert manifest.statistics["connotations/found_labels"] == 2


@pytest.mark.parametrize(
    ("source", "given", "needs", "minimum"),
    [
        ("tweets", {}, ["image", "text", "labels"], 25),
        ("movielens", {}, ["image", "tags", "labels"], 25),
        ("tweets", {"needs": ["text"], "labels": {"most": 5}}, ["text"], 25),
        ("tweets", {"labels": {"minimum": 1}}, ["image", "text", "labels"], 1),
    ],
)
def test_defaults_with_a_method(source, given, needs, minimum):
    config = configuration(source, None, {"connotations": {"method": "hashtags"}}, given)
    assert (config.needs, config.labels.minimum) == (needs, minimum)
    off = configuration(source, None, {"connotations": {"method": None}})
    assert (off.needs, off.labels.minimum) == (configuration(source, None).needs, 1)


def test_tags_do_not_become_labels_beside_a_method():
    assert configuration("flickr8k", None).annotate.labels_from_tags == 80
    assert configuration("flickr8k", None, {"connotations": {"method": "hashtags"}}).annotate.labels_from_tags == 0


def test_a_text_of_labels_alone_is_no_text(tmp_path):
    _, posts = built(tmp_path, hashtag_posts(["#sea", "#sea at last"]), labels={"minimum": 1})
    assert {post.text for post in posts.values()} == {None, "at last"}


def test_no_random_text_shows_its_labels(tmp_path, rng):
    words = ["sea", "SEA", "seaside", "Été", "ＥＵ", "eu", "ﬁsh", "x™", "日本", "straße"]
    marks = [" ", " ", "…", "...", "’s ", ", ", "™ ", "#", " ＃", "/", "&", "\u200d", "\u0301 "]
    annotator = FrequentHashtags(Connotations(method="hashtags"), tmp_path)
    shown = 0
    for _ in range(2000):
        drawn = (
            "#" + words[rng.integers(len(words))] + marks[rng.integers(len(marks))] for _ in range(rng.integers(6))
        )
        text = "".join(drawn)
        own = [normalise(label) for label in annotator.labels(Draft(Post(id="1", text=text)))]
        kept = [label for label in own if len(label) < 7]
        left = WithoutHashtags(["eu", "sea", "x", *kept])(normalise(text), kept)
        shown += any(f"#{label}" in left for label in own)
        for label in kept:
            assert not re.search(f"#{re.escape(label)}\u200d*(?![\\w\u0301])", left), (text, left, own)
    assert shown, "labels that are not kept stay"


@pytest.mark.shared_data
def test_real_tweets(shared_data, tmp_path):
    config = configuration(
        "tweets",
        None,
        {"connotations": {"method": "hashtags"}, "labels": {"minimum": 10}, "image": {"required": False}},
    )
    build(config, "tweets", tmp_path / "data", folder=shared_data / "tweets", quiet=True)
    dataset = open_dataset(tmp_path / "data")
    labels = dataset.vocabulary("labels")
    posts = [post for split in dataset.manifest.splits for post in dataset.posts(split)]
    counts = {label: sum(label in post.labels for post in posts) for label in labels}
    assert min(counts.values()) >= 10
    for post in posts:
        assert not {f"#{label}" for label in labels} & set(re.split(r"[^\w#]+", normalise(post.text or ""))), post
    assert np.mean([len(post.labels) for post in posts]) >= 1
