"""Plots of an evaluation."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from kerasmm.evaluation.search import RANKS


def plot_search(figures: Mapping[str, float], path: Path) -> None:
    """Precision at k of each way to search, with chance."""
    series = sorted({name.rsplit("/", 1)[0] for name in figures if "/p@" in name})
    panels = [panel for panel in ("search", "tag_search") if f"{panel}/p@1" in figures]
    if not panels:
        return
    figure, axes = plt.subplots(1, len(panels), figsize=(5.5 * len(panels), 4.2), squeeze=False)
    titles = {"search": "label words as queries", "tag_search": "every word as a query"}
    for axis, panel in zip(axes[0], panels, strict=True):
        for name in series:
            first = name.removeprefix("ridge/").split("/")[0]
            if first.removesuffix("_literal").removesuffix("_score") != panel or (
                name.endswith("chance") and name != f"{panel}/chance"
            ):
                continue
            style = {"color": "0.6", "linestyle": "--"} if name.endswith("chance") else {"marker": "o"}
            label = "chance" if name.endswith("chance") else name
            axis.plot(range(len(RANKS)), [figures[f"{name}/p@{k}"] for k in RANKS], label=label, **style)
        axis.set_xticks(range(len(RANKS)), [str(k) for k in RANKS])
        axis.set(xlabel="k", ylabel="precision at k", ylim=(0, 1), title=titles[panel])
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_comparison(rows: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """mAP of classification and precision at k of search, row by row; bars and whiskers are mean and deviation."""
    panels = [("classification", "multi-label classification"), ("search", "label words as queries")]
    panels += [("tag_search", "every word as a query")]
    panels = [panel for panel in panels if any(f"{panel[0]}/mAP" in one for found in rows.values() for one in found)]
    if not panels:
        return
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 0.8 + 0.42 * len(rows) + 1.2), squeeze=False)
    for axis, (name, title) in zip(axes[0], panels, strict=True):
        shown = {row: [one[f"{name}/mAP"] for one in found if f"{name}/mAP" in one] for row, found in rows.items()}
        shown = {row: values for row, values in shown.items() if values}
        deviations = [float(np.std(values, ddof=1)) if len(values) > 1 else 0.0 for values in shown.values()]
        means = [float(np.mean(values)) for values in shown.values()]
        axis.barh(list(shown), means, xerr=deviations, color="#4477aa", error_kw={"ecolor": "0.2", "capsize": 3})
        chance = next((one[k] for r in rows.values() for one in r for k in [f"{name}/chance/mAP"] if k in one), None)
        if chance is not None:
            axis.axvline(chance, color="0.5", linestyle="--", label="chance")
            axis.legend(frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1.0, -0.08), borderpad=0)
        axis.invert_yaxis()
        axis.set(xlabel="mAP", title=title, xlim=(0, None))
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def plot_training(metrics: Path, path: Path) -> None:
    """Losses and validation figures over the epochs of a run's CSV log."""
    with metrics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    names = [name for name in rows[0] if name not in ("stage", "epoch", "seconds")]
    groups = {
        "loss": [name for name in names if not name.startswith("validation/")],
        "validation mAP": [name for name in names if name.endswith("/mAP") and "chance" not in name],
    }
    figure, axes = plt.subplots(1, len(groups), figsize=(11, 4.2), squeeze=False)
    for axis, (title, shown) in zip(axes[0], groups.items(), strict=True):
        for name in shown:
            axis.plot(range(1, len(rows) + 1), [float(row[name]) for row in rows], marker=".", label=name)
        # The terms of a loss differ by orders of magnitude.
        axis.set(xlabel="epoch", title=title, yscale="log" if title == "loss" else "linear")
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
