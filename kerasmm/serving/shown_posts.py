"""Which posts of a split a sheet shows: those that are named, or random ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError

if TYPE_CHECKING:
    import argparse

    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.data.post import Post


def add_shown_posts(parser: Parser, split: str) -> None:
    """The options that say what is shown, and where the sheet goes.

    Args:
        parser: Of the command.
        split: What a split is for it, in its help.
    """
    parser.add_argument("--data", type=Path, help="data set (default: the one that the run was trained on)")
    parser.add_argument("--split", default="test", help=f"{split} (default: test)")
    parser.add_argument("--posts", nargs="+", metavar="ID", help="photos to show, by the ids of their posts")
    parser.add_argument("-n", type=int, default=6, help="how many random photos, without --posts (default: 6)")
    parser.add_argument("--seed", type=int, default=0, help="seeds which photos (default: 0)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the sheet: .png, .pdf, .svg")


def check_shown_posts(arguments: argparse.Namespace) -> None:
    """Refuses what can't be drawn, before anything is read.

    Raises:
        UserError: Names the option.
    """
    from kerasmm.drawing.sheet import check_sheet_path, check_sheet_size

    check_sheet_path(arguments.output)
    if arguments.n < 1 or arguments.seed < 0:
        raise UserError(
            f"-n must be at least 1 and --seed at least 0. Received: -n {arguments.n} --seed {arguments.seed}"
        )
    check_sheet_size(len(arguments.posts or range(arguments.n)), 1)


def shown_posts(
    dataset: Dataset, arguments: argparse.Namespace, has: Callable[[Post], object], what: str
) -> dict[int, Post]:
    """The posts that are shown, by their rows.

    Args:
        dataset: The data set.
        arguments: With the options of `add_shown_posts`.
        has: Whether a post has what the sheet needs.
        what: Names that.

    Raises:
        UserError: When there is no such post.
    """
    split = arguments.split
    if arguments.posts is None:
        drawn = draw_posts(dataset, split, arguments.n, arguments.seed, has)
        if not drawn:
            raise UserError(f"{dataset.folder}: no post of split {split!r} has {what}")
        return drawn
    ids = [post_id.encode(errors="replace") for post_id in arguments.posts]
    found = {}
    for post_id, row in zip(arguments.posts, dataset.records(split).rows_of(ids).tolist(), strict=True):
        if row < 0:
            raise UserError(f"--posts {post_id}: split {split!r} of {dataset.folder} has no such post")
        found[row] = read_post(dataset, split, row)
        if not has(found[row]):
            raise UserError(f"--posts {post_id}: has no {what}")
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
