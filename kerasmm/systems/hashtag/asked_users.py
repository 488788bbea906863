"""Whom a sheet of hashtag shows things for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.console import UserError, nearest

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.systems.hashtag.profiles import Profiles
    from kerasmm.systems.hashtag.system import Hashtag
    from kerasmm.systems.sheets import Trained


def hashtag_of(run: Trained, users: Sequence[str] | None = None) -> Hashtag:
    """The system of a run that a sheet of hashtag shows.

    Args:
        run: The run.
        users: Those that `--users` names.

    Raises:
        UserError: When it is a run of another system, or has no such users.
    """
    from kerasmm.systems.hashtag.system import Hashtag

    system = run.system
    if not isinstance(system, Hashtag):
        raise UserError(f"{run.folder}: {system.name} knows no users; expected a run of hashtag")
    if users and not system.specific:
        raise UserError(f"--users: {run.folder} was trained without users (network.user_model: none)")
    known = set(system.users) if users else ()
    for user in users or ():
        if user not in known:
            raise UserError(f"--users {user}: {run.folder} was trained on no such user.{nearest(user, system.users)}")
    return system


def without_users(run: Trained) -> dict[str, str]:
    """Title → the weights of a run of hashtag that know no users; none where its first stage is that of another run."""
    from kerasmm.systems.hashtag.system import AGNOSTIC

    system = hashtag_of(run)
    if not system.specific:
        return {run.title: "best"}
    return {"Without users": AGNOSTIC} if AGNOSTIC in system.other_weights else {}


def users_of(system: Hashtag, posts: Sequence[Post], named: Sequence[str] | None, seed: int) -> list[list[int]]:
    """For each post whom it is shown for: the named users; else its own, -1 if training didn't see that one, and another.

    Args:
        system: Knows users.
        posts: The posts.
        named: Names that the system knows.
        seed: Draws the other one, anew for each post.
    """
    known = {user: place for place, user in enumerate(system.users)}
    if named:
        return [[known[user] for user in named]] * len(posts)
    rng, found = np.random.default_rng(seed), []
    for post in posts:
        own = known.get(post.user or "", -1)
        others = np.delete(np.arange(len(known)), [own] if own >= 0 else [])
        found.append([own, *rng.choice(others, min(1, len(others))).tolist()])
    return found


def profiles_of(system: Hashtag, dataset: Dataset) -> Profiles:
    """What the system's users tag in a data set's training split."""
    from kerasmm.systems.hashtag.profiles import Profiles
    from kerasmm.systems.hashtag.taggings import taggings

    return Profiles(taggings(dataset.records("train"), system.posts), len(system.users))
