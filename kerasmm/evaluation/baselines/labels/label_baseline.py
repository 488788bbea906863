"""What every baseline that ranks the labels of posts is given and answers."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import Self

import numpy as np


class LabelBaseline(abc.ABC):
    """Scores the labels of posts by what they say, learnt from the training posts; needs no pictures."""

    @abc.abstractmethod
    def fit(self, texts: Sequence[str], labels: np.ndarray) -> Self:
        """Learns from the training posts.

        Args:
            texts: n texts.
            labels: `(n, K)` multi-hot; may be a memory map.

        Raises:
            ValueError: When there is no post, or the two don't have the same posts.
        """

    @abc.abstractmethod
    def scores(self, texts: Sequence[str]) -> np.ndarray:
        """Scores `(m, K)` of the labels of m posts, higher is better."""


def check_posts(texts: Sequence[str], labels: np.ndarray) -> None:
    """Refuses texts and labels that aren't those of the same posts, one or more."""
    if labels.ndim != 2 or len(labels) != len(texts) or not len(texts):
        raise ValueError(
            "`labels` must have shape (posts, labels) with a row a text, one or more. "
            f"Received: {labels.shape} for {len(texts)} texts"
        )
