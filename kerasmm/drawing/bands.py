"""Curves over named points, each with a band of the deviation of several seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.drawing.plots import measured, panels, tell_apart, write_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def draw_bands(axis: Axes, names: Sequence[str], curves: Mapping[str, Sequence[Sequence[float]]]) -> None:
    """Draws the mean of each point, and a band one sample deviation wide to both sides where it has several values.

    Args:
        axis: Where.
        names: Of the points, which stand at equal distances.
        curves: Label → the values of each point, one a seed; a point without any is left out.
    """
    places = range(len(names))
    for label, points in curves.items():
        mean = np.array([np.mean(values) if len(values) else np.nan for values in points])
        (line,) = axis.plot(places, mean, marker="o", label=label)
        if any(len(values) > 1 for values in points):
            deviation = np.array([np.std(values, ddof=1) if len(values) > 1 else 0.0 for values in points])
            axis.fill_between(places, mean - deviation, mean + deviation, color=line.get_color(), alpha=0.15)
    axis.set_xticks(places, names, fontsize=8)
    tell_apart(axis)
    # Beside the lines: those of twelve rows cross everywhere.
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axis.spines[["top", "right"]].set_visible(False)


def plot_along(
    key: str,
    values: Sequence[str],
    curves: Mapping[str, Sequence[Sequence[Mapping[str, float]]]],
    compared: Mapping[str, str],
    path: Path,
    weights: Sequence[str] = (),
) -> None:
    """The main figures of a protocol along the values of a setting, a panel a figure.

    Args:
        key: Of the setting.
        values: In the order of the points.
        curves: Name of a row → for each value its figures, one mapping a seed.
        compared: As `kerasmm.drawing.plots.plot_comparison` takes it; no file is written where no row has any of them.
        path: Where to.
        weights: As there.
    """
    at_values = [{row: points[place] for row, points in curves.items()} for place in range(len(values))]
    shown = {}
    for figure in compared:
        points = [measured(rows, figure, weights) for rows in at_values]
        labels = dict.fromkeys(label for point in points for label in point)
        if labels:
            shown[figure] = {label: [point.get(label, []) for point in points] for label in labels}
    if not shown:
        return
    drawn, axes = panels(len(shown), 6.5)
    for axis, (figure, of_figure) in zip(axes, shown.items(), strict=True):
        draw_bands(axis, values, of_figure)
        axis.set(xlabel=key, ylabel=figure.rpartition("/")[2], title=f"{figure}: {compared[figure]}")
    write_figure(drawn, path)
