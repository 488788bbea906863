"""The connotations that a model ranks first for some posts (CMEM, figure 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.console import UserError
from kerasmm.systems.outputs import picked_rows

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.protocol import Arrays
    from kerasmm.systems.system import System


def first_connotations(
    system: System, model: keras.Model, dataset: Dataset, split: str, rows: Sequence[int], k: int
) -> list[tuple[str, ...]]:
    """The k best-scored labels of some posts, best first.

    Of equal scores the earlier label ranks higher, and one that is not a number ranks last, as in
    `kerasmm.evaluation.annotation`.

    Args:
        system: A system that scores labels.
        model: Its model.
        dataset: With the model's vocabulary of labels.
        split: Of the posts.
        rows: Their rows.
        k: How many labels a post; all where there are fewer.

    Returns:
        One for each of `rows`.

    Raises:
        UserError: When the system ranks no labels.
    """
    scores = picked_rows(_scored(system, model, dataset, split), "scores", rows).astype("float32")
    labels = system.vocabularies["labels"]
    order = np.argsort(np.where(np.isnan(scores), np.inf, -scores), axis=1, kind="stable")
    return [tuple(labels[place] for place in places) for places in order[:, :k].tolist()]


def _scored(system: System, model: keras.Model, dataset: Dataset, split: str) -> Iterator[Arrays]:
    for batch in system.outputs(model, dataset, split):
        if "scores" not in batch:
            raise UserError(f"{system.name} ranks no labels; expected a run of cmem")
        yield batch
