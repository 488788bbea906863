"""Plots of DMAN's search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kerasmm.drawing.plots import draw_at_k, panels, write_figure
from kerasmm.evaluation.ranks import SEARCH_RANKS
from kerasmm.systems.dman.tables import WAYS

TITLES = {"search": "label words as queries", "tag_search": "every word as a query"}


def plot_search(rows: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Precision at k of each way to search, with chance.

    Args:
        rows: Title of a row of the tables → its figures.
        path: Where to; no file is written where no row has figures.
    """
    searched = [panel for panel in TITLES if any(f"{panel}/p@1" in figures for figures in rows.values())]
    if not searched:
        return
    figure, axes = panels(len(searched))
    for axis, panel in zip(axes, searched, strict=True):
        shown = {
            f"{row}{words}": [figures[f"{panel}{suffix}/p@{k}"] for k in SEARCH_RANKS]
            for row, figures in rows.items()
            for words, suffix in WAYS.items()
            if f"{panel}{suffix}/p@1" in figures
        }
        chance = next(figures for figures in rows.values() if f"{panel}/p@1" in figures)
        shown["chance"] = [chance[f"{panel}/chance/p@{k}"] for k in SEARCH_RANKS]
        draw_at_k(axis, SEARCH_RANKS, shown)
        axis.set(ylabel="precision at k", title=TITLES[panel])
    write_figure(figure, path)
