"""A world for hashtag: two groups of users who name the same pictures by each other's words."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np

from kerasmm.data import open_dataset
from kerasmm.data.dataset import Dataset
from kerasmm.data.post import Post
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from kerasmm.systems.hashtag.system import Hashtag
from kerasmm.systems.system import Stage
from tests.tiny import COLOURS, write_dataset

WORDS = tuple(COLOURS)
USERS = tuple(f"user-{number}" for number in range(6))
"""The even ones name a picture of kind k by the k-th word, the odd ones by the word half way round from it."""

SETTINGS = (
    *(
        "network.dimension=8",
        "network.user_dimension=4",
        "network.tag_vectors=ppmi",
        "network.mlp_units=[8]",
        "network.dropout=0",
    ),
    *("training.batch_size=24", "training.epochs=1", "user_specific.epochs=1"),
)


def word(kind: int, user: str) -> str:
    """What a user calls a picture of a kind."""
    half = len(WORDS) // 2 * (int(user[-1]) % 2)
    return WORDS[(kind + half) % len(WORDS)]


def features(kind: int, rng: np.random.Generator) -> np.ndarray:
    """Which kind it is, and noise."""
    found: np.ndarray = (np.eye(len(WORDS))[kind] + rng.normal(0, 0.05, len(WORDS))).astype("float16")
    return found


def posts(count: int, seed: int, prefix: str = "post", second: bool = False) -> list[Post]:
    """Every 36 of them show every kind by every user once; with a `second` tag each, the next word."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        kind, user = number % len(WORDS), USERS[number // len(WORDS) % len(USERS)]
        tags = (word(kind, user), word(kind + 1, user))[: 2 if second else 1]
        made.append(Post(id=f"{prefix}-{number}", features=features(kind, rng), tags=tags, user=user))
    return made


def write_world(folder: Path, train: int = 72, other: int = 36, second: bool = False) -> Path:
    return write_dataset(
        folder,
        {
            "train": posts(train, 1, second=second),
            "validation": posts(other, 2, "validation", second),
            "test": posts(other, 3, "test", second),
        },
    )


def made(folder: Path, *changes: str, seed: int = 0) -> tuple[Hashtag, Dataset]:
    """The system of a data set, small, and the data set."""
    kind = system("hashtag")
    dataset = open_dataset(folder)
    config = load_config(kind.Config, None, [*SETTINGS, *changes])
    return kind(config, kind.gather_facts(config, dataset), seed), dataset


def stages_of(folder: Path, *changes: str, seed: int = 0) -> tuple[Hashtag, keras.Model, Dataset, list[Stage]]:
    """The system of a data set, its model, the data set and its stages."""
    hashtag, dataset = made(folder, *changes, seed=seed)
    model = hashtag.build()
    return hashtag, model, dataset, hashtag.stages(model, dataset)
