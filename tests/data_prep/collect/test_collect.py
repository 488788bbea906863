"""Collection of web posts: keywords and matches by hand, limits by a slow loop over all posts."""

import json
import shutil
from collections import Counter

import pytest

from data_prep.annotate import tagger
from data_prep.collect.collect import Collect
from data_prep.collect.keywords import keywords_file
from data_prep.collect.match import Match
from data_prep.config import BuildConfig
from data_prep.draft import Draft, Reject
from data_prep.inspect.inspect import inspect
from data_prep.route import Route
from data_prep.work.chunks import Work
from data_prep.work.hashing import rank
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import build_world, chunked, run_steps

SENTENCES = {
    "1": ("a dog runs .", "Two dogs are running !"),
    "2": ("the dog jumps", "a black dog"),
    "3": ("a cat jumps in the street",),
}
# By hand, from the training sentences: dog 4, jump 2, run 2, and once black, cat, street.
KEYWORDS = ["dog", "jump", "run", "black", "cat", "street"]
UNPICTURED = {"image": {"required": False}, "shard_records": 3}
WEB = {**UNPICTURED, "needs": ["tags"], "split": {"test": 0.0, "validation": 0.0}, "tags": {"most": None}}
WORKERS = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A clean data set of three training photos and one for validation, in two shards."""
    drafts = [Draft(Post(id=name, sentences=said), split="train") for name, said in SENTENCES.items()]
    drafts.append(Draft(Post(id="4", sentences=("horses horses horses horses horses",)), split="validation"))
    folder = tmp_path_factory.mktemp("clean")
    split = {"method": "published", "validation": 0.0}
    build_world(folder, drafts, {**UNPICTURED, "needs": ["sentences"], "split": split, "shard_records": 2})
    return str(folder / "data")


def web(name, *tags, user=None):
    # The text makes no two posts the same to the step that drops duplicates.
    return Draft(Post(id=name, text=name, tags=tags, user=user))


def built(folder, drafts, clean, options=(), **limits):
    """A whole build: what was taken, with its keywords, and why the rest was not."""
    build_world(folder, drafts, {**WEB, "collect": {"clean": clean, **limits}}, beam_options=options)
    lines = (folder / "data" / "rejects.jsonl").read_text().splitlines()
    return verdicts([*open_dataset(folder / "data").posts("train"), *map(Reject.from_json, lines)])


def collected(folder, drafts, seed=0, size=7, keywords=KEYWORDS, **limits):
    """The same by the pass alone, which comes after the keywords."""
    work = Work(folder)
    config = validated(BuildConfig, {**WEB, "seed": seed, "collect": {"clean": "counted before", **limits}})
    numbers = chunked(work, "clean", drafts, size)
    work.write_lines(keywords_file(work), keywords)
    route = Route(work, config)
    run_steps(work, numbers, lambda n: n | Collect(route))
    found = [found for number in numbers for found in route.qualified(number)]
    return verdicts([*(getattr(each, "post", each) for each in found), *work.rejects(["match"])])


def verdicts(found):
    rejects = [each for each in found if isinstance(each, Reject)]
    assert not any(reject.bad for reject in rejects)
    taken = {each.id: each.keywords for each in found if isinstance(each, Post)}
    return taken, {reject.where: (reject.step, reject.reason) for reject in rejects}


@pytest.mark.parametrize("most", [3, 1000])
def test_keywords_are_the_most_frequent_lemmas_of_the_training_sentences(clean, tmp_path, most):
    built(tmp_path, [web("a", "dogs", "snow")], clean, keywords=most)
    assert open_dataset(tmp_path / "data").vocabulary("keywords") == KEYWORDS[:most]


def test_posts_get_the_keywords_that_their_tags_name(clean, tmp_path):
    drafts = [
        web("by its lemma", "#Dogs", "snow"),
        web("common ones first", "cats", "running", "dogs"),
        web("in a tag of several words", "cat on the street", "winter"),
        web("joined", "street_dog", "winter"),
        web("none", "snow", "winter"),
        web("one English tag", "dog", "schnee"),
        web("twice the same tag", "dog", "#dog"),
        web("not of the validation sentences", "horse", "winter"),
        web("several words, one foreign", "schnee dog", "street"),
        web("stop words", "two", "are"),
        web("emoji", "❤", "😀"),
        web("no tag"),
    ]
    taken, dropped = built(tmp_path, drafts, clean)
    assert taken == {
        "by its lemma": ("dog",),
        "common ones first": ("dog", "run", "cat"),
        "in a tag of several words": ("cat", "street"),
        "joined": ("dog", "street"),
    }
    few, unnamed = ("collect", "fewer than 2 English tags"), ("collect", "no tag names a keyword")
    assert dropped == {
        "none": unnamed,
        "one English tag": few,
        "twice the same tag": few,
        "not of the validation sentences": unnamed,
        "several words, one foreign": few,
        "stop words": unnamed,
        "emoji": few,
        "no tag": ("needs", "no tags"),
    }


def test_a_word_that_is_a_keyword_is_no_form_of_another():
    match = Match(["build", "building", "play", "t-shirt"], 0)
    named = {tag: match(web("a", tag)) for tag in ("building", "buildings", "builds", "playing", "t-shirts", "re-play")}
    assert {tag: draft.post.keywords for tag, draft in named.items()} == {
        "building": ("building",),
        "buildings": ("building",),
        "builds": ("build",),
        "playing": ("play",),
        "t-shirts": ("t-shirt",),
        "re-play": ("play",),
    }


def in_drawn_order(drafts, seed):
    return sorted(drafts, key=lambda draft: rank(seed, "collect", draft.post.id))


def by_loop(drafts, seed, per_keyword, per_owner, first_tags):
    """The rules one post after the other, as the paper states them."""
    tags_seen, owners, reasons, left = set(), Counter(), {}, []
    for draft in in_drawn_order(drafts, seed):
        post = draft.post
        key = None if first_tags is None else frozenset(post.tags[:first_tags])
        if key is not None and key in tags_seen:
            reasons[post.id] = "tags"
            continue
        tags_seen.add(key)
        if post.user is not None and per_owner is not None and owners[post.user] == per_owner:
            reasons[post.id] = "owner"
            continue
        owners[post.user] += 1
        left.append(post)
    taken = set()
    for keyword in KEYWORDS:
        brought = [post for post in left if keyword in {tagger.lemmas(tag)[-1] for tag in post.tags}]
        taken |= {post.id for post in brought[:per_keyword]}
    return taken, {**{post.id: "keyword" for post in left if post.id not in taken}, **reasons}


def random_web(rng, count):
    words = ["dogs", "jump", "running", "black", "cats", "street", "snow", "winter", "sky", "sea"]
    drafts = []
    while len(drafts) < count:
        tags = [str(tag) for tag in rng.choice(words, rng.integers(2, 7), replace=False)]
        user = None if rng.random() < 0.2 else f"user {rng.integers(12)}"
        if set(tags) & set(words[:6]):
            drafts.append(web(f"post {len(drafts)}", *tags, user=user))
    return drafts


@pytest.mark.parametrize(
    ("per_keyword", "per_owner", "first_tags"), [(200, 5, 5), (7, 5, 3), (3, None, None), (None, 2, 1), (1, 1, None)]
)
def test_limits(tmp_path, rng, per_keyword, per_owner, first_tags):
    drafts, seed = random_web(rng, 90), int(rng.integers(1000))
    limits = {"per_keyword": per_keyword, "per_owner": per_owner, "first_tags": first_tags}
    taken, dropped = collected(tmp_path, drafts, seed, **limits)
    expected, reasons = by_loop(drafts, seed, **limits)
    assert set(taken) == expected
    words = {
        "tags": f"same first {first_tags} tags as another post",
        "owner": f"beyond {per_owner} posts of one owner",
        "keyword": f"beyond {per_keyword} posts of each of its keywords",
    }
    assert dropped == {name: ("collect", words[reason]) for name, reason in reasons.items()}


def test_a_tie_of_keywords_and_a_keyword_that_is_full(tmp_path):
    # Two keywords bring one post each; the one that both would bring goes on both accounts.
    drafts = [web(f"both {n}", "dog", "cat", f"snow {n}") for n in range(3)] + [web("cat alone", "cat", "snow")]
    for seed in range(3):
        taken, dropped = collected(tmp_path / str(seed), drafts, seed, per_keyword=1)
        first = in_drawn_order(drafts, seed)
        brought = {next(d.post.id for d in first if keyword in d.post.tags) for keyword in ("dog", "cat")}
        assert set(taken) == brought and len(dropped) == 4 - len(brought)


def test_first_tags_are_compared_in_any_order(tmp_path):
    same = [web("a", "#dog", "snow", "cat", "sea"), web("b", "cat", "dog", "snow", "sky")]
    other = [web("c", "dog", "snow", "sea", "cat"), web("d", "cat", "dog")]
    taken, dropped = collected(tmp_path, same + other, first_tags=3)
    (lost,) = dropped
    assert lost in "ab" and set(taken) == {"a", "b", "c", "d"} - {lost}
    taken, dropped = collected(tmp_path / "all", same + other, first_tags=None)
    assert (len(taken), dropped) == (4, {})


def test_posts_without_an_owner_are_not_limited(tmp_path):
    drafts = [web(f"{user} {n}", "dog", f"snow {n}", user=user) for user in (None, "", "u") for n in range(4)]
    taken, _ = collected(tmp_path, drafts, per_owner=1, first_tags=None)
    assert Counter(name.rsplit(" ", 1)[0] for name in taken) == {"None": 4, "": 1, "u": 1}


def test_neither_chunks_nor_the_order_of_posts_change_what_is_taken(tmp_path, rng):
    drafts = random_web(rng, 60)
    limits = {"per_keyword": 4, "per_owner": 3, "first_tags": 3}
    expected = collected(tmp_path / "a", drafts, **limits)
    assert expected[0] and expected[1]
    shuffled = [drafts[place] for place in rng.permutation(len(drafts))]
    assert collected(tmp_path / "b", shuffled, size=60, **limits) == expected
    assert set(collected(tmp_path / "c", drafts, seed=1, **limits)[0]) != set(expected[0])


@pytest.mark.slow
def test_worker_processes_take_the_same_posts(clean, tmp_path, rng):
    drafts, limits = random_web(rng, 60), {"per_keyword": 4, "per_owner": 3, "first_tags": 3}
    expected = built(tmp_path / "a", drafts, clean, **limits)
    assert expected == collected(tmp_path / "c", drafts, **limits)
    assert built(tmp_path / "b", drafts, clean, options=WORKERS, **limits) == expected


def test_inspect_counts_posts_a_keyword(clean, tmp_path, capsys):
    drafts = [web("a", "dogs", "cat"), web("b", "dog", "snow"), web("c", "running", "sea")]
    built(tmp_path, drafts, clean)
    expected = {"dog": 2, "jump": 0, "run": 1, "black": 0, "cat": 1, "street": 0}
    assert inspect(tmp_path / "data").keywords == expected
    shown = capsys.readouterr().out
    assert "keywords of the clean data set: 6, 3 of them with posts" in shown
    assert "most posts: dog (2)" in shown and "least posts: cat (1), run (1), dog (2)" in shown
    inspect(tmp_path / "data", as_json=True, quiet=True)
    assert json.loads(capsys.readouterr().out)["keywords"] == expected
    inspect(clean, as_json=True, quiet=True)
    assert json.loads(capsys.readouterr().out)["keywords"] is None


def test_a_shard_of_the_clean_data_set_that_is_damaged(clean, tmp_path):
    broken = shutil.copytree(clean, tmp_path / "clean")
    shard = sorted(broken.glob("train-*"))[1]
    shard.write_bytes(shard.read_bytes()[:-1] + b"!")
    with pytest.raises(UserError, match=f"{shard.name}: SHA-256 differs"):
        built(tmp_path, [web("a", "dog", "snow")], str(broken))


def test_what_is_no_clean_data_set(tmp_path):
    drafts = [web("a", "dog", "snow")]
    with pytest.raises(UserError, match="^collect.clean: .*absent/dataset.json: no data set here"):
        built(tmp_path / "1", drafts, str(tmp_path / "absent"))
    build_world(tmp_path / "tags", drafts, WEB)
    with pytest.raises(UserError, match="^collect.clean: .*tags/data: no training post has sentences"):
        built(tmp_path / "2", drafts, str(tmp_path / "tags" / "data"))


@pytest.mark.parametrize(
    ("drafts", "reason"),
    [
        ([web("a"), web("b")], r"needs: no tags \(2\)"),
        ([web("a", "schnee", "hund")], r"collect: fewer than 2 English tags \(1\)"),
        ([web("a", "snow", "sea")], r"collect: no tag names a keyword \(1\)"),
    ],
)
def test_nothing_to_collect_is_one_clear_line(clean, tmp_path, drafts, reason):
    with pytest.raises(
        UserError, match=f"no post is left of {len(drafts)}: {reason}. Change `needs`.*`collect`"
    ) as error:
        built(tmp_path, drafts, clean)
    assert "\n" not in str(error.value)
