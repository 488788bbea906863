"""Who posts in training, and who gives which tag, counted: the vocabulary of users and the figures of the data set."""

from __future__ import annotations

import itertools
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator

import apache_beam as beam

from data_prep.config import Words
from data_prep.split.plan import TRAIN, Plan, assigned
from data_prep.users.usage import Usage
from data_prep.vocabulary.runs import Counts, write_run
from data_prep.vocabulary.vocabulary import cut
from data_prep.work.chunks import Ticker, Work

USERS, TAG_USERS = "users", "tag_users"
"""Kinds of runs: a user → posts; a tag and a user (`""` for nobody) → posts."""


class CountUsers(beam.PTransform):
    """Numbers of selected chunks → two runs of each, of its training posts: users, and users of each tag.

    Args:
        work: The work folder.
        plan: The split.
    """

    def __init__(self, work: Work, plan: Plan) -> None:
        super().__init__()
        self._work, self._plan = work, plan

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | beam.Map(_count_users, self._work, self._plan)


def _count_users(number: int, work: Work, plan: Plan) -> None:
    users, tag_users = Counter[tuple[str, ...]](), Counter[tuple[str, ...]]()
    with Ticker(work, USERS, number) as tick:
        for draft, split in assigned(work, plan, number):
            tick()
            if split == TRAIN:
                user = draft.post.user or ""
                users[user,] += bool(user)
                tag_users.update((tag, user) for tag in set(draft.post.tags))
    for kind, counts in ((USERS, +users), (TAG_USERS, tag_users)):
        write_run(work, kind, number, {key: [count] for key, count in counts.items()})


def vocabulary_of(users: Counts, words: Words) -> list[str]:
    """Names of users, most posts first, then by name; a name that is no line of a text file is left out."""
    return cut(((name, posts) for (name,), (posts,) in users if _is_line(name)), words)


def _is_line(name: str) -> bool:
    return not any(unicodedata.category(character) == "Cc" for character in name)


def usage_of(users: Counts, tag_users: Counts, tags: Iterable[str]) -> Usage:
    """The figures, from what was counted; held are a number for each tag of the vocabulary and for each size of a user."""
    posts_a_user = Counter(posts for _, (posts,) in users)
    by_tag = {tag: (posts, givers) for tag, posts, givers in _by_tag(tag_users)}
    return Usage(
        users=posts_a_user.total(),
        tags=[(tag, *by_tag.get(tag, (0, 0))) for tag in tags],
        posts_a_user=sorted(posts_a_user.items()),
    )


def _by_tag(tag_users: Counts) -> Iterator[tuple[str, int, int]]:
    for tag, same in itertools.groupby(tag_users, key=lambda count: count[0][0]):
        posts = givers = 0
        for (_, user), (count,) in same:
            posts += count
            givers += bool(user)
        yield tag, posts, givers
