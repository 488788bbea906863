"""What a sheet is: photos of a split beside what trained runs find for them, drawn for print.

A paper's sheets are named by `System.sheets`; `python -m kerasmm.draw` reads runs and photos and hands them over
(`Trained`, `Photos`), so that nothing here imports it.
"""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar, Protocol

from kerasmm.console import UserError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    import keras
    import numpy as np

    from kerasmm.console import Parser
    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post
    from kerasmm.systems.system import System


class Trained(Protocol):
    """A trained run, as a sheet is given it."""

    @property
    def folder(self) -> Path:
        """The run's folder."""

    @property
    def system(self) -> System:
        """Its system, without a model."""

    @property
    def title(self) -> str:
        """How the sheet calls the run."""

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of the weights that it has, the best last."""

    def open(self, weights: str = "best") -> tuple[System, keras.Model]:
        """The system and its model with weights of that name."""


@dataclasses.dataclass(frozen=True)
class Photos:
    """The posts that are shown.

    Args:
        dataset: Where they are from.
        split: Of the data set.
        posts: By their rows in the split, in the order of the sheet; none where the sheet `finds` its own.
    """

    dataset: Dataset
    split: str
    posts: dict[int, Post]

    @property
    def rows(self) -> list[int]:
        """The posts' rows in the split."""
        return list(self.posts)


class Sheet(abc.ABC):
    """A kind of sheet. Those of a paper are in its folder."""

    name: ClassVar[str]
    """What `draw` is asked for."""
    shows: ClassVar[str]
    """What it shows, in half a line."""
    description: ClassVar[str]
    """What it shows, for its `--help`."""
    example: ClassVar[str]
    """Options of a call that makes sense, after the sheet's name."""
    split_help: ClassVar[str] = "split that the photos are from"
    """What the split is for it."""
    needs: ClassVar[str] = "picture"
    """What a post must have to be shown, in words."""
    finds: ClassVar[bool] = False
    """Whether it finds its photos itself among those of the split; else they are named, or drawn at random."""
    compares: ClassVar[bool] = False
    """Whether several runs stand on one sheet, each under a title."""

    def add_arguments(self, parser: Parser) -> None:  # noqa: B027
        """Options of its own beside those of every sheet: runs, data set, split, which photos, output."""

    def check(self, arguments: argparse.Namespace) -> None:  # noqa: B027
        """Refuses options that make no sense, before anything is read.

        Raises:
            UserError: Names the option.
        """

    def check_runs(self, runs: Sequence[Trained], arguments: argparse.Namespace) -> None:  # noqa: B027
        """Refuses runs that it can't draw, before a model is built.

        Raises:
            UserError: Names the run.
        """

    def has(self, post: Post) -> bool:
        """Whether a post has what the sheet `needs`."""
        return True

    @abc.abstractmethod
    def draw(self, runs: Sequence[Trained], photos: Photos, arguments: argparse.Namespace) -> None:
        """Asks the runs and draws the sheet to `arguments.output`.

        Args:
            runs: One, or more where the sheet `compares`.
            photos: What is shown; at least one, unless the sheet `finds` its own.
            arguments: Of the command line, with `output` and `quiet`.

        Raises:
            UserError: When a run answers no such question, or the file can't be written.
        """


def shown_posts(
    sheet: Sheet, dataset: Dataset, split: str, ids: Sequence[str] | None, count: int, seed: int
) -> dict[int, Post]:
    """The posts that a sheet shows, by their rows.

    Args:
        sheet: Says what a post must have.
        dataset: The data set.
        split: Where the posts are from.
        ids: Posts that are named, in their order; None: random ones.
        count: How many random ones.
        seed: Seeds which ones.

    Raises:
        UserError: When there is no such post.
    """
    if ids is None:
        drawn = draw_posts(dataset, split, count, seed, sheet.has)
        if not drawn:
            raise UserError(f"{dataset.folder}: no post of split {split!r} has {sheet.needs}")
        return drawn
    rows = dataset.records(split).rows_of([post_id.encode(errors="replace") for post_id in ids])
    found = {}
    for post_id, row in zip(ids, rows.tolist(), strict=True):
        if row < 0:
            raise UserError(f"--posts {post_id}: split {split!r} of {dataset.folder} has no such post")
        found[row] = read_post(dataset, split, row)
        if not sheet.has(found[row]):
            raise UserError(f"--posts {post_id}: has no {sheet.needs}")
    return found


def draw_posts(dataset: Dataset, split: str, count: int, seed: int, has: Callable[[Post], object]) -> dict[int, Post]:
    """Random posts, by their rows in reading order; all that there are where there are no more than `count`."""
    import numpy as np

    drawn: dict[int, Post] = {}
    for row in np.random.default_rng(seed).permutation(len(dataset.records(split))).tolist():
        if len(drawn) == count:
            break
        post = read_post(dataset, split, row)
        if has(post):
            drawn[row] = post
    return dict(sorted(drawn.items()))


def read_post(dataset: Dataset, split: str, row: int) -> Post:
    """One post of a split."""
    import numpy as np

    from kerasmm.data.post import Post

    return Post.from_bytes(dataset.records(split).read(np.array([row]))[0])


def photo_pixels(post: Post) -> np.ndarray | None:
    """The post's photo as it is drawn; None where it has none that can be decoded."""
    from kerasmm.drawing.heat import picture_pixels
    from kerasmm.drawing.sheet import PIXELS

    return None if post.image is None else picture_pixels(post.image, PIXELS)
