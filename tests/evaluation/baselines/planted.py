"""Posts whose pictures and tags share planted factors."""

from __future__ import annotations

import numpy as np

from kerasmm.evaluation.baselines import Views


def unlinked(features: np.ndarray, tags: np.ndarray) -> Views:
    return Views(features, tags, (np.zeros(len(features) + 1, "int64"), np.zeros(0, "int64")))


def planted(
    rng: np.random.Generator, posts: int = 300, topics: int = 3, words: int = 12, features: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Features `(n, M)`, tags `(n, L)` and the topic of each post: word k belongs to topic k mod `topics`."""
    topic = rng.integers(0, topics, posts)
    mixing = 2 * rng.normal(size=(topics, features))
    pictures = mixing[topic] + rng.normal(size=(posts, features)) + 5
    own = np.arange(words)[None] % topics == topic[:, None]
    tags = rng.random((posts, words)) < np.where(own, 0.5, 0.03)
    return pictures.astype("float32"), tags.astype("uint8"), topic
