"""Users who give more tags a post than people do are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.draft import Draft, Reject
from data_prep.route import Route
from data_prep.work.chunks import Ticker, Work
from data_prep.work.hashing import rank

_NOTE, _COUNT = "spammers", "spammers_counted"

_Part = tuple[int, int, int]
"""A chunk, posts of a user in it, tags of these."""


class Spammers(beam.PTransform):
    """Numbers of clean chunks → `spammers/NNNNN.json`: who in a chunk gives more tags a post than allowed.

    "Spammers", i.e. "users that use more than 15 hashtags per image on average" (hashtag prediction, section 4.1): the mean is
    that over all posts of a user that can qualify, of the tags as they are after cleaning, before any is dropped.

    Args:
        route: Where the posts are; its configuration says how many tags a post are too many.
    """

    def __init__(self, route: Route) -> None:
        super().__init__()
        self._route = route

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        parts = numbers | beam.FlatMap(_parts, self._route)
        spamming = parts | "by user" >> beam.GroupByKey() | beam.FlatMap(_spamming, self._route.config.tags.per_post)
        return spamming | "by chunk" >> beam.GroupByKey() | beam.Map(_write, self._route.work)


def _parts(number: int, route: Route) -> Iterator[tuple[int, _Part]]:
    posts, tags = Counter[int](), Counter[int]()
    with Ticker(route.work, "spammers", number) as tick:
        for draft in route.qualified(number):
            tick()
            # A post without a user is nobody's.
            if isinstance(draft, Draft) and draft.post.user:
                user = _hash(draft.post.user)
                posts[user] += 1
                tags[user] += len(draft.post.tags)
    for user, count in posts.items():
        yield user, (number, count, tags[user])


def _spamming(user: tuple[int, Iterable[_Part]], most: float) -> Iterator[tuple[int, tuple[int, bool]]]:
    name, parts = user
    posts = sum(count for _, count, _ in parts)
    if sum(tags for _, _, tags in parts) > most * posts:
        counted = min(number for number, *_ in parts)
        for number, *_ in parts:
            yield number, (name, number == counted)


def _write(chunk: tuple[int, Iterable[tuple[int, bool]]], work: Work) -> None:
    number, found = chunk[0], sorted(chunk[1])
    work.write_note(_NOTE, number, [name for name, _ in found])
    work.write_note(_COUNT, number, sum(counted for _, counted in found))


def _hash(user: str) -> int:
    return rank(0, "user", user)


class Spam:
    """Says of the posts of a chunk whether their user is left out.

    Args:
        route: Its work folder has what `Spammers` wrote, where the configuration asks for it.
        number: The chunk.
    """

    def __init__(self, route: Route, number: int) -> None:
        most = route.config.tags.per_post
        self._reason = None if most is None else f"by a user of more than {most:g} tags a post"
        self._spammers = frozenset(route.work.note(_NOTE, number, []) if most is not None else ())

    def __call__(self, draft: Draft) -> Draft | Reject:
        if self._reason is None or not draft.post.user or _hash(draft.post.user) not in self._spammers:
            return draft
        return Reject(draft.post.id, "users", self._reason, bad=False)


def count_spammers(work: Work, numbers: Iterable[int]) -> int:
    """How many users are left out."""
    return sum(work.note(_COUNT, number, 0) for number in numbers)
