"""Plots of an evaluation."""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator

from kerasmm.files.writing import written_whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SAME = 0.01
"""Share of the height of all curves within which two points can't be told apart."""


def plot_comparison(
    rows: Mapping[str, Sequence[Mapping[str, float]]],
    compared: Mapping[str, str],
    path: Path,
    weights: Sequence[str] = (),
) -> None:
    """The main figure of each protocol, row by row; bars and whiskers are mean and deviation.

    Args:
        rows: Name of a row → its figures, one mapping a seed.
        compared: Key of a figure → title of its panel; those that no row has are left out, and no file is written where
            there is none. What chance gives, `chance/` before the key's last part, is a dashed line.
        path: Where to.
        weights: Names of other weights of a run: figures under such a prefix are rows of their own.
    """
    shown_by_key = {key: shown for key in compared if (shown := measured(rows, key, weights))}
    if not shown_by_key:
        return
    most = max(map(len, shown_by_key.values()))
    figure, axes = panels(len(shown_by_key), 5, 0.8 + 0.42 * most + 1.2)
    for axis, (key, shown) in zip(axes, shown_by_key.items(), strict=True):
        *protocol, figure_name = key.split("/")
        deviations = [float(np.std(values, ddof=1)) if len(values) > 1 else 0.0 for values in shown.values()]
        means = [float(np.mean(values)) for values in shown.values()]
        axis.barh(list(shown), means, xerr=deviations, color="#4477aa", error_kw={"ecolor": "0.2", "capsize": 3})
        chances = measured(rows, "/".join([*protocol, "chance", figure_name]), weights)
        if chances:
            axis.axvline(next(iter(chances.values()))[0], color="0.5", linestyle="--", label="chance")
            axis.legend(frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1.0, -0.08), borderpad=0)
        axis.invert_yaxis()
        axis.set(xlabel=figure_name, title=compared[key], xlim=(0, None))
        axis.spines[["top", "right"]].set_visible(False)
    write_figure(figure, path)


def plot_training(metrics: Path, path: Path, monitor: str = "") -> None:
    """Losses and validation figures over the epochs of a run's CSV log, stage by stage.

    Args:
        metrics: The log.
        path: Where to.
        monitor: The validation figure whose largest value, first reached, marks the best epoch of a stage.
    """
    with metrics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    groups = _training_groups([name for name in rows[0] if name not in ("stage", "epoch", "seconds")])
    figure, axes = panels(len(groups))
    begins = [place for place in range(1, len(rows)) if rows[place]["stage"] != rows[place - 1]["stage"]]
    stages = [range(*ends) for ends in itertools.pairwise([0, *begins, len(rows)])]
    for axis, (title, shown) in zip(axes, groups.items(), strict=True):
        for name in shown:
            # A stage without a term leaves its cell empty; and it may begin elsewhere than the one before it ended.
            values = np.insert([float(row[name] or math.nan) for row in rows], begins, math.nan)
            epochs = np.insert(np.arange(1.0, len(rows) + 1), begins, math.nan)
            (line,) = axis.plot(epochs, values, marker=".", label=name)
            if name == f"validation/{monitor}":
                best = [1 + max(stage, key=lambda place: float(rows[place][name] or -math.inf)) for stage in stages]
                heights = [float(rows[epoch - 1][name] or math.nan) for epoch in best]
                axis.plot(best, heights, "*", markersize=13, color=line.get_color(), label="best epoch")
        for place in begins:
            axis.axvline(place + 0.5, color="0.7", linewidth=0.8)
            axis.text(
                place + 0.6, 1.0, rows[place]["stage"], transform=axis.get_xaxis_transform(), fontsize=8, va="top"
            )
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        tell_apart(axis)
        # The terms of a loss differ by orders of magnitude; but one may be a negative cosine.
        logarithmic = title == "loss" and not any(float(row[name] or 1) <= 0 for row in rows for name in shown)
        axis.set(xlabel="epoch", title=title, yscale="log" if logarithmic else "linear")
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    write_figure(figure, path)


def _training_groups(names: Sequence[str]) -> dict[str, list[str]]:
    """What is drawn together, by title: losses, and the kinds of validation figures that there are."""
    validation = [name for name in names if name.startswith("validation/") and "chance" not in name]
    own = [name for name in validation if "/folds/" not in name]
    groups = {
        "validation mAP": [name for name in own if name.endswith("/mAP")],
        "validation recall at k": [name for name in own if "/R@" in name],
        "validation sum of recalls": [name for name in own if name.endswith("/rsum")],
    }
    groups = {title: shown for title, shown in groups.items() if shown} or {"validation": validation}
    return {"loss": [name for name in names if not name.startswith("validation/")], **groups}


def measured(
    rows: Mapping[str, Sequence[Mapping[str, float]]], key: str, weights: Sequence[str]
) -> dict[str, list[float]]:
    """A figure by row, one value a seed; as `plot_comparison` names the rows."""
    shown: dict[str, list[float]] = {}
    for row, found in rows.items():
        for one in found:
            names = {key: row, **{f"{name}/{key}": f"{row}: {name}" for name in weights}}
            for full, shown_as in names.items():
                if full in one:
                    shown.setdefault(shown_as, []).append(one[full])
    return shown


def draw_at_k(axis: Axes, ranks: Sequence[int], shown: Mapping[str, Sequence[float]]) -> None:
    """Shares at each k, by label; chance is grey."""
    for label, values in shown.items():
        style: dict[str, Any] = {"color": "0.6", "linestyle": "--"} if label == "chance" else {"marker": "o"}
        axis.plot(range(len(ranks)), values, label=label, **style)
    axis.set_xticks(range(len(ranks)), [str(k) for k in ranks])
    top = max((value for values in shown.values() for value in values), default=1.0)
    # Shares begin at nothing, and end a little above the largest.
    axis.set(xlabel="k", ylim=(0, min(1.0, 1.1 * top) if top > 0 else 1.0))
    tell_apart(axis)
    axis.legend(frameon=False, fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def tell_apart(axis: Axes) -> None:
    """Where a curve lies on others that were drawn before it, it becomes thinner and dashed, and they show beneath it."""
    curves = [line for line in axis.get_lines() if np.size(line.get_xdata()) > 1]
    heights = [np.asarray(line.get_ydata(), float) for line in curves]
    drawn = np.concatenate([*heights, np.zeros(0)])
    distance = _SAME * float(np.ptp(drawn[np.isfinite(drawn)])) if np.isfinite(drawn).any() else 0.0
    for number, (curve, own) in enumerate(zip(curves, heights, strict=True)):
        beneath = sum(_coincide(own, other, distance) for other in heights[:number])
        if beneath:
            curve.set_linestyle((0, (4, 3 * beneath)))
        above = sum(_coincide(own, other, distance) for other in heights[number + 1 :])
        curve.set_linewidth(curve.get_linewidth() + 2.0 * above)


def _coincide(one: np.ndarray, other: np.ndarray, distance: float) -> bool:
    if one.shape != other.shape:
        return False
    near = np.abs(one - other) <= distance
    both = np.isfinite(one) & np.isfinite(other)
    return bool(both.any() and near[both].mean() > 0.5)


def panels(count: int, width: float = 5.5, height: float = 4.2) -> tuple[Figure, list[Axes]]:
    """A figure of so many axes beside each other; `width` and `height` are those of one, in inches."""
    figure, axes = plt.subplots(1, count, figsize=(width * count, height), squeeze=False)
    return figure, list(axes[0])


def write_figure(figure: Figure, path: Path) -> None:
    """Writes a figure and lets go of it."""
    figure.tight_layout()
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)
    plt.close(figure)
