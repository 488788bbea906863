"""Links: training posts that share a label, at most 50 a post, drawn evenly from all that do.

Pairs that share a label are quadratic in the posts, so nobody lists them. A label is stood for by a pool of at most
`pool` of its training posts, those with the smallest hashes. A post draws a label in proportion to the label's posts,
then a member of its pool, and accepts it with probability 1 / (number of labels that the two share): a post that can
be reached through several labels is not drawn more often than one reached through a single label (Karp and Luby,
1983). Where the pools of a post hold few members they are listed instead, and the links are a plain sample of them.
"""

from __future__ import annotations

import dataclasses
import json
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path

import apache_beam as beam
import numpy as np

from data_prep.config import Links
from data_prep.split.plan import TRAIN, Plan, assigned
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import rank

PACKED = "packed"
"""Folder of the packed pools, in the work folder."""

_BUCKETS = 64
_NUMBERS = ("starts", "sizes", "posts", "id_ends", "label_ends")
_TRIES = 20
"""Draws per wanted link before the pools are listed instead."""

Member = tuple[int, str, list[int]]
"""Hash, id and label numbers of a training post."""


class WritePools(beam.PTransform):
    """Numbers of selected chunks → `pools/NNNNN.jsonl`, one label a line: number, posts, members.

    Args:
        work: The work folder.
        plan: The split.
        links: How many members a pool has.
        labels: The label vocabulary, whose order gives the label numbers.
        seed: Decides which members.
    """

    def __init__(self, work: Work, plan: Plan, links: Links, labels: list[str], seed: int) -> None:
        super().__init__()
        self._work, self._plan, self._links, self._labels, self._seed = work, plan, links, labels, seed

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        members = numbers | beam.FlatMap(_members, self._work, self._plan, self._labels, self._seed)
        counts = members | beam.combiners.Count.PerKey()
        smallest = members | beam.combiners.Top.SmallestPerKey(self._links.pool)
        pools = {"posts": counts, "members": smallest} | beam.CoGroupByKey()
        by_bucket = pools | beam.MapTuple(_bucketed) | "by file" >> beam.GroupByKey()
        return by_bucket | beam.Map(_write_pools, self._work)


def _members(number: int, work: Work, plan: Plan, labels: list[str], seed: int) -> Iterator[tuple[int, Member]]:
    numbers = {label: place for place, label in enumerate(labels)}
    with Ticker(work, "links", number) as tick:
        for draft, split in assigned(work, plan, number):
            tick()
            if split == TRAIN:
                own = [numbers[label] for label in draft.post.labels]
                for label in own:
                    yield label, (rank(seed, "pool", draft.post.id), draft.post.id, own)


def _bucketed(label: int, pool: dict[str, list[object]]) -> tuple[int, tuple[int, object, object]]:
    return label % _BUCKETS, (label, pool["posts"][0], pool["members"][0])


def _write_pools(bucket: tuple[int, Iterable[tuple[int, int, list[Member]]]], work: Work) -> None:
    pools = sorted(bucket[1], key=lambda pool: pool[0])
    work.write_lines(work.path("pools", bucket[0]), map(json.dumps, pools))


def pack_pools(work: Work, labels: int) -> None:
    """Packs the pools into flat arrays that workers map into memory: 64 files of lines become 5 of numbers."""
    starts, sizes, posts = np.zeros(labels, "<i8"), np.zeros(labels, "<i8"), np.zeros(labels, "<i8")
    id_ends, label_ends, count, id_end, label_end = array("q", [0]), array("q", [0]), 0, 0, 0
    folder = work.folder / PACKED
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "ids").open("wb") as ids, (folder / "labels").open("wb") as numbers:
        for bucket in range(_BUCKETS):
            for label, of_label, members in map(json.loads, work.lines(work.path("pools", bucket))):
                starts[label], sizes[label], posts[label] = count, len(members), of_label
                for _, post_id, own in members:
                    ids.write(post_id.encode())
                    array("i", own).tofile(numbers)
                    id_end, label_end, count = id_end + len(post_id.encode()), label_end + len(own), count + 1
                    id_ends.append(id_end)
                    label_ends.append(label_end)
    for name, values in zip(_NUMBERS, (starts, sizes, posts, id_ends, label_ends), strict=True):
        np.save(folder / f"{name}.npy", np.asarray(values, "<i8"))


@dataclasses.dataclass(frozen=True)
class Pools:
    """Packed pools, mapped into memory; see `pack_pools`."""

    starts: np.ndarray
    sizes: np.ndarray
    posts: np.ndarray
    id_ends: np.ndarray
    label_ends: np.ndarray
    ids: np.ndarray
    labels: np.ndarray

    @classmethod
    def open(cls, folder: Path) -> Pools:
        """Maps the files that `pack_pools` wrote."""
        arrays = {name: np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r")) for name in _NUMBERS}
        return cls(**arrays, ids=_mapped(folder / "ids", "u1"), labels=_mapped(folder / "labels", "<i4"))

    def members(self, label: int) -> range:
        """Those who stand for a label."""
        return range(self.starts[label], self.starts[label] + self.sizes[label])

    def id_of(self, member: int) -> str:
        """The id of a pool member."""
        return self.ids[self.id_ends[member] : self.id_ends[member + 1]].tobytes().decode()

    def labels_of(self, member: int) -> list[int]:
        """The label numbers of a pool member."""
        return self.labels[self.label_ends[member] : self.label_ends[member + 1]].tolist()


def _mapped(path: Path, kind: str) -> np.ndarray:
    # An empty file can't be mapped; and a plain array slices faster than a `memmap`.
    return np.asarray(np.memmap(path, kind, "r")) if path.stat().st_size else np.zeros(0, kind)


def draw_links(pools: Pools, post_id: str, own: list[int], most: int, seed: int) -> list[str]:
    """At most `most` distinct posts that share a label with the post, each with the same chance.

    Args:
        pools: The pools of all labels.
        post_id: The post, which never links to itself.
        own: Its label numbers.
        most: How many links.
        seed: Decides the draw, with the post's id.

    Returns:
        Ids, as many as there are up to `most`.
    """
    own = [label for label in own if pools.sizes[label]]
    if not own:
        return []
    generator = np.random.default_rng([seed, rank(seed, "links", post_id)])
    found: dict[str, None] = {}
    if pools.sizes[own].sum() > 4 * most:
        for _ in range(_TRIES):
            for link in _accepted(pools, own, most, generator):
                if link != post_id:
                    found[link] = None
                if len(found) == most:
                    return list(found)
    candidates = sorted({pools.id_of(member) for label in own for member in pools.members(label)} - {post_id})
    if not candidates:
        return []
    chosen = generator.choice(len(candidates), min(most, len(candidates)), replace=False)
    return [candidates[place] for place in chosen.tolist()]


def _accepted(pools: Pools, own: list[int], draws: int, generator: np.random.Generator) -> Iterator[str]:
    posts = pools.posts[own].astype("float64")
    labels = np.asarray(own)[generator.choice(len(own), draws, p=posts / posts.sum())]
    members = pools.starts[labels] + (generator.random(draws) * pools.sizes[labels]).astype("int64")
    accept, mine = generator.random(draws), set(own)
    for member, threshold in zip(members.tolist(), accept.tolist(), strict=True):
        if threshold * len(mine.intersection(pools.labels_of(member))) < 1:
            yield pools.id_of(member)
