"""What every baseline of tables 2 and 3 is given and answers."""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, ClassVar, Self

import numpy as np


@dataclasses.dataclass(frozen=True)
class Views:
    """What a baseline may learn from: the training posts.

    Attributes:
        features: `(n, M)` pooled image features, float32; may be a memory map.
        tags: `(n, L)` multi-hot, float32 or uint8; may be a memory map.
        links: Linked training posts as compressed rows: `indptr` `(n + 1,)` and the columns.

    Raises:
        ValueError: When the views don't have the same posts, or there are fewer than two.
    """

    features: np.ndarray
    tags: np.ndarray
    links: tuple[np.ndarray, np.ndarray]

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or self.tags.ndim != 2:
            raise ValueError(
                "`features` and `tags` must be matrices of posts. "
                f"Received: shapes {self.features.shape} and {self.tags.shape}"
            )
        if len(self.features) != len(self.tags):
            raise ValueError(
                "`features` and `tags` must hold the same posts. "
                f"Received: {len(self.features)} and {len(self.tags)} posts"
            )
        if len(self.features) < 2:
            raise ValueError(f"A baseline learns from two posts or more. Received: {len(self.features)}")
        if len(self.links[0]) != len(self.features) + 1:
            raise ValueError(
                "`links` must have one more row pointer than there are posts. "
                f"Received: {len(self.links[0])} for {len(self.features)} posts"
            )


class Baseline(abc.ABC):
    """Puts pictures and words into one space, learnt from `Views`.

    Args:
        seed: Whatever is drawn is drawn from it; the same seed gives the same answers.
        **setting: One of `grid`, chosen on validation by the caller.
    """

    name: ClassVar[str]
    """Key in figures and on the command line."""
    title: ClassVar[str]
    """As in the tables."""
    grid: ClassVar[tuple[dict[str, Any], ...]]
    """Settings to choose from on validation."""
    distance: ClassVar[str] = "cosine"
    """Of `kerasmm.evaluation.search`."""
    searches: ClassVar[bool] = True
    """False for a baseline without a text view: no row in table 3."""

    @abc.abstractmethod
    def __init__(self, seed: int = 0, **setting: Any) -> None: ...

    @abc.abstractmethod
    def fit(self, views: Views) -> Self:
        """Learns from the training posts."""

    @abc.abstractmethod
    def images(self, features: np.ndarray) -> np.ndarray:
        """Pictures alone, seen in training or not: `(m, M)` → `(m, d)`."""

    def words(self, tags: np.ndarray) -> np.ndarray:
        """Queries in the space of `images`: 0/1 `(q, L)` → `(q, d)`."""
        raise TypeError(f"{self.title} has no text view")

    def label_scores(self, labels: np.ndarray, features: np.ndarray) -> np.ndarray | None:
        """Scores of labels `(m, K)` where the baseline predicts them itself.

        Args:
            labels: `(n, K)` labels of the training posts, multi-hot.
            features: `(m, M)` pooled features of the posts to score.

        Returns:
            None where the common classifier on `images` is to do it.
        """
        return None
