"""Sheets of the photos that tags find, for everybody and for different users: figures 1 and 8 of hashtag's paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, nearest, progress, whole
from kerasmm.drawing.print_figure import RIGHT
from kerasmm.drawing.sheet import MOST_PANELS, MOST_ROWS, check_sheet_size, draw_sheet
from kerasmm.drawing.sheet_row import Panel, Row
from kerasmm.systems.sheets import Photos, Sheet, Trained, photo_pixels, read_post

if TYPE_CHECKING:
    import argparse

    import numpy as np

    from kerasmm.systems.hashtag.profiles import Profiles
    from kerasmm.systems.hashtag.system import Hashtag

OFTEN, LINES = 15, 2
"""Tags of a user, and lines of a photo's own tags."""
SPARE = 20
"""Posts that are looked through for each photo of a row, since several may show the same one."""

_FOOT = "Under a photo: its own tags; in blue where the one that is asked for is among them."
_USERS = "Beside a tag: what everybody means by it; under it what a user does. In a frame: the tags that the user gives most often."


class UserSearchSheet(Sheet):
    """The photos that a tag finds, without users and as two users mean it."""

    name = "user-search"
    shows = "photos that tags find, for everybody and for two users"
    description = (
        "Draws the photos of a split that a tag finds first, with their true tags: a row by the run's first stage, without\n"
        "users (where it has none of its own, by the mean user), and a row for each of two users, whose most frequent tags of\n"
        "the training split stand in a frame. Without --users: of the 50 users who give the tag most often in the training\n"
        "split, those two whose other tags differ most (smallest cosine of their counts). A run that was trained without users\n"
        "has the first row alone. A photo that several posts have is shown once."
    )
    example = "--run runs/hashtag --tag rock --output search.png"
    split_help = "split whose photos are searched"
    finds = True

    def add_arguments(self, parser: Parser) -> None:
        """Which tags and users, how many photos."""
        parser.add_argument(
            "--tag", action="append", metavar="TAG",
            help="a tag to ask for; may be repeated (default: those that most users of the training split give)",
        )  # fmt: skip
        parser.add_argument("-n", type=whole(), default=3, help="how many tags, without --tag (default: 3)")
        parser.add_argument("-k", type=whole(), default=6, help="how many photos a row (default: 6)")
        parser.add_argument(
            "--users",
            nargs=2,
            metavar="USER",
            help="two users of the training split (default: chosen for each tag, see above)",
        )

    def check(self, arguments: argparse.Namespace) -> None:
        """Refuses more than a sheet has room for."""
        if not 1 <= arguments.k <= MOST_PANELS or not 1 <= arguments.n <= MOST_ROWS:
            raise UserError(
                f"-k must lie in 1 … {MOST_PANELS} and -n in 1 … {MOST_ROWS}. Received: -k {arguments.k} -n {arguments.n}"
            )
        check_sheet_size(3 * len(arguments.tag or range(arguments.n)), arguments.k)

    def check_runs(self, runs: Sequence[Trained], arguments: argparse.Namespace) -> None:
        """Refuses a run of another system, and tags and users that it doesn't know."""
        from kerasmm.systems.hashtag.asked_users import hashtag_of

        _tag_ids(hashtag_of(runs[0], arguments.users), arguments.tag or ())

    def draw(self, runs: Sequence[Trained], photos: Photos, arguments: argparse.Namespace) -> None:
        """Scores the photos of the split for each tag, without users and for each user."""
        from kerasmm.systems.hashtag.asked_users import hashtag_of, profiles_of

        (run,) = runs
        system = hashtag_of(run)
        with progress(arguments.quiet) as bar:
            task = bar.add_task("finding photos", total=None, note="")
            profiles = profiles_of(system, photos.dataset) if system.specific or not arguments.tag else None
            tags = _tag_ids(system, arguments.tag) if arguments.tag else _frequent(profiles, arguments.n, photos)
            asked = [(tag, user) for tag in tags for user in (-1, *_users(system, profiles, tag, arguments.users))]
            found = _first(run, photos, asked, SPARE * arguments.k, lambda: bar.advance(task))
            shown = [_photos(photos, rows, arguments.k) for rows in found]
        words, rows = system.vocabularies["tags"], []
        for (tag, user), of_question in zip(asked, shown, strict=True):
            often = tuple(words[one] for one in profiles.often(user, OFTEN)) if profiles and user >= 0 else ()
            rows.append(FoundRow(words[tag], system.users[user] if user >= 0 else None, often, of_question))
        draw_search_sheet(rows, arguments.output)


# === What is asked and found ===


def _tag_ids(system: Hashtag, asked: Sequence[str]) -> list[int]:
    """Tags as they are written, else in the spelling of data sets."""
    from kerasmm.data.spelling import normalise

    known = {tag: place for place, tag in enumerate(system.vocabularies["tags"])}
    found = []
    for tag in asked:
        place = known.get(tag, known.get(normalise(tag)))
        if place is None:
            raise UserError(f"--tag {tag}: not among the {len(known):,} tags of the run.{nearest(tag, known)}")
        found.append(place)
    return found


def _frequent(profiles: Profiles | None, n: int, photos: Photos) -> list[int]:
    found = profiles.frequent(n) if profiles else []
    if not found:
        raise UserError(f"{photos.dataset.folder}: no training post has a tag of the run; name one with --tag")
    return found


def _users(system: Hashtag, profiles: Profiles | None, tag: int, named: Sequence[str] | None) -> list[int]:
    if not system.specific or profiles is None:
        return []
    return [system.users.index(user) for user in named] if named else profiles.apart(tag)


def _first(
    run: Trained, photos: Photos, asked: Sequence[tuple[int, int]], k: int, advance: Callable[[], None]
) -> list[list[int]]:
    """For each tag and user the rows of the k best pictures, best first; below 0 it is everybody: the weights without users
    where the run has them, else the mean user."""
    from kerasmm.systems.hashtag.asked_users import without_users
    from kerasmm.systems.hashtag.scores import first_pictures

    shared = next(iter(without_users(run).values()), "best")
    weights = [shared if user < 0 else "best" for _, user in asked]
    found: list[list[int]] = [[]] * len(asked)
    for name in dict.fromkeys(weights):
        places = [place for place, own in enumerate(weights) if own == name]
        rows = first_pictures(run, name, photos, [asked[place] for place in places], k, advance)
        for place, of_question in zip(places, rows, strict=True):
            found[place] = of_question
    return found


def _photos(photos: Photos, rows: Sequence[int], k: int) -> tuple[FoundPhoto, ...]:
    """The first k different photos among some posts."""
    found: dict[bytes, FoundPhoto] = {}
    for row in rows:
        if len(found) == k:
            break
        post = read_post(photos.dataset, photos.split, row)
        shown = post.image if post.image is not None else post.id.encode()
        if shown not in found:
            found[shown] = FoundPhoto(photo_pixels(post), post.tags)
    return tuple(found.values())


# === What is drawn ===


@dataclasses.dataclass(frozen=True)
class FoundPhoto:
    """A photo, `(h, w, 3)` uint8 or None where there is none, and its own tags."""

    picture: np.ndarray | None
    tags: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class FoundRow:
    """The photos that a tag finds.

    Args:
        tag: The tag.
        user: Who asks; None: everybody.
        often: The tags that the user gives most often.
        photos: Best first.
    """

    tag: str
    user: str | None
    often: tuple[str, ...]
    photos: tuple[FoundPhoto, ...]


def draw_search_sheet(rows: Sequence[FoundRow], path: Path) -> None:
    """Draws a row a question; those of a user under the user's own tags.

    Args:
        rows: From the top down; that of everybody begins a tag.
        path: A PNG, PDF or SVG file, replaced when it is whole.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    foot = _FOOT if all(row.user is None for row in rows) else f"{_FOOT} {_USERS}"
    draw_sheet([_row(row) for row in rows], path, foot)


def _row(row: FoundRow) -> Row:
    panels = tuple(
        Panel(one.picture, ", ".join(one.tags) or "no tags", colour=RIGHT if row.tag in one.tags else "0.25")
        for one in row.photos
    )
    if row.user is None:
        return Row(row.tag, panels, begins=True, lines=LINES)
    return Row(f"for {row.user}", panels, framed=", ".join(row.often) or "no tags", lines=LINES)
