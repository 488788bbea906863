"""A data set small enough for a test, written without data_prep: colours as words, quarters of the picture as regions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasmm.data.manifest import Features, Manifest, Shard, StoredFile, Vocabulary, sha256_of
from kerasmm.data.post import Post

COLOURS = {
    "red": (220, 30, 30),
    "green": (30, 200, 40),
    "blue": (30, 40, 220),
    "yellow": (230, 220, 40),
    "white": (250, 250, 250),
    "black": (5, 5, 5),
}
LABELS = ("red", "green", "blue")


def tiny_posts(count: int, seed: int, features: bool = True, prefix: str = "post", linked: bool = True) -> list[Post]:
    """Posts of 32 × 32 pictures with four quarters; tags name the colours, features are the colours plus noise."""
    rng = np.random.default_rng(seed)
    words = list(COLOURS)
    drawn = [rng.choice(words, 4) for _ in range(count)]
    labels = [tuple(sorted(set(quarters) & set(LABELS))) for quarters in drawn]
    posts = []
    for number, quarters in enumerate(drawn):
        pixels = np.zeros((32, 32, 3), "uint8")
        for place, word in enumerate(quarters):
            y, x = divmod(place, 2)
            pixels[16 * y : 16 * y + 16, 16 * x : 16 * x + 16] = COLOURS[word]
        regions = np.array([COLOURS[word] for word in quarters], "float32") / 255.0
        regions = np.concatenate([regions + rng.normal(0, 0.02, regions.shape), rng.normal(size=(4, 2))], axis=1)
        friends = [
            f"{prefix}-{other}"
            for other in range(count)
            if other != number and set(labels[other]) & set(labels[number])
        ]
        posts.append(
            Post(
                id=f"{prefix}-{number}",
                image=tf.io.encode_png(pixels).numpy(),
                features=regions.astype("float16") if features else None,
                text=" ".join(quarters),
                tags=tuple(dict.fromkeys(quarters)),
                labels=labels[number],
                user=f"user-{number % 5}",
                time=1_600_000_000 + number,
                links=tuple(rng.permutation(friends)[:50].tolist()) if linked else (),
            )
        )
    return posts


def write_dataset(
    folder: Path,
    splits: dict[str, list[Post]],
    shard_records: int = 7,
    keywords: Sequence[str] | None = None,
    labels: Sequence[str] = LABELS,
) -> Path:
    """Writes posts as a data set that `kerasmm.data` reads; with `keywords` as one that was collected for them."""
    folder.mkdir(parents=True)
    shards: dict[str, list[Shard]] = {}
    fields: dict[str, dict[str, int]] = {}
    for split, posts in splits.items():
        shards[split], fields[split] = [], {}
        for start in range(0, len(posts), shard_records):
            path = folder / f"{split}-{start // shard_records:05d}.tfrecord"
            part = posts[start : start + shard_records]
            with tf.io.TFRecordWriter(str(path)) as writer:
                for post in part:
                    writer.write(post.to_bytes())
            shards[split].append(Shard(**stored(folder, path).model_dump(), records=len(part)))
        for post in posts:
            for field in post.fields():
                fields[split][field] = fields[split].get(field, 0) + 1
    (folder / "vocabularies").mkdir()
    vocabularies = {}
    collected = {} if keywords is None else {"keywords": keywords}
    for name, words in {"tags": tuple(COLOURS), "labels": labels, **collected}.items():
        path = folder / "vocabularies" / f"{name}.txt"
        path.write_text("".join(f"{word}\n" for word in words))
        vocabularies[name] = Vocabulary(**stored(folder, path).model_dump(), size=len(words))
    first = next(iter(splits.values()))[0].features
    features = None
    if first is not None:
        features = Features(
            encoder="vgg16", fingerprint="0" * 64, image_size=(32, 32), resize="squash", shape=first.shape
        )
    Manifest(
        source="tiny", synthetic=True, splits=shards, fields=fields, vocabularies=vocabularies, features=features
    ).write(folder)
    return folder


def stored(folder: Path, path: Path) -> StoredFile:
    return StoredFile(name=str(path.relative_to(folder)), bytes=path.stat().st_size, sha256=sha256_of(path))


def tiny_dataset(folder: Path, train: int = 120, other: int = 40, features: bool = True) -> Path:
    """A whole data set with a training, a validation and a test split."""
    return write_dataset(
        folder,
        {
            "train": tiny_posts(train, 1, features),
            "validation": tiny_posts(other, 2, features, "validation", linked=False),
            "test": tiny_posts(other, 3, features, "test", linked=False),
        },
    )
