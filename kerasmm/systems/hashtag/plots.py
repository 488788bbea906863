"""Plots of tagging by a user's posts and of search by a tag's place (figures 5 and 10 of hashtag's paper)."""

from __future__ import annotations

from pathlib import Path

from kerasmm.drawing.bands import draw_bands
from kerasmm.drawing.plots import panels, write_figure
from kerasmm.evaluation.tables import Rows, part

BY_POSTS, BY_PLACE = "A@1/user_posts", "P@10/tag_rank"


def plot_by_posts(rows: Rows, path: Path) -> None:
    """A@1 by how many training posts the user has (figure 5); bands are the deviation of several seeds.

    Args:
        rows: Title of a row → figures of `kerasmm.evaluation.tagging.hits_by_posts`, one mapping a seed; rows without them are
            left out, and no file is written where none has any.
        path: Where to.
    """
    _plot(rows, BY_POSTS, "training posts of the user", "A@1", path)


def plot_by_place(rows: Rows, path: Path) -> None:
    """P@10 by the place of the tag in the order of falling frequency (figure 10); else as `plot_by_posts`."""
    _plot(rows, BY_PLACE, "place of the tag by its frequency", "P@10", path)


def _plot(rows: Rows, prefix: str, along: str, what: str, path: Path) -> None:
    shown = {
        name: points for name, found in rows.items() if (points := [p for one in found if (p := part(one, prefix))])
    }
    if not shown:
        return
    names = sorted({name for seeds in shown.values() for points in seeds for name in points}, key=_low)
    figure, (axis,) = panels(1, 6.5)
    curves = {
        row: [[points[name] for points in seeds if name in points] for name in names] for row, seeds in shown.items()
    }
    draw_bands(axis, [f"{name}{_counted(rows, prefix, name)}" for name in names], curves)
    axis.set(xlabel=along, ylabel=what, ylim=(0, None), title=f"{what} by {along}")
    write_figure(figure, path)


def _low(name: str) -> int:
    return int(name.partition("-")[0])


def _counted(rows: Rows, prefix: str, name: str) -> str:
    """How many posts a bin holds, in a line below its name, where the figures say it."""
    key = f"posts/{prefix.partition('/')[2]}/{name}"
    for found in rows.values():
        for one in found:
            if key in one:
                return f"\nn = {int(one[key]):,}"
    return ""
