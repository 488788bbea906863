"""Near duplicates against a slow loop over all pairs of random texts."""

import json
from collections import Counter

import numpy as np
import pytest

from data_prep.config import BuildConfig
from data_prep.draft import Draft
from data_prep.near_duplicates import near_duplicates
from data_prep.near_duplicates.connected import Groups
from data_prep.near_duplicates.copies import SAME_TEXT, SHARED
from data_prep.near_duplicates.near_duplicates import NEARLY_SAME_TEXT, comparisons, settle
from data_prep.route import Route
from data_prep.work.chunks import Work
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import build_world, chunked, run_steps

UNPICTURED = {"image": {"required": False}, "needs": ["text"], "split": {"test": 0.0, "validation": 0.0}}


def tweet(name, text, time=None, user=None):
    return Draft(Post(id=str(name), text=text, time=time, user=user or str(name)))


def compared(folder, drafts, size=7, **prune):
    """The texts that stay, by id, and why the others go, by the pass alone."""
    work, config = Work(folder), validated(BuildConfig, {**UNPICTURED, "prune": prune})
    numbers = chunked(work, "clean", drafts, size)
    route = Route(work, config)
    for step in comparisons(route, len(drafts)):
        run_steps(work, numbers, lambda n, step=step: n | step)
    settle(work, numbers)
    found = [each for number in numbers for each in route.candidates(number)]
    kept = {each.post.id: each.post.text for each in found if isinstance(each, Draft)}
    gone = [each for each in found if not isinstance(each, Draft)]
    assert all((each.step, each.bad) == ("prune", False) for each in gone)
    return kept, {each.where: each.reason for each in gone}


def kept_by_loop(drafts, threshold):
    """Ids that stay: of each group connected by pairs that are alike, the earliest."""
    texts = {draft.post.id: set(draft.post.text.split()) for draft in drafts}
    place = {draft.post.id: (draft.post.time, number) for number, draft in enumerate(drafts)}
    group = {name: {name} for name in texts}
    for one in texts:
        for other in texts:
            union = texts[one] | texts[other]
            if union and len(texts[one] & texts[other]) / len(union) >= threshold and group[one] is not group[other]:
                group[one] |= group[other]
                for name in group[one]:
                    group[name] = group[one]
    return {min(names, key=place.__getitem__) for names in group.values()}


def random_tweets(rng, count, changes=2):
    """Texts of which many are another one with a few words changed, added or left out."""
    texts = []
    for _ in range(count):
        if texts and rng.random() < 0.6:
            words = list(texts[rng.integers(len(texts))])
            for _ in range(rng.integers(changes + 1)):
                words[rng.integers(len(words))] = f"w{rng.integers(3000)}"
        else:
            words = [f"w{word}" for word in rng.integers(0, 3000, rng.integers(3, 20))]
        texts.append(words)
    return [tweet(n, " ".join(words), time=int(rng.integers(50))) for n, words in enumerate(texts)]


@pytest.mark.parametrize("threshold", [0.5, 0.8, 1.0])
def test_the_earliest_of_each_group_stays(tmp_path, rng, threshold):
    drafts = random_tweets(rng, 150)
    kept, gone = compared(tmp_path, drafts, near_duplicates=threshold)
    expected = kept_by_loop(drafts, threshold)
    # One pair in a hundred at the threshold may not meet, and then a group falls apart.
    assert expected <= set(kept)
    assert len(set(kept) - expected) <= 3
    assert set(kept) | set(gone) == {draft.post.id for draft in drafts}
    assert set(gone.values()) <= {SAME_TEXT, NEARLY_SAME_TEXT}
    assert len(expected) < len(drafts)


def test_neither_chunks_nor_the_order_of_posts_change_what_stays(tmp_path, rng):
    drafts = random_tweets(rng, 60)
    # Times of their own, so that the place in the input decides nothing.
    drafts = [draft.with_post(time=number) for number, draft in enumerate(drafts)]
    expected = compared(tmp_path / "a", drafts, near_duplicates=0.7)
    shuffled = [drafts[place] for place in rng.permutation(len(drafts))]
    assert compared(tmp_path / "b", shuffled, size=60, near_duplicates=0.7) == expected


def test_several_passes_find_what_one_finds(tmp_path, rng, monkeypatch):
    drafts = random_tweets(rng, 60)
    expected = compared(tmp_path / "a", drafts, near_duplicates=0.7)
    for keys in (1, 60 * 5):
        monkeypatch.setattr(near_duplicates, "_KEYS_A_PASS", keys)
        assert compared(tmp_path / str(keys), drafts, near_duplicates=0.7) == expected


def test_a_chain_is_one_group(tmp_path):
    # Neighbours share 9 of 11 words (0.82), the ends 7 of 13 (0.54).
    words = [f"w{n}" for n in range(13)]
    drafts = [tweet(n, " ".join(words[n : n + 10]), time=10 - n) for n in range(4)]
    kept, gone = compared(tmp_path, drafts, near_duplicates=0.8)
    assert set(kept) == {"3"} and set(gone.values()) == {NEARLY_SAME_TEXT}


def test_links_mentions_punctuation_and_order_of_posts(tmp_path):
    drafts = [
        tweet("a", "snow in the city! http://t.co/1 @bob"),
        tweet("b", "snow, in the #city http://t.co/2"),
        tweet("c", "rt @ann: snow in the city"),
        tweet("d", "snow in the town"),
        tweet("only a link", "http://t.co/1"),
        tweet("only another link", "http://t.co/2"),
        tweet("time", "it’s late", time=5),
        tweet("earlier", "it's late", time=4),
    ]
    kept, gone = compared(tmp_path, drafts, near_duplicates=1.0)
    assert set(kept) == {"a", "d", "only a link", "only another link", "earlier"}
    assert gone == {"b": SAME_TEXT, "c": SAME_TEXT, "time": SAME_TEXT}
    assert compared(tmp_path / "off", drafts, fold_retweets=False)[1] == {}


LONG = "the quick brown fox jumps over the lazy dog and then it jumps over the lazy cat which is as quick as the dog is"


def test_shared_posts_fold_into_the_original(tmp_path):
    drafts = [
        tweet("first share", "rt @ann: snow in the city", time=1),
        tweet("original", "snow in the city", time=9),
        tweet("share of a share", "rt @bob: rt @ann: snow in the city", time=2),
        tweet("cut", f"rt @ann: {LONG[:97]} jum..."),
        tweet("whole", LONG + " http://t.co/x"),
        tweet("cut in the link", f"rt @ann: {LONG} htt..."),
        tweet("orphan", "rt @ann: nobody else says so", time=3),
        tweet("second orphan", "RT @eve: nobody else says so!", time=4),
        tweet("rt", "rt if you like snow @ann"),
        tweet("same but not shared", "snow in the city", time=10),
        tweet("nothing", "rt @ann: "),
    ]
    kept, gone = compared(tmp_path, drafts, fold_retweets=True)
    assert gone == dict.fromkeys(["first share", "share of a share", "cut", "cut in the link", "second orphan"], SHARED)
    assert kept["orphan"] == "nobody else says so"
    assert kept["nothing"] is None
    assert kept["rt"] == "rt if you like snow @ann"
    # Step 3 must not take the original for what its own share is like.
    kept, gone = compared(tmp_path / "near", drafts, fold_retweets=True, near_duplicates=0.5)
    assert {"original", "whole", "orphan"} <= set(kept)
    assert gone["same but not shared"] == SAME_TEXT and gone["cut"] == SHARED


def test_a_short_shared_post_that_ends_in_dots_is_no_cut_one(tmp_path):
    drafts = [tweet("a", "rt @ann: one two three four five six..."), tweet("b", "one two three four five six seven")]
    assert compared(tmp_path, drafts, fold_retweets=True)[1] == {}


def test_texts_of_5000_characters(tmp_path, rng):
    words = [f"word{n}" for n in rng.integers(0, 10_000, 700)]
    other = [*words[:5], "another", *words[6:]]
    drafts = [tweet("a", " ".join(words)), tweet("b", " ".join(other)), tweet("c", " ".join(reversed(words)))]
    assert sum(map(len, words)) + 700 >= 5000
    kept, gone = compared(tmp_path, drafts, near_duplicates=0.8)
    assert gone == {"b": NEARLY_SAME_TEXT} and set(kept) == {"a", "c"}


def test_a_dropped_post_drops_no_other(tmp_path):
    # `b` goes for its tags' sake; it must not take its near duplicate along.
    drafts = [
        Draft(Post(id="a", text="one two three four five six", tags=("t",), time=2)),
        Draft(Post(id="b", text="one two three four five six", time=1)),
    ]
    config = {**UNPICTURED, "needs": ["text", "tags"], "prune": {"near_duplicates": 0.8}}
    manifest = build_world(tmp_path, drafts, config)
    assert [post.id for post in open_dataset(tmp_path / "data").posts("train")] == ["a"]
    assert manifest.dropped == {"needs": {"no tags": 1}}


def test_a_whole_build_counts_and_lists_each_reason(tmp_path):
    drafts = [
        tweet("a", "Snow in the big City tonight", time=1),
        tweet("b", "Snow, in the big #city tonight", time=2),
        tweet("c", "snow in the big city today", time=3),
        tweet("d", "RT @Ann: Snow in the big city tonight", time=0),
        tweet("e", "RT @Ann: Something else", time=0),
    ]
    config = {**UNPICTURED, "shard_records": 2, "prune": {"near_duplicates": 0.7, "fold_retweets": True}}
    manifest = build_world(tmp_path, drafts, config)
    posts = {post.id: post.text for post in open_dataset(tmp_path / "data").posts("train")}
    # "c" shares 5 of 7 words with "a".
    assert posts == {"a": "snow in the big city tonight", "e": "something else"}
    assert manifest.dropped == {"prune": {SAME_TEXT: 1, NEARLY_SAME_TEXT: 1, SHARED: 1}}
    rejects = map(json.loads, (tmp_path / "data" / "rejects.jsonl").read_text().splitlines())
    assert {reject["where"]: reject["reason"] for reject in rejects} == {
        "b": SAME_TEXT,
        "c": NEARLY_SAME_TEXT,
        "d": SHARED,
    }


def test_groups_against_a_loop(rng):
    pairs = [tuple((0, 0, 0, int(n)) for n in rng.integers(0, 40, 2)) for _ in range(30)]
    groups = Groups()
    for one, other in pairs:
        groups.join(one, other)
    first = {(0, 0, 0, n): (0, 0, 0, n) for n in range(40)}
    for _ in range(40):
        for one, other in pairs:
            first[one] = first[other] = min(first[one], first[other])
    assert {node: groups.first(node) for node in first} == first
    assert Counter(groups.later()) == Counter(node for node in first if first[node] != node)


@pytest.mark.slow
def test_worker_processes_drop_the_same_posts(tmp_path):
    drafts = random_tweets(np.random.default_rng(0), 60)
    config = {**UNPICTURED, "shard_records": 10, "prune": {"near_duplicates": 0.8, "fold_retweets": True}}
    workers = ["--direct_running_mode=multi_processing", "--direct_num_workers=2"]
    build_world(tmp_path / "one", drafts, config)
    build_world(tmp_path / "two", drafts, config, beam_options=workers)
    for name in ("one", "two"):
        assert (tmp_path / name / "data" / "rejects.jsonl").stat().st_size
    rejects = [(tmp_path / name / "data" / "rejects.jsonl").read_bytes() for name in ("one", "two")]
    assert rejects[0] == rejects[1]
