"""Plots of DMAN's search."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kerasmm.drawing.plots import draw_at_k, panels, write_figure
from kerasmm.evaluation.ranks import SEARCH_RANKS

TITLES = {"search": "label words as queries", "tag_search": "every word as a query"}


def plot_search(figures: Mapping[str, float], path: Path) -> None:
    """Precision at k of each way to search, with chance."""
    series = sorted({name.rsplit("/", 1)[0] for name in figures if "/p@" in name})
    searched = [panel for panel in TITLES if f"{panel}/p@1" in figures]
    if not searched:
        return
    figure, axes = panels(len(searched))
    for axis, panel in zip(axes, searched, strict=True):
        shown = {}
        for name in series:
            first = name.removeprefix("ridge/").split("/")[0]
            if first.removesuffix("_literal").removesuffix("_score") != panel or (
                name.endswith("chance") and name != f"{panel}/chance"
            ):
                continue
            shown["chance" if name.endswith("chance") else name] = [figures[f"{name}/p@{k}"] for k in SEARCH_RANKS]
        draw_at_k(axis, SEARCH_RANKS, shown)
        axis.set(ylabel="precision at k", title=TITLES[panel])
    write_figure(figure, path)
