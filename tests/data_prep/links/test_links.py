"""Links against brute force over all pairs, and by how often each neighbour is drawn."""

import numpy as np
import pytest
from scipy import stats

from data_prep.config import Links
from data_prep.draft import Draft
from data_prep.links.given_links import FilterLinks, link_statistics
from data_prep.links.links import Pools, WritePools, draw_links, pack_pools
from data_prep.split.plan import Plan
from data_prep.work.chunks import Work
from data_prep.work.hashing import rank
from kerasmm.data.post import Post
from tests.data_prep.world import chunked, run_steps

LABELS = ["sea", "city", "forest", "night", "snow"]


def world(rng, count):
    return [
        Draft(
            Post(id=f"pöst {n}", labels=tuple(rng.choice(LABELS[:4], rng.integers(0, 4), replace=False).tolist())),
            split=["train", "train", "train", "validation", "test"][rng.integers(5)],
        )
        for n in range(count)
    ]


def pooled(folder, drafts, pool, seed=0):
    """The pools, as the two passes make them."""
    work = Work(folder)
    numbers = chunked(work, "selected", drafts, 17)
    decided = Plan("published", 0, 0, seed)
    run_steps(work, numbers, lambda n: n | WritePools(work, decided, Links(pool=pool), LABELS, seed))
    pack_pools(work, len(LABELS))
    return Pools.open(folder / "packed")


def numbers_of(draft):
    return [LABELS.index(label) for label in draft.post.labels]


def neighbours(drafts, post):
    """Training posts that share a label, by looking at every pair."""
    return {
        d.post.id for d in drafts if d.split == "train" and d is not post and set(d.post.labels) & set(post.post.labels)
    }


def test_pools_are_the_members_with_the_smallest_hashes(tmp_path, rng, seed):
    drafts = world(rng, 80)
    pools = pooled(tmp_path, drafts, 10, seed)
    for number, label in enumerate(LABELS):
        members = [d for d in drafts if d.split == "train" and label in d.post.labels]
        by_hash = sorted(members, key=lambda d: rank(seed, "pool", d.post.id))[:10]
        found = list(pools.members(number))
        assert pools.posts[number] == len(members)
        assert sorted(map(pools.id_of, found)) == sorted(d.post.id for d in by_hash)
        labels = {d.post.id: numbers_of(d) for d in members}
        assert all(pools.labels_of(member) == labels[pools.id_of(member)] for member in found)


@pytest.mark.parametrize("most", [1, 5, 50])
def test_links_are_training_posts_that_share_a_label(tmp_path, rng, most):
    drafts = world(rng, 120)
    pools = pooled(tmp_path, drafts, 10_000)
    for draft in drafts:
        if draft.split == "train":
            links = draw_links(pools, draft.post.id, numbers_of(draft), most, 3)
            assert set(links) <= neighbours(drafts, draft)
            assert len(set(links)) == len(links) == min(most, len(neighbours(drafts, draft)))
            assert links == draw_links(pools, draft.post.id, numbers_of(draft), most, 3)


def test_eligibility_is_symmetric(tmp_path, rng):
    drafts = [d for d in world(rng, 40) if d.split == "train"]
    pools = pooled(tmp_path, drafts, 10_000)
    links = {d.post.id: set(draw_links(pools, d.post.id, numbers_of(d), 50, 0)) for d in drafts}
    assert all(a in links[b] for a in links for b in links[a])


def direct_pools(posts, pool, seed=0):
    """Pools from plain lists: `posts` maps an id to its label numbers."""
    arrays = {name: [] for name in ("starts", "sizes", "posts")}
    ids, labels, id_ends, label_ends, count = b"", [], [0], [0], 0
    for label in range(1 + max(max(own) for own in posts.values())):
        members = sorted((name for name, own in posts.items() if label in own), key=lambda n: rank(seed, "pool", n))
        for name in ("starts", "sizes", "posts"):
            arrays[name].append({"starts": count, "sizes": min(pool, len(members)), "posts": len(members)}[name])
        for name in members[:pool]:
            ids, labels, count = ids + name.encode(), labels + posts[name], count + 1
            id_ends.append(len(ids))
            label_ends.append(len(labels))
    return Pools(
        *(np.array(arrays[name]) for name in ("starts", "sizes", "posts")),
        np.array(id_ends),
        np.array(label_ends),
        np.frombuffer(ids, "u1"),
        np.array(labels),
    )


def test_every_neighbour_has_the_same_chance(seed):
    # 0 has three labels; its neighbours share one, two or all three with it, and labels differ in size.
    posts = {"me": [0, 1, 2], **{f"a{n}": [0] for n in range(30)}, **{f"b{n}": [1] for n in range(3)}}
    posts |= {f"ab{n}": [0, 1] for n in range(5)} | {f"abc{n}": [0, 1, 2] for n in range(4)} | {"far": [3], "c": [2, 3]}
    eligible = sorted(set(posts) - {"me", "far"})
    pools = direct_pools(posts, 10_000)
    counts = dict.fromkeys(eligible, 0)
    draws = 3000
    for draw in range(draws):
        for link in draw_links(pools, "me", [0, 1, 2], 3, seed + draw):
            counts[link] += 1
    assert sum(counts.values()) == 3 * draws
    # Without replacement the counts vary less than Poisson's, so the test errs on the mild side by 1 - 3/43.
    assert stats.chisquare(list(counts.values())).pvalue > 1e-4, counts


def test_a_cut_pool_does_not_favour_small_labels(seed):
    # 400 posts of a large label are stood for by 40; 20 of a small one are all there.
    posts = {"me": [0, 1], **{f"large{n}": [0] for n in range(400)}, **{f"small{n}": [1] for n in range(20)}}
    from_small = total = 0
    for world in range(10):
        pools = direct_pools(posts, 40, seed=world)
        for draw in range(40):
            links = draw_links(pools, "me", [0, 1], 2, seed + 40 * world + draw)
            from_small += sum(link.startswith("small") for link in links)
            total += len(links)
    # 20 of 420 posts: p = 0.0476; by the size of the pools it would be a third.
    assert stats.binomtest(from_small, total, 20 / 420).pvalue > 1e-4


def test_crowded_labels_cost_no_more_than_their_draws(tmp_path):
    # Ten labels that 3,000 posts all have: 4.5 million pairs, and acceptance only one in ten.
    posts = {f"p{n}": list(range(10)) for n in range(3000)}
    pools = direct_pools(posts, 500)
    looked_at = []
    original = Pools.labels_of
    try:
        Pools.labels_of = lambda self, member: looked_at.append(member) or original(self, member)
        links = draw_links(pools, "p0", list(range(10)), 50, 0)
    finally:
        Pools.labels_of = original
    assert len(set(links)) == 50
    assert len(looked_at) <= 20 * 50


def test_posts_without_labels_or_company_have_no_links(tmp_path):
    pools = direct_pools({"alone": [0], "a": [1], "b": [1]}, 10)
    assert draw_links(pools, "alone", [0], 50, 0) == []
    assert draw_links(pools, "nobody", [], 50, 0) == []
    assert draw_links(pools, "a", [1], 50, 0) == ["b"]


def test_given_links_stay_between_training_posts(tmp_path, rng):
    names = [f"post {n}" for n in range(50)]
    drafts = [
        Draft(
            Post(id=name, links=tuple(rng.choice([*names, "stranger"], rng.integers(0, 9)).tolist())),
            split=["train", "train", "test"][rng.integers(3)],
        )
        for name in names
    ]
    work = Work(tmp_path)
    numbers = chunked(work, "selected", drafts, 11)
    run_steps(work, numbers, lambda n: n | FilterLinks(work, Plan("published", 0, 0, 0)))
    split = {draft.post.id: draft.split for draft in drafts}
    wanted = [
        split.get(link, "nowhere")
        for draft in drafts
        for link in set(draft.post.links) - {draft.post.id}
        if draft.split == "train"
    ]
    assert link_statistics(work, numbers) == {
        "links/given": len(wanted),
        "links/to_other_splits": wanted.count("test"),
        "links/to_no_post": wanted.count("nowhere"),
    }
    for number in numbers:
        note = work.note("links", number, {})
        for index, draft in enumerate(work.drafts("selected", number)):
            kept = [draft.post.links[place] for place in note.get(str(index), [])]
            training = [link for link in draft.post.links if split.get(link) == "train" and link != draft.post.id]
            assert kept == (list(dict.fromkeys(training)) if draft.split == "train" else [])
