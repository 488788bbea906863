"""Scores of tags for pictures, and of pictures for tags, as given users see them, whoever posted what."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.evaluation.best_first import best_first
from kerasmm.models import hashtag_part, hashtag_scores, in_second_stage, tag_table
from kerasmm.systems.hashtag.system import Hashtag

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.sheets import Photos, Trained

Scored = Callable[[np.ndarray], np.ndarray]
"""Pictures `(n, F)` → their scores `(n, questions)`."""


def tag_scores(system: Hashtag, model: keras.Model, pictures: tf.Tensor, users: Sequence[int]) -> np.ndarray:
    """Scores of all tags.

    Args:
        system: The system.
        model: Its model, with weights of either stage.
        pictures: `(n, *shape)`, as `Posts.parsed` gives them.
        users: Of each picture, below 0 for the mean user; asked for in the second stage alone.

    Returns:
        `(n, K)`.
    """
    part = hashtag_part(model, *(("image", "vectors", "user") if system.specific else ("image", "vectors")))
    given = {system.posts.picture_input: pictures, "user": tf.constant(users, tf.int32)}
    outputs = part({name: given[name] for name in part.input}, training=False)
    # One by one: an MLP holds all its units for each tag of each picture.
    rows = [{name: values[row : row + 1] for name, values in outputs.items()} for row in range(len(users))]
    return np.concatenate([np.asarray(hashtag_scores(model, row), "float32") for row in rows])


def first_tags(
    run: Trained, weights: str, photos: Photos, asked: Sequence[tuple[int, int]], k: int
) -> list[tuple[str, ...]]:
    """The k best tags, best first.

    Args:
        run: A run of hashtag.
        weights: Name of its weights.
        photos: The posts.
        asked: Questions: the place of a photo among them, and a user, below 0 for the mean user.
        k: How many tags; all where there are fewer.

    Returns:
        One for each question.
    """
    system, model = run.open(weights)
    assert isinstance(system, Hashtag)
    serialized = photos.dataset.records(photos.split).read(np.array(photos.rows))
    pictures = system.posts.parsed(tf.constant(serialized))["picture"]
    places, users = zip(*asked, strict=True)
    scores = tag_scores(system, model, tf.gather(pictures, places), users)
    tags = system.vocabularies["tags"]
    return [tuple(tags[tag] for tag in order) for order in best_first(scores)[:, :k].tolist()]


def first_pictures(
    run: Trained,
    weights: str,
    photos: Photos,
    asked: Sequence[tuple[int, int]],
    k: int,
    advance: Callable[[], None] = lambda: None,
) -> list[list[int]]:
    """The rows of the k best pictures of a split, best first.

    Args:
        run: A run of hashtag.
        weights: Name of its weights.
        photos: Names the data set and the split.
        asked: As `picture_scores` takes them.
        k: How many pictures; all where there are fewer.
        advance: Called after each batch.

    Returns:
        One for each question.
    """
    system, model = run.open(weights)
    assert isinstance(system, Hashtag)
    parts = []
    for part in picture_scores(system, model, photos.dataset, photos.split, asked):
        parts.append(part)
        advance()
    found: list[list[int]] = best_first(np.concatenate(parts).T)[:, :k].tolist()
    return found


def picture_scores(
    system: Hashtag, model: keras.Model, dataset: Dataset, split: str, asked: Sequence[tuple[int, int]]
) -> Iterator[np.ndarray]:
    """Scores of all pictures of a split.

    Args:
        system: The system.
        model: Its model, with weights of either stage.
        dataset: The data set.
        split: Of the pictures.
        asked: Questions: a tag, and a user, below 0 for the mean user; without meaning in the first stage.

    Yields:
        `(n, questions)`, a batch of pictures after another.
    """
    tags, users = (np.array(column) for column in zip(*asked, strict=True))
    table, second = np.asarray(tag_table(model))[tags], in_second_stage(model)
    scored = _specific(model, table, users) if second else _inner(table)
    for batch in system.outputs(model, dataset, split):
        yield np.asarray(scored(batch["image" if second else "vectors"]), "float32")


def _inner(queries: np.ndarray) -> Scored:
    return lambda images: images @ queries.T


def _specific(model: keras.Model, tags: np.ndarray, users: np.ndarray) -> Scored:
    """What scores pictures `(n, F)` for tags `(m, D)`, each asked by its user."""
    people = model.get_layer("users")(users)
    if "mlp" not in {layer.name for layer in model.layers}:
        return _inner(np.asarray(model.get_layer("tensor")(tags, people, toward="image")))
    mlp = model.get_layer("mlp")

    def scored(images: np.ndarray) -> np.ndarray:
        return np.asarray(mlp(images, tags, people, across="image")).T

    return scored
