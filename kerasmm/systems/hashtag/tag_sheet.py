"""Sheets of photos with the tags that everybody and different users would give them, as in figure 6 of hashtag's paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, progress, whole
from kerasmm.drawing.photo_sheet import Entry, PhotoRow, draw_photo_sheet, listed_names
from kerasmm.drawing.print_figure import RIGHT
from kerasmm.systems.sheets import Photos, Sheet, Trained, photo_pixels

if TYPE_CHECKING:
    import argparse

    import numpy as np


MOST, OFTEN = 10, 8
"""Tags of a photo that there is room for, and of a user."""

NOBODY = "a new user"
"""Whom training didn't see: the mean of all."""

_FOOT = "Tags: the photo’s own; in blue where a model foresees one of them."
_USERS = "In a frame: the tags that a user gives most often; below it those that the model foresees where this user posts the photo."


class UserTagSheet(Sheet):
    """The tags that a run foresees for photos without users, for the photo's own user and for another one."""

    name = "user-tags"
    shows = "photos with the tags that everybody and two users would give them"
    description = (
        "Draws photos of a split with their true tags, and the tags that a run foresees: those of its first stage, without\n"
        "users (where the run has one), and those of its best weights for the photo's own user and for another one, who is\n"
        "drawn anew for each photo, or for the two that --users names. The tags that each user gives most often in the\n"
        "training split stand in a frame. True ones are blue. A run that was trained without users names its tags alone."
    )
    example = "--run runs/hashtag --output tags.png"

    def add_arguments(self, parser: Parser) -> None:
        """How many tags, and which users."""
        parser.add_argument("-k", type=whole(), default=5, help="how many tags are foreseen each time (default: 5)")
        parser.add_argument(
            "--users", nargs=2, metavar="USER",
            help="two users of the training split (default: the photo's own, and another one whom the seed draws)",
        )  # fmt: skip

    def check(self, arguments: argparse.Namespace) -> None:
        """Refuses more than a photo has room for."""
        if not 1 <= arguments.k <= MOST:
            raise UserError(f"-k must lie in 1 … {MOST}. Received: -k {arguments.k}")

    def check_runs(self, runs: Sequence[Trained], arguments: argparse.Namespace) -> None:
        """Refuses a run of another system, and users that it doesn't know."""
        from kerasmm.systems.hashtag.asked_users import hashtag_of

        hashtag_of(runs[0], arguments.users)

    def draw(self, runs: Sequence[Trained], photos: Photos, arguments: argparse.Namespace) -> None:
        """Foresees the tags of each photo, without users and for each user."""
        from kerasmm.systems.hashtag.asked_users import hashtag_of, without_users
        from kerasmm.systems.hashtag.scores import first_tags

        (run,) = runs
        system, posts, titles = hashtag_of(run), list(photos.posts.values()), without_users(run)
        alone, shared = [(place, -1) for place in range(len(posts))], {}
        users: list[tuple[ForeseenFor, ...]] = [()] * len(posts)
        with progress(arguments.quiet) as bar:
            task = bar.add_task("foreseeing tags", total=len(titles) + system.specific, note="")
            for title, weights in titles.items():
                shared[title] = first_tags(run, weights, photos, alone, arguments.k)
                bar.advance(task)
            if system.specific:
                users = _foreseen(run, photos, arguments)
                bar.advance(task)
        rows = [
            TagRow(
                photo_pixels(post),
                post.user,
                post.tags,
                {title: tags[place] for title, tags in shared.items()},
                of_post,
            )
            for place, (post, of_post) in enumerate(zip(posts, users, strict=True))
        ]
        draw_tag_sheet(rows, arguments.output)


def _foreseen(run: Trained, photos: Photos, arguments: argparse.Namespace) -> list[tuple[ForeseenFor, ...]]:
    """For each photo what its users would tag it."""
    from kerasmm.systems.hashtag.asked_users import hashtag_of, profiles_of, users_of
    from kerasmm.systems.hashtag.scores import first_tags

    system = hashtag_of(run)
    tags, profiles = system.vocabularies["tags"], profiles_of(system, photos.dataset)
    asked = users_of(system, list(photos.posts.values()), arguments.users, arguments.seed)
    pairs = [(place, user) for place, users in enumerate(asked) for user in users]
    found: list[tuple[ForeseenFor, ...]] = [()] * len(asked)
    for (place, user), first in zip(pairs, first_tags(run, "best", photos, pairs, arguments.k), strict=True):
        if user < 0:
            one = ForeseenFor(None, None, first)
        else:
            one = ForeseenFor(system.users[user], tuple(tags[tag] for tag in profiles.often(user, OFTEN)), first)
        found[place] += (one,)
    return found


@dataclasses.dataclass(frozen=True)
class ForeseenFor:
    """What a model foresees where a user posts a photo.

    Args:
        user: The name; None for one whom training didn't see.
        often: The tags that the user gives most often; None where nobody knows.
        tags: Foreseen, best first.
    """

    user: str | None
    often: tuple[str, ...] | None
    tags: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class TagRow:
    """A photo with its tags and those that models foresee.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        user: Who posted it, where it is known.
        truth: Its own tags.
        shared: Of models without users, by title.
        users: One a user.
    """

    picture: np.ndarray | None
    user: str | None
    truth: tuple[str, ...]
    shared: dict[str, tuple[str, ...]]
    users: tuple[ForeseenFor, ...] = ()


def draw_tag_sheet(rows: Sequence[TagRow], path: Path) -> None:
    """Draws a row a photo: its tags, a line a model without users, and a frame and a line a user.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    foot = f"{_FOOT} {_USERS}" if any(row.users for row in rows) else _FOOT
    draw_photo_sheet([PhotoRow(row.picture, _entries(row)) for row in rows], foot, path)


def _entries(row: TagRow) -> tuple[Entry, ...]:
    def marked(tags: Sequence[str]) -> list[str]:
        return [RIGHT if tag in row.truth else "black" for tag in tags]

    entries = [
        Entry(f"Tags of {row.user}" if row.user else "Tags", listed_names(row.truth, ["black"] * len(row.truth)))
    ]
    entries += [Entry(title, listed_names(tags, marked(tags))) for title, tags in row.shared.items()]
    for one in row.users:
        if one.often is not None:
            entries.append(Entry(one.user or NOBODY, listed_names(one.often, ["black"] * len(one.often)), framed=True))
        entries.append(Entry(f"for {one.user or NOBODY}", listed_names(one.tags, marked(one.tags))))
    return tuple(entries)
