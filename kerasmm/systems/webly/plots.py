"""Plots of webly's retrieval."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kerasmm.drawing.plots import draw_at_k, panels, write_figure
from kerasmm.evaluation.ranks import RECALLS
from kerasmm.systems.webly.tables import STAGES, WAYS


def plot_retrieval(figures: Mapping[str, float], path: Path) -> None:
    """Recall at k both ways, with chance; figures of other weights of the run, under a prefix, are lines of their own."""
    prefixes = [
        prefix for prefix in ("", *(f"{name}/" for name in STAGES)) if f"{prefix}{next(iter(WAYS))}/R@1" in figures
    ]
    if not prefixes:
        return
    figure, axes = panels(len(WAYS))
    for axis, (direction, title) in zip(axes, WAYS.items(), strict=True):
        keys = {prefix.rstrip("/") or "best": f"{prefix}{direction}" for prefix in prefixes}
        keys["chance"] = f"{prefixes[0]}{direction}/chance"
        draw_at_k(axis, RECALLS, {label: [figures[f"{key}/R@{k}"] for k in RECALLS] for label, key in keys.items()})
        axis.set(ylabel="recall at k", title=title)
    write_figure(figure, path)
