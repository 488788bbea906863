"""A world for webly: pictures of one colour beside another, sentences that say which, web posts with noisy tags."""

from __future__ import annotations

import re
from pathlib import Path

import keras
import numpy as np

from kerasmm.data import open_dataset
from kerasmm.data.dataset import Dataset
from kerasmm.data.post import Post
from kerasmm.systems import system
from kerasmm.systems.config import load_config
from kerasmm.systems.system import Stage
from kerasmm.systems.webly.system import Webly
from tests.tiny import COLOURS, write_dataset

WORDS = tuple(COLOURS)
PAIRS = [(left, right) for left in WORDS for right in WORDS]
"""What a picture can be: 36 of them."""

KEYWORDS = ("red", "green", "blue", "yellow", "white", "black")
"""By falling frequency, as a collection would keep them."""

SETTINGS = (
    *("network.dimension=12", "network.gru_units=12", "network.word_dimension=8", "network.pooling=last"),
    *("network.dropout=0", "network.standardise=false"),
    *("text.minimum=1", "text.tag_minimum=1", "text.tag_dimension=6"),
    *("training.batch_size=16", "training.epochs=1", "web.epochs=1", "bucket_batches=4"),
)


def features(left: str, right: str, rng: np.random.Generator) -> np.ndarray:
    """Which colour stands where, and noise."""
    places = np.zeros(2 * len(WORDS))
    places[[WORDS.index(left), len(WORDS) + WORDS.index(right)]] = 1.0
    return (places + rng.normal(0, 0.05, len(places))).astype("float16")


def clean_posts(count: int, seed: int, prefix: str = "post", sentences: int = 2) -> list[Post]:
    """Every 36 of them show every pair of colours once."""
    rng = np.random.default_rng(seed)
    posts = []
    for number in range(count):
        left, right = PAIRS[number % len(PAIRS)]
        said = (f"A {left} square beside a {right} one.", f"{left}, and to the right of it there is {right}!")[
            :sentences
        ]
        tags = (f"{left} square {right}", f"{left} right {right}")[:sentences]
        posts.append(
            Post(id=f"{prefix}-{number}", features=features(left, right, rng), sentences=said, sentence_tags=tags)
        )
    return posts


def web_posts(count: int, seed: int) -> list[Post]:
    """Two colours as tags, in any order, and a word that tells nothing."""
    rng = np.random.default_rng(seed)
    posts = []
    for number in range(count):
        left, right = PAIRS[rng.integers(len(PAIRS))]
        tags = tuple(dict.fromkeys(rng.permutation([left, right, f"camera{rng.integers(3)}"]).tolist()))
        matched = tuple(word for word in KEYWORDS if word in tags)
        posts.append(Post(id=f"web-{number}", features=features(left, right, rng), tags=tags, keywords=matched))
    return posts


def write_clean(folder: Path, train: int = 40, other: int = 36) -> Path:
    return write_dataset(
        folder,
        {
            "train": clean_posts(train, 1),
            "validation": clean_posts(other, 2, "validation"),
            "test": clean_posts(other, 3, "test"),
        },
    )


def write_web(folder: Path, posts: list[Post] | None = None, keywords: tuple[str, ...] | None = KEYWORDS) -> Path:
    return write_dataset(folder, {"train": web_posts(50, 4) if posts is None else posts}, keywords=keywords)


def made(folder: Path, *changes: str, seed: int = 0) -> tuple[Webly, Dataset]:
    """The system of a data set, small, and the data set."""
    kind = system("webly")
    dataset = open_dataset(folder)
    config = load_config(kind.Config, None, [*SETTINGS, *changes])
    return kind(config, kind.gather_facts(config, dataset), seed), dataset


def stages_of(folder: Path, *changes: str, seed: int = 0) -> tuple[Webly, keras.Model, Dataset, dict[str, Stage]]:
    """The system of a data set, its model, the data set and its stages by name."""
    webly, dataset = made(folder, *changes, seed=seed)
    model = webly.build()
    return webly, model, dataset, {stage.name: stage for stage in webly.stages(model, dataset)}


def words_of(text: str) -> list[str]:
    """What webly's tokens of these texts are."""
    return re.findall(r"[a-z]+", text.lower())
