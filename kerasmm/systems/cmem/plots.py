"""Plots of ranked labels and of image → tweet retrieval (figure 5 and table 2 of CMEM's paper)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from kerasmm.drawing.plots import tell_apart
from kerasmm.evaluation.annotation import CURVE
from kerasmm.evaluation.ranks import RANK
from kerasmm.evaluation.tables import part
from kerasmm.files.writing import written_whole

CHANCE = "chance"


def plot_precision_recall(curves: Mapping[str, Mapping[str, float]], path: Path) -> None:
    """Average precision-recall curves, one a name.

    Args:
        curves: Name → figures of `kerasmm.evaluation.annotation.precision_recall`. Names without them are left out; no
            file is written where none has any.
        path: Where to.
    """
    shown = {name: found for name, figures in curves.items() if (found := _points(figures, CURVE))}
    if not shown:
        return
    figure, axis = plt.subplots(figsize=(5.5, 4.2))
    for name, points in shown.items():
        axis.plot(*zip(*points, strict=True), label=name, **_style(name))
    axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, None), title="average precision-recall curve")
    _write(figure, axis, path)


def plot_mean_ranks(rows: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """The mean rank of a picture's own tweet over the share of the pictures that are asked; whiskers are the deviation.

    Args:
        rows: Name → figures of `kerasmm.evaluation.cross_modal.mean_rank_figures`, one mapping a seed. Chance is a grey line:
            the row of that name, or `chance/mean_rank` of the first row that has it. Rows without mean ranks are left out; no
            file is written where none has any.
        path: Where to.
    """
    shown = {
        name: points for name, found in rows.items() if (points := [p for p in (_points(f, RANK) for f in found) if p])
    }
    if not shown:
        return
    figure, axis = plt.subplots(figsize=(6.5, 4.2))
    for name, seeds in shown.items():
        shares = [share for share, _ in seeds[0]]
        values = np.array([[dict(points)[share] for share in shares] for points in seeds])
        deviation = values.std(axis=0, ddof=1) if len(values) > 1 else None
        axis.errorbar(shares, values.mean(axis=0), deviation, label=name, capsize=2, **_style(name))
    chances = [one[f"{CHANCE}/mean_rank"] for found in rows.values() for one in found if f"{CHANCE}/mean_rank" in one]
    if chances and CHANCE not in shown:
        axis.axhline(chances[0], label=CHANCE, **_style(CHANCE))
    axis.set(xlabel="% of the images asked", ylabel="mean rank", title="image → tweet")
    _write(figure, axis, path)


def _points(figures: Mapping[str, float], prefix: str) -> list[tuple[float, float]]:
    """What stands at each number under a prefix, by number."""
    return sorted((float(at), value) for at, value in part(figures, prefix).items())


def _style(name: str) -> dict[str, str]:
    return {"color": "0.6", "linestyle": "--"} if name == CHANCE else {"marker": "."}


def _write(figure: plt.Figure, axis: plt.Axes, path: Path) -> None:
    tell_apart(axis)
    # Beside the lines: in a small data set they cross everywhere.
    axis.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    with written_whole(path) as temporary:
        figure.savefig(temporary, dpi=120)
    plt.close(figure)
