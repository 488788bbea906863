"""Splits: exact, reproducible, whole groups; by time against a slow loop."""

from collections import Counter

import numpy as np
import pytest

from data_prep.config import Split
from data_prep.draft import Draft
from data_prep.split.plan import assigned, place, plan
from data_prep.split.random_split import cut_at
from data_prep.split.split import SplitPosts
from data_prep.split.time_split import by_time
from data_prep.work.chunks import Work
from kerasmm.console import UserError
from kerasmm.data.post import Post
from tests.data_prep.world import chunked, run_steps


def split_of(folder, drafts, config, seed=0, size=13):
    """Runs the pass; the split of each draft by id."""
    work = Work(folder)
    numbers = chunked(work, "selected", drafts, size)
    decided = plan(config, len(drafts), Counter(draft.split or "" for draft in drafts), seed)
    run_steps(work, numbers, lambda n: n | SplitPosts(work, decided))
    return {draft.post.id: split for number in numbers for draft, split in assigned(work, decided, number)}


def loose(count):
    return [Draft(Post(id=f"post {number}")) for number in range(count)]


@pytest.mark.parametrize(
    ("posts", "config", "sizes"),
    [
        # 4:1, and a tenth of training carved out; by hand, halves rounded up.
        (137, Split(), {"train": 99, "validation": 11, "test": 27}),
        (10, Split(), {"train": 7, "validation": 1, "test": 2}),
        (1, Split(), {"train": 1}),
        (40, Split(test=0.0, validation=0.0), {"train": 40}),
        (40, Split(test=0.5, validation=7), {"train": 13, "validation": 7, "test": 20}),
        (40, Split(method="counts", counts={"test": 11, "validation": 3}), {"train": 26, "validation": 3, "test": 11}),
        (40, Split(method="counts", counts={"test": 11}), {"train": 29, "test": 11}),
    ],
)
def test_random_splits_are_exact(tmp_path, posts, config, sizes):
    found = split_of(tmp_path, loose(posts), config)
    assert Counter(found.values()) == sizes


def test_the_split_is_the_sorted_ranking_cut_in_three(tmp_path, seed):
    drafts = loose(150)
    found = split_of(tmp_path, drafts, Split(), seed)
    ranked = sorted(drafts, key=lambda draft: place(draft, seed))
    expected = ["test"] * 30 + ["validation"] * 12 + ["train"] * 108
    assert [found[draft.post.id] for draft in ranked] == expected


def test_seeds_differ_and_chunks_do_not_matter(tmp_path):
    drafts = loose(100)
    first = split_of(tmp_path / "a", drafts, Split(), 1)
    assert first == split_of(tmp_path / "b", drafts[::-1], Split(), 1, size=7)
    other = split_of(tmp_path / "c", drafts, Split(), 2)
    # Two independent splits of 4:1 agree on about 0.8² + 0.2² = 68 of 100.
    assert 45 < sum((first[name] == "test") == (other[name] == "test") for name in first) < 90


def test_groups_stay_together_and_sizes_stay_near(tmp_path, rng):
    sizes = rng.integers(1, 9, 60)
    drafts = [Draft(Post(id=f"{g}/{n}"), group=f"film {g}") for g, size in enumerate(sizes) for n in range(size)]
    found = split_of(tmp_path, drafts, Split(), int(rng.integers(1000)))
    for group in range(60):
        assert len({split for name, split in found.items() if name.startswith(f"{group}/")}) == 1
    # A cut misses its target by at most half of the group that it meets.
    assert abs(Counter(found.values())["test"] - 0.2 * len(drafts)) <= 4.5


def test_a_group_and_a_post_of_the_same_name_are_not_the_same():
    assert place(Draft(Post(id="7")), 0) != place(Draft(Post(id="8"), group="7"), 0)
    assert place(Draft(Post(id="8"), group="7"), 0) == place(Draft(Post(id="9"), group="7"), 0)


def test_a_cut_is_the_nearest_that_whole_groups_allow(rng):
    for _ in range(300):
        sizes = [(int(p), int(n)) for p, n in zip(rng.permutation(1000)[:6], rng.integers(1, 9, 6), strict=True)]
        before = int(rng.integers(20))
        target = before + int(rng.integers(1, sum(n for _, n in sizes) + 1))
        cut = cut_at(target, before, sizes)
        below = before + sum(n for p, n in sizes if p < cut)
        every = [before + sum(n for p, n in sizes if p < c) for c in range(1001)]
        assert abs(below - target) == min(abs(total - target) for total in every)


def test_published_splits_are_kept_and_validation_is_carved_out_of_training(tmp_path):
    drafts = [Draft(Post(id=str(n)), split="test" if n % 3 == 0 else "train") for n in range(60)]
    found = split_of(tmp_path / "a", drafts, Split(method="published"))
    assert Counter(found.values()) == {"test": 20, "train": 36, "validation": 4}
    assert all((found[d.post.id] == "test") == (d.split == "test") for d in drafts)
    with_validation = [Draft(Post(id=str(n)), split=("train", "validation", "test")[n % 3]) for n in range(30)]
    kept = split_of(tmp_path / "b", with_validation, Split(method="published"))
    assert kept == {d.post.id: d.split for d in with_validation}
    with pytest.raises(UserError, match="split.method"):
        split_of(tmp_path / "c", [Draft(Post(id="1"), split="test")], Split(method="published"))


def test_too_much_for_others(tmp_path):
    with pytest.raises(UserError, match="8 test and 2 validation posts of 10 leave none for training"):
        plan(Split(method="counts", counts={"test": 8, "validation": 2}), 10, {}, 0)
    with pytest.raises(UserError, match="0 test and 6 validation posts of 6 leave none for training"):
        plan(Split(method="published", validation=6), 10, {"train": 6, "test": 4}, 0)


def acts(rng, users=15, films=25):
    """Users that tag films at times of their own; some acts at the same second."""
    drafts = []
    for user in range(users):
        chosen = rng.choice(films, rng.integers(1, 14), replace=False)
        for film in chosen:
            post = Post(id=f"{user}:{film}", user=f"u{user}", time=int(rng.integers(40)))
            drafts.append(Draft(post, group=None if film == 0 else f"film {film}"))
    return [drafts[n] for n in rng.permutation(len(drafts))]


def test_by_time_the_last_acts_of_each_user_are_test(tmp_path, rng):
    drafts = acts(rng)
    found = split_of(tmp_path, drafts, Split(method="time"))
    splits = {}
    for user in {d.post.user for d in drafts}:
        own = [d for d in drafts if d.post.user == user]
        last = int(0.2 * len(own) + 0.5)
        middle = int(0.1 * (len(own) - last) + 0.5)
        if last == len(own):
            last -= 1
        sizes = Counter({"train": len(own) - last - middle, "validation": middle, "test": last})
        grouped = Counter("test" if found[d.post.id] == "test_unseen" else found[d.post.id] for d in own)
        assert +grouped == +sizes, user
        order = ["train", "validation", "test"]
        for a in own:
            for b in own:
                if a.post.time < b.post.time:
                    places = [order.index(found[d.post.id].removesuffix("_unseen")) for d in (a, b)]
                    assert places[0] <= places[1]
        splits[user] = sizes
    trained = {d.group for d in drafts if found[d.post.id] == "train"}
    for draft in drafts:
        if found[draft.post.id].startswith("test"):
            unseen = draft.group is not None and draft.group not in trained
            assert found[draft.post.id] == ("test_unseen" if unseen else "test")
    assert sum(size["test"] for size in splits.values()) > 0


def test_the_oldest_act_is_always_for_training():
    # 0.2 of 3 is 0.6 and rounds to 1; a tenth of the 2 left rounds to 0.
    assert by_time(1, 0.2, 0.1) == ["train"]
    assert by_time(3, 0.2, 0.1) == ["train", "train", "test"]
    assert by_time(10, 0.2, 0.1) == ["train"] * 7 + ["validation"] + ["test"] * 2
    assert by_time(1, 0.9, 0.9) == ["train"]
    assert by_time(2, 0.9, 0.9) == ["train", "test"]
    assert all(
        by_time(n, t, v)[0] == "train" for n in range(1, 9) for t in np.linspace(0, 0.99, 9) for v in (0, 0.5, 0.9)
    )


def test_counts_leave_out_what_is_beyond(tmp_path, seed):
    drafts = loose(60)
    counts = {"train": 20, "test": 15, "validation": 4}
    found = split_of(tmp_path, drafts, Split(method="counts", counts=counts), seed)
    ranked = sorted(drafts, key=lambda draft: place(draft, seed))
    expected = ["test"] * 15 + ["validation"] * 4 + ["train"] * 16 + ["left out"] * 25
    assert [found[draft.post.id] for draft in ranked] == expected


def test_counts_can_take_every_post(tmp_path):
    found = split_of(tmp_path, loose(35), Split(method="counts", counts={"train": 20, "test": 15}))
    assert Counter(found.values()) == {"train": 20, "test": 15}


def test_fewer_posts_than_counted(tmp_path):
    wanted = "20 training and 15 test posts are wanted and 34 are there; take shares instead with `--split random`"
    with pytest.raises(UserError, match=wanted):
        plan(Split(method="counts", counts={"train": 20, "test": 15}), 34, {}, 0)
    with pytest.raises(UserError, match="15 test and 20 validation posts of 35 leave none for training"):
        plan(Split(method="counts", counts={"train": 20, "test": 15, "validation": 20}), 99, {}, 0)
