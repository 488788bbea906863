"""Plots of an evaluation."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

from kerasmm.evaluation.retrieval import DIRECTIONS, RECALLS
from kerasmm.evaluation.search import RANKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WAYS = dict(zip(DIRECTIONS, ("image → sentence", "sentence → image"), strict=True))

_COMPARED = {
    "classification/mAP": "multi-label classification",
    "search/mAP": "label words as queries",
    "tag_search/mAP": "every word as a query",
    **{f"{direction}/R@1": title for direction, title in WAYS.items()},
    "R@10": "connotations",
    "coverage": "connotations, smaller is better",
}
"""What a comparison shows, where its rows have it: a figure, and what its protocol is."""


def plot_search(figures: Mapping[str, float], path: Path) -> None:
    """Precision at k of each way to search, with chance."""
    series = sorted({name.rsplit("/", 1)[0] for name in figures if "/p@" in name})
    panels = [panel for panel in ("search", "tag_search") if f"{panel}/p@1" in figures]
    if not panels:
        return
    figure, axes = plt.subplots(1, len(panels), figsize=(5.5 * len(panels), 4.2), squeeze=False)
    titles = {"search": "label words as queries", "tag_search": "every word as a query"}
    for axis, panel in zip(axes[0], panels, strict=True):
        shown = {}
        for name in series:
            first = name.removeprefix("ridge/").split("/")[0]
            if first.removesuffix("_literal").removesuffix("_score") != panel or (
                name.endswith("chance") and name != f"{panel}/chance"
            ):
                continue
            shown["chance" if name.endswith("chance") else name] = [figures[f"{name}/p@{k}"] for k in RANKS]
        _draw_at_k(axis, RANKS, shown)
        axis.set(ylabel="precision at k", title=titles[panel])
    _write(figure, path)


def plot_retrieval(figures: Mapping[str, float], path: Path) -> None:
    """Recall at k both ways, with chance; figures of other weights of the run, under a prefix, are lines of their own."""
    prefixes = _prefixes(figures, f"{DIRECTIONS[0]}/R@1")
    if not prefixes:
        return
    figure, axes = plt.subplots(1, len(WAYS), figsize=(5.5 * len(WAYS), 4.2), squeeze=False)
    for axis, (direction, title) in zip(axes[0], WAYS.items(), strict=True):
        keys = {prefix.rstrip("/") or "best": f"{prefix}{direction}" for prefix in prefixes}
        keys["chance"] = f"{prefixes[0]}{direction}/chance"
        _draw_at_k(axis, RECALLS, {label: [figures[f"{key}/R@{k}"] for k in RECALLS] for label, key in keys.items()})
        axis.set(ylabel="recall at k", title=title)
    _write(figure, path)


def plot_comparison(rows: Mapping[str, Sequence[Mapping[str, float]]], path: Path) -> None:
    """The main figure of each protocol, row by row; bars and whiskers are mean and deviation.

    Figures of other weights of a run, under a prefix, are rows of their own.
    """
    panels = []
    for key, title in _COMPARED.items():
        if shown := _measured(rows, key):
            panels.append((key, title, shown))
    if not panels:
        return
    most = max(len(shown) for *_, shown in panels)
    figure, axes = plt.subplots(1, len(panels), figsize=(5 * len(panels), 0.8 + 0.42 * most + 1.2), squeeze=False)
    for axis, (key, title, shown) in zip(axes[0], panels, strict=True):
        *protocol, figure_name = key.split("/")
        deviations = [float(np.std(values, ddof=1)) if len(values) > 1 else 0.0 for values in shown.values()]
        means = [float(np.mean(values)) for values in shown.values()]
        axis.barh(list(shown), means, xerr=deviations, color="#4477aa", error_kw={"ecolor": "0.2", "capsize": 3})
        chances = _measured(rows, "/".join([*protocol, "chance", figure_name]))
        if chances:
            axis.axvline(next(iter(chances.values()))[0], color="0.5", linestyle="--", label="chance")
            axis.legend(frameon=False, fontsize=8, loc="upper right", bbox_to_anchor=(1.0, -0.08), borderpad=0)
        axis.invert_yaxis()
        axis.set(xlabel=figure_name, title=title, xlim=(0, None))
        axis.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


def plot_training(metrics: Path, path: Path) -> None:
    """Losses and validation figures over the epochs of a run's CSV log, stage by stage."""
    with metrics.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    if not rows:
        return
    groups = _training_groups([name for name in rows[0] if name not in ("stage", "epoch", "seconds")])
    figure, axes = plt.subplots(1, len(groups), figsize=(5.5 * len(groups), 4.2), squeeze=False)
    begins = [place for place in range(1, len(rows)) if rows[place]["stage"] != rows[place - 1]["stage"]]
    for axis, (title, shown) in zip(axes[0], groups.items(), strict=True):
        for name in shown:
            # A stage without a term leaves its cell empty; and it may begin elsewhere than the one before it ended.
            values = np.insert([float(row[name] or math.nan) for row in rows], begins, math.nan)
            epochs = np.insert(np.arange(1.0, len(rows) + 1), begins, math.nan)
            axis.plot(epochs, values, marker=".", label=name)
        for place in begins:
            axis.axvline(place + 0.5, color="0.7", linewidth=0.8)
            axis.text(
                place + 0.6, 1.0, rows[place]["stage"], transform=axis.get_xaxis_transform(), fontsize=8, va="top"
            )
        # The terms of a loss differ by orders of magnitude.
        axis.set(xlabel="epoch", title=title, yscale="log" if title == "loss" else "linear")
        axis.legend(frameon=False, fontsize=8)
        axis.spines[["top", "right"]].set_visible(False)
    _write(figure, path)


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


def _prefixes(figures: Mapping[str, float], key: str) -> list[str]:
    """What stands before a key: nothing and, in retrieval, names of other weights; folds are another protocol."""
    if not key.startswith(DIRECTIONS):
        return [""] if key in figures else []
    found = [name.removesuffix(key) for name in figures if name == key or name.endswith(f"/{key}")]
    return sorted(prefix for prefix in found if "folds" not in prefix.split("/"))


def _measured(rows: Mapping[str, Sequence[Mapping[str, float]]], key: str) -> dict[str, list[float]]:
    """A figure by row, one value a seed."""
    shown: dict[str, list[float]] = {}
    for row, found in rows.items():
        for one in found:
            for prefix in _prefixes(one, key):
                shown.setdefault(f"{row}: {prefix.rstrip('/')}" if prefix else row, []).append(one[f"{prefix}{key}"])
    return shown


def _draw_at_k(axis: Axes, ranks: Sequence[int], shown: Mapping[str, Sequence[float]]) -> None:
    """Shares at each k, by label; chance is grey."""
    for label, values in shown.items():
        style: dict[str, Any] = {"color": "0.6", "linestyle": "--"} if label == "chance" else {"marker": "o"}
        axis.plot(range(len(ranks)), values, label=label, **style)
    axis.set_xticks(range(len(ranks)), [str(k) for k in ranks])
    axis.set(xlabel="k", ylim=(0, 1))
    axis.legend(frameon=False, fontsize=8)
    axis.spines[["top", "right"]].set_visible(False)


def _write(figure: Figure, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, dpi=120)
    plt.close(figure)
