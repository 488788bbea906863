"""Collection: web posts to go with a clean data set, as a search by its keywords would bring them.

webly, section 4.1: "use this list of keywords to query Flickr and retrieve around 200 images per query", "at least two
English tags", "not more than 5 images from a single owner", "first 5 tags to remove duplicate images". Here:

    match (English, keyword) → one post of the same first tags → N posts an owner → N posts a keyword

Each keyword brings the N matching posts that stand first in an order drawn from the seed; a post that any of its
keywords brings is taken. Which they are doesn't depend on the number of workers, and no keyword, owner or set of tags
needs its posts in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.collect.keywords import read_keywords
from data_prep.collect.match import Match
from data_prep.draft import Draft, Reject
from data_prep.route import MATCHED, TAKEN, Route
from data_prep.words import bare
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import fingerprint, rank

Place = tuple[int, int, int]
"""Rank of a post in the drawn order, its chunk, its index among the matched posts of the chunk."""

Entry = tuple[Place, bytes, bytes, tuple[int, ...]]
"""Place, hash of the first tags, hash of the owner, numbers of the keywords."""

_FIRST_TAGS, _OWNER = 1, 2


class Collect(beam.PTransform):
    """Numbers of chunks → matched chunks, and verdicts: `collected/NNNNN.json` says of each post why it is dropped.

    Args:
        route: Where the candidates are; its work folder holds the keywords.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        limits = self._route.config.collect
        kept = numbers | "match" >> beam.FlatMap(_match, self._route)
        dropped = []
        for name, field, most, reason in (
            (
                "first tags",
                _FIRST_TAGS,
                limits.first_tags and 1,
                f"same first {limits.first_tags} tags as another post",
            ),
            ("owner", _OWNER, limits.per_owner, f"beyond {limits.per_owner} posts of one owner"),
        ):
            if most is not None:
                keyed = kept | f"by {name}" >> beam.Map(_keyed, field) | f"same {name}" >> beam.GroupByKey()
                done = keyed | name >> beam.FlatMap(_first, most, reason).with_outputs("dropped", main="kept")
                kept = done.kept
                dropped.append(done.dropped)
        taken = kept | "by keyword" >> beam.FlatMap(_by_keyword)
        if limits.per_keyword is not None:
            # In drawn order from the smallest place on; of each keyword only that many are ever held.
            first = taken | beam.combiners.Top.SmallestPerKey(limits.per_keyword)
            taken = first | "each" >> beam.FlatMapTuple(lambda keyword, places: [(keyword, place) for place in places])
        verdicts = (taken | "taken" >> beam.Map(_taken), *dropped) | beam.Flatten()
        return verdicts | "by chunk" >> beam.GroupByKey() | beam.Map(_write_verdicts, self._route.work)


def _match(number: int, route: Route) -> Iterator[Entry]:
    work, limits = route.work, route.config.collect
    match = Match(read_keywords(work), limits.english_tags)
    entries: list[Entry] = []
    rejects: list[Reject] = []

    def matched_lines() -> Iterator[str]:
        with Ticker(work, "collect", number) as tick:
            for candidate in route.candidates(number):
                tick()
                done = match(candidate) if isinstance(candidate, Draft) else candidate
                if isinstance(done, Reject):
                    rejects.append(done)
                else:
                    post = done.post
                    place = rank(route.config.seed, "collect", post.id), number, len(entries)
                    # The same tags in another order are the same picture again; without an owner a post is nobody's.
                    tags = fingerprint(*sorted(bare(post.tags)[: limits.first_tags]))
                    owner = fingerprint("post", post.id) if post.user is None else fingerprint("user", post.user)
                    entries.append((place, tags, owner, tuple(match.numbers[word] for word in post.keywords)))
                    yield done.to_json()

    work.write_lines(work.path(MATCHED, number), matched_lines())
    work.write_rejects("match", number, rejects)
    yield from entries


def _keyed(entry: Entry, field: int) -> tuple[object, Entry]:
    return entry[field], entry


def _first(group: tuple[object, Iterable[Entry]], most: int, reason: str) -> Iterator[object]:
    kept = heapq.nsmallest(most, group[1])
    yield from kept
    places = {entry[0] for entry in kept}
    for (ranked, number, index), *_ in group[1]:
        if (ranked, number, index) not in places:
            yield beam.pvalue.TaggedOutput("dropped", (number, (index, reason)))


def _by_keyword(entry: Entry) -> Iterator[tuple[int, Place]]:
    for keyword in entry[-1]:
        yield keyword, entry[0]


def _taken(item: tuple[int, Place]) -> tuple[int, tuple[int, str]]:
    _, (_, number, index) = item
    return number, (index, TAKEN)


def _write_verdicts(group: tuple[int, Iterable[tuple[int, str]]], work: Work) -> None:
    work.write_note("collected", group[0], {str(index): reason for index, reason in sorted(group[1])})
