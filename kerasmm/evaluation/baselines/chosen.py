"""A baseline that a comparison may show: fitted to the training posts, with the setting that does best on validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from kerasmm.console import UserError, progress
from kerasmm.data.dataset import Dataset
from kerasmm.evaluation.baselines import find
from kerasmm.evaluation.baselines.baseline import Baseline, Views

Arrays = Mapping[str, np.ndarray]


def chosen_baseline(
    name: str,
    views: Views,
    validation: Callable[[], Arrays],
    score: Callable[[Baseline, Arrays], float],
    settings: dict[str, dict[str, Any]],
    seed: int = 0,
    quiet: bool = True,
) -> Baseline:
    """A fitted baseline with the setting of its grid that has the largest score.

    Args:
        name: Of the baseline.
        views: The training posts.
        validation: Gives the validation posts; called where there is something to choose.
        score: What of a fitted baseline is to be large on them.
        settings: By baseline, what was chosen before; what is chosen now is added.
        seed: Of the baseline.
        quiet: No progress bar.

    Raises:
        UserError: For an unknown name.
    """
    kind = find(name)
    grid = [settings[name]] if name in settings else list(kind.grid)
    # Before the bar below: a terminal shows one at a time.
    posts = validation() if len(grid) > 1 and kind.searches else {}
    scored = []
    with progress(quiet) as bar:
        task = bar.add_task(f"fit {name}", total=len(grid), note="")
        for setting in grid:
            fitted = kind(seed, **setting).fit(views)
            scored.append((score(fitted, posts) if posts else 0.0, setting, fitted))
            bar.advance(task)
    # The first of equals: grids begin with the plainest setting.
    _, settings[name], best = max(scored, key=lambda one: one[0])
    return best


def training_views(dataset: Dataset, train: Arrays) -> Views:
    """What baselines learn from: features and tags of the training posts, and their links among each other.

    Raises:
        UserError: When the data set holds no image features.
    """
    features, records = stored_features(dataset, train), dataset.records("train")
    indptr, columns = [0], []
    for post in dataset.posts("train"):
        rows = records.rows_of([link.encode() for link in post.links])
        columns.append(rows[rows >= 0])
        indptr.append(indptr[-1] + len(columns[-1]))
    return Views(features, train["tags"], (np.array(indptr), np.concatenate(columns)))


def stored_features(dataset: Dataset, posts: Arrays) -> np.ndarray:
    """The pooled image features `(n, M)` of posts.

    Raises:
        UserError: When the data set holds none.
    """
    if "features" not in posts:
        raise UserError(
            f"{dataset.folder}: holds no image features, which baselines learn from; build it with `--features`"
        )
    return posts["features"]
