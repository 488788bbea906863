"""The figures of CMEM's section 4.1.3: how many labels an annotator found, how many stay, how uneven they are."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from kerasmm.console import UserError
from kerasmm.data.manifest import FILE_NAME, Manifest
from kerasmm.files.json_file import checked

STATISTICS = "connotations/"
"""How the names of the figures begin in the manifest's statistics."""

_FOUND = f"{STATISTICS}found_"
_TOP, _RARE = 10, 10
_WITHOUT_LABEL = ("no labels", "no label in the vocabulary")
_ROWS = {
    "labels": "distinct labels",
    "posts": "posts",
    "labels_per_post": "labels a post, mean",
    "labels_per_post_std": "labels a post, standard deviation",
    "top_ten_share": "share of the ten most frequent labels",
    "rare_labels": f"labels of fewer than {_RARE} posts",
}


def label_figures(counts: Iterable[int], sizes: Mapping[int, int]) -> dict[str, float]:
    """The figures of a set of labelled posts.

    Args:
        counts: How many posts have each label; read once and not held.
        sizes: How many posts have so many labels.

    Returns:
        `labels`, how many there are; `posts`; `labels_per_post` and `labels_per_post_std`, their mean number in a post
        and its (population) standard deviation; `top_ten_share`, the share of the ten most frequent in all occurrences;
        `rare_labels`, how many occur less than ten times.

    Example:

    >>> label_figures([3, 1], {1: 2, 2: 1})["labels_per_post"]
    1.3333333333333333
    """
    posts = sum(sizes.values())
    mean = sum(size * count for size, count in sizes.items()) / max(posts, 1)
    variance = sum((size - mean) ** 2 * count for size, count in sizes.items()) / max(posts, 1)
    labels = occurrences = rare = 0
    top: list[int] = []
    for count in counts:
        labels += 1
        occurrences += count
        rare += count < _RARE
        heapq.heappush(top, count)
        if len(top) > _TOP:
            heapq.heappop(top)
    return {
        "labels": labels,
        "posts": posts,
        "labels_per_post": mean,
        "labels_per_post_std": math.sqrt(variance),
        "top_ten_share": sum(top) / max(occurrences, 1),
        "rare_labels": rare,
    }


def found(counts: Iterable[int], sizes: Mapping[int, int]) -> dict[str, float]:
    """Figures of the posts that have a label before any is cut, as statistics of the manifest.

    Args:
        counts: How many posts have each label.
        sizes: How many posts have so many labels.
    """
    return {f"{_FOUND}{name}": figure for name, figure in label_figures(counts, sizes).items()}


def connotation_figures(
    manifest: Manifest, labels: Mapping[str, int], sizes: Mapping[int, int]
) -> dict[str, Any] | None:
    """The figures of a data set as found and as kept, or None where no annotator gave the labels.

    Args:
        manifest: Of the data set.
        labels: How many posts of the data set have each label.
        sizes: How many posts of the data set have so many labels.

    Returns:
        `method` and `minimum` as configured, `found` and `kept` as of `label_figures`, `posts_without_label`, how many
        posts were dropped because no label was found or none stayed, and what the annotator itself noted.
    """
    noted = {name: figure for name, figure in manifest.statistics.items() if name.startswith(STATISTICS)}
    if not noted:
        return None
    dropped = sum(
        count for reasons in manifest.dropped.values() for reason, count in reasons.items() if reason in _WITHOUT_LABEL
    )
    if missing := [name for name in _ROWS if f"{_FOUND}{name}" not in noted]:
        raise UserError(f"{FILE_NAME}: `statistics.{_FOUND}{missing[0]}`: missing, beside others of its kind")
    config = checked(manifest.config, _Asked, f"{FILE_NAME}: `config`")
    return {
        "method": config.connotations.method,
        "minimum": config.labels.minimum,
        "found": {name: _rounded(noted.pop(f"{_FOUND}{name}")) for name in _ROWS},
        "kept": {name: _rounded(figure) for name, figure in label_figures(labels.values(), sizes).items()},
        "posts_without_label": dropped,
        **{name.removeprefix(STATISTICS): _rounded(figure) for name, figure in noted.items()},
    }


class _Connotations(BaseModel):
    method: str


class _Labels(BaseModel):
    minimum: int


class _Asked(BaseModel):
    """What the build was asked for."""

    connotations: _Connotations
    labels: _Labels


def _rounded(figure: float) -> float:
    return int(figure) if float(figure).is_integer() else round(figure, 4)


def connotation_lines(figures: Mapping[str, Any]) -> Iterator[str]:
    """The figures as a table for people."""
    yield f"{'connotations (' + figures['method'] + ')':<42} {'found':>12} {'kept':>12}"
    for name, row in _ROWS.items():
        yield f"  {row:<40} {_shown(name, figures['found'][name]):>12} {_shown(name, figures['kept'][name]):>12}"
    for name, figure in figures.items():
        if name not in ("method", "minimum", "found", "kept"):
            yield f"  {name.replace('_', ' '):<40} {figure:>12,}"


def _shown(name: str, figure: float) -> str:
    if name == "top_ten_share":
        return f"{figure:.1%}"
    return f"{figure:.2f}" if name.startswith("labels_per_post") else f"{figure:,}"
