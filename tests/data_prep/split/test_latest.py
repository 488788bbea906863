"""Splits of each user's posts by time, the last ones shared at random: against a slow loop over section 4.1's words."""

from collections import Counter, defaultdict

import pytest

from data_prep.config import BuildConfig, Split
from data_prep.draft import Draft
from data_prep.split.plan import held_out_place
from kerasmm.console import UserError
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.split.test_split import split_of

PAPER = Split(method="latest", test=0.1, validation=0.2)


def posts_of(rng, users=12):
    """Users of 1 to 60 posts, some of these at one time, some at none, in no order."""
    times = [None, -3_345_000_000, 0, 1, 2, 3, 4_102_444_800, 1 << 62]
    drafts = []
    for user in range(users):
        for number in range(int(rng.integers(1, 61))):
            time = times[rng.integers(8)] if rng.random() < 0.5 else int(rng.integers(1 << 31))
            drafts.append(Draft(Post(id=f"{user}:{number}", user=f"u{user}", time=time)))
    return [drafts[place] for place in rng.permutation(len(drafts))]


def test_the_first_nine_tenths_of_each_user_train_and_the_rest_is_shared_one_to_four(tmp_path, rng, seed):
    drafts = posts_of(rng)
    found = split_of(tmp_path, drafts, PAPER, seed)
    own = defaultdict(list)
    for draft in drafts:
        own[draft.post.user].append(draft)
    held_out = []
    for posts in own.values():
        last = int(0.1 * len(posts) + 0.5)  # less than half a post is none
        training = [d for d in posts if found[d.post.id] == "train"]
        others = [d for d in posts if found[d.post.id] != "train"]
        assert len(others) == last < len(posts)
        held_out += others

        def when(draft):
            return float("-inf") if draft.post.time is None else draft.post.time

        assert all(when(earlier) <= when(later) for earlier in training for later in others)
    sizes = Counter(found.values())
    assert sizes["validation"] == int(0.2 * len(held_out) + 0.5)
    assert sizes["test"] == len(held_out) - sizes["validation"]
    ranked = sorted(held_out, key=lambda draft: held_out_place(draft, seed))
    assert {d.post.id for d in ranked[: sizes["validation"]]} == {name for name in found if found[name] == "validation"}


def test_chunks_and_their_order_do_not_matter(tmp_path, rng):
    drafts = posts_of(rng)
    assert split_of(tmp_path / "a", drafts, PAPER) == split_of(tmp_path / "b", drafts[::-1], PAPER, size=5)


def test_a_user_of_one_post_trains_on_it_and_nothing_may_be_held_out(tmp_path):
    drafts = [Draft(Post(id=str(n), user=f"u{n}", time=n)) for n in range(20)]
    assert set(split_of(tmp_path, drafts, PAPER).values()) == {"train"}


def test_posts_without_a_time_are_the_earliest_even_before_1864(tmp_path):
    days = {"old": -3_345_000_000, "none": None, "other": None, "future": 1 << 62}
    drafts = [Draft(Post(id=name, user="ann", time=time)) for name, time in days.items()]
    half = Split(method="latest", test=0.5, validation=0)
    assert split_of(tmp_path, drafts, half) == {"old": "test", "none": "train", "other": "train", "future": "test"}


def test_ties_are_drawn_anew_by_the_seed(tmp_path):
    drafts = [Draft(Post(id=str(n), user="ann", time=7)) for n in range(40)]
    last = [
        frozenset(name for name, split in split_of(tmp_path / str(s), drafts, PAPER, s).items() if split != "train")
        for s in (0, 1)
    ]
    assert [len(names) for names in last] == [4, 4] and last[0] != last[1]


def test_held_out_posts_of_a_group_that_training_never_saw_stand_apart_from_the_test(tmp_path):
    # Ann's last two of twenty are on a film of her own, and on one that Bob trains on.
    ann = [Draft(Post(id=f"a{n}", user="ann", time=n), group="new" if n == 19 else "known") for n in range(20)]
    config = Split(method="latest", test=0.1, validation=0)
    found = split_of(tmp_path, [*ann, Draft(Post(id="b", user="bob", time=0), group="known")], config)
    assert (found["a18"], found["a19"], found["b"]) == ("test", "test_unseen", "train")


def test_numbers_of_posts_are_no_shares():
    with pytest.raises(UserError, match="`validation` is a share of the posts that are held out, not 7"):
        validated(BuildConfig, {"split": {"method": "latest", "validation": 7}})
