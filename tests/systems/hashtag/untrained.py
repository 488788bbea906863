"""Runs of hashtag whose weights are random ones, and scores of their models by slow loops."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import PIL.Image

from kerasmm.data.post import Post
from kerasmm.models import begin_second_stage, hashtag_part
from kerasmm.runs.run import Run, write_run
from tests.systems.hashtag.world import WORDS, made, posts
from tests.tiny import write_dataset


def untrained_run(folder: Path, data: Path, *changes: str) -> Run:
    """A run with weights of each stage that it would have."""
    keras.utils.set_random_seed(0)
    hashtag, dataset = made(data, *changes)
    write_run(folder, hashtag, dataset, {})
    run = Run(folder, hashtag, data, hashtag.build())
    # Tags of one length and other vectors in both stages, so that neither passes for the other.
    rng = np.random.default_rng(0)
    for name in ("agnostic_tags", "tags"):
        if name in {layer.name for layer in run.model.layers}:
            table = run.model.get_layer(name).embeddings
            table.assign(rng.normal(size=table.shape))
    for weights in hashtag.other_weights:
        run.save_weights(weights)
    if hashtag.specific:
        tags = {layer.name: layer for layer in run.model.layers}.get("tags")
        own = None if tags is None else np.array(tags.embeddings)
        begin_second_stage(run.model)
        if own is not None:
            tags.embeddings.assign(own)
    run.save_weights()
    return run


def photo(kind: int) -> bytes:
    """A picture of a kind; equal bytes for equal kinds."""
    file = io.BytesIO()
    PIL.Image.new("RGB", (12 + kind, 12), (20 * kind, 90, 200)).save(file, "PNG")
    return file.getvalue()


def with_photos(made: Sequence[Post]) -> list[Post]:
    return [dataclasses.replace(post, image=photo(number % len(WORDS))) for number, post in enumerate(made)]


def write_photos(folder: Path, train: int = 72, test: int = 36) -> Path:
    """The world, with photos in the test split."""
    splits = {"train": posts(train, 1, second=True), "test": with_photos(posts(test, 3, "test", second=True))}
    return write_dataset(folder, {**splits, "validation": posts(12, 2, "validation")})


def image_of(model: keras.Model, features: np.ndarray) -> np.ndarray:
    """f of a post."""
    found: np.ndarray = np.asarray(
        hashtag_part(model, "image")({"features": features[None].astype("float32")})["image"]
    )[0]
    return found


def score_by_hand(
    model: keras.Model, image: np.ndarray, tag: int, user: int | None, cosine: bool = False, sizes: bool = False
) -> float:
    """Equation 1 or 2 without a user, else equation 3 or the MLP, number by number; user -1 is the mean user.

    With `sizes` the same of the absolute values, which bounds what roundings can do.
    """
    layers = {layer.name: layer for layer in model.layers}

    def of(values: object) -> np.ndarray:
        found = np.asarray(values, "float64")
        return np.abs(found) if sizes else found

    image = of(image)
    if user is None:
        own = of(layers["agnostic_tags"].embeddings)[tag]
        product = sum(a * b for a, b in zip(own, image, strict=True))
        return product / float(np.linalg.norm(own) * np.linalg.norm(image)) if cosine else product
    own = of(layers.get("tags", layers["agnostic_tags"]).embeddings)[tag]
    people = np.asarray(layers["users"].embeddings, "float64")
    person = of(people.mean(axis=0) if user < 0 else people[user])
    if "tensor" in layers:
        kernel = of(layers["tensor"].kernel)
        return sum(
            kernel[d, f, e] * own[d] * image[f] * person[e]
            for d in range(kernel.shape[0])
            for f in range(kernel.shape[1])
            for e in range(kernel.shape[2])
        )
    mlp = layers["mlp"]
    hidden = np.concatenate([one / np.sqrt(np.mean(one**2) + 1e-6) for one in (own, image, person)])
    for place, (kernel, bias) in enumerate(zip(mlp.kernels, mlp.biases, strict=True)):
        hidden = hidden @ of(kernel) + of(bias)
        hidden = hidden if place == len(mlp.kernels) - 1 else np.maximum(hidden, 0)
    return float(hidden[0])
