"""Posts of CMEM: pictures, characters and labels of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.systems.outputs import Tensors, pooled
from kerasmm.text import character_ids, count_characters

if TYPE_CHECKING:
    from kerasmm.data.batches import Picture
    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.cmem.config import CMEMConfig

_READ = 256


class Posts:
    """Reads posts as CMEM's inputs and targets.

    Args:
        config: CMEM's configuration.
        labels: The connotations.
        code_points: The characters that have an embedding.
        picture: How pictures come into the model; None for the tweet-only model.
        seed: Of every order, and of the noise; see `PostBatches`.
    """

    def __init__(
        self, config: CMEMConfig, labels: list[str], code_points: list[int], picture: Picture | None, seed: int
    ) -> None:
        self.config, self.labels, self.picture, self.seed = config, labels, picture, seed
        self._code_points, self._table = code_points, batches.word_table(labels)
        self._fields = _fields(config.text.with_tags)

    def texts(self, parsed: Tensors) -> tf.Tensor:
        """What each post says, with its tags where the configuration says so; "" where it says nothing."""
        return _joined(parsed, self._fields)

    def inputs(self, picture: tf.Tensor | None, texts: tf.Tensor) -> Tensors:
        """The inputs of the model; pixels or features `(n, …)`, texts `(n,)`."""
        given = {}
        if self.config.network.inputs != "text":
            assert self.picture is not None
            given["image" if self.picture.size else "features"] = picture
        if self.config.network.inputs != "image":
            given |= self.characters(texts)
        return given

    def characters(self, texts: tf.Tensor) -> Tensors:
        """The input that texts `(n,)` are."""
        return {"characters": character_ids(texts, self._code_points, self.config.text.characters)}

    def fields(self, serialized: tf.Tensor, draw: tf.Tensor | None = None) -> tuple[Tensors, Tensors]:
        """Serialized posts `(n,)` → inputs, and what of the posts an evaluation needs; `draw` `(2,)` seeds tags' orders."""
        parsed = batches.parse(serialized, self.picture, ("post/id", "labels", *self._fields))
        if draw is not None and "tags" in parsed:
            parsed["tags"] = _shuffled(parsed["tags"], draw)
        texts = self.texts(parsed)
        kept = {
            "id": parsed["post/id"].flat_values,
            "text": texts,
            "labels": batches.multi_hot(parsed["labels"], self._table, len(self.labels)),
        }
        if self.picture is not None and self.picture.features_shape is not None:
            kept["features"] = pooled(parsed["picture"], self.picture)
        return self.inputs(parsed.get("picture"), texts), kept


def _shuffled(words: tf.RaggedTensor, draw: tf.Tensor) -> tf.RaggedTensor:
    """The words of each row in a random order."""
    rows = words.value_rowids()
    chances = tf.random.stateless_uniform(tf.shape(rows), draw, dtype=tf.float64)
    return words.with_flat_values(tf.gather(words.flat_values, tf.argsort(tf.cast(rows, tf.float64) + chances)))


def _fields(with_tags: bool) -> tuple[str, ...]:
    return ("text", "tags") if with_tags else ("text",)


def _joined(parsed: Tensors, fields: tuple[str, ...]) -> tf.Tensor:
    return tf.strings.reduce_join(tf.concat([parsed[field] for field in fields], axis=1), axis=1, separator=" ")


def training_texts(dataset: Dataset, with_tags: bool) -> Iterator[tuple[str, list[str]]]:
    """Text and labels of each training post."""
    records, fields = dataset.records("train"), _fields(with_tags)
    read = batches.reader(records)
    for rows in batches.row_batches(np.arange(len(records)), _READ):
        parsed = batches.parse(read(rows), lists=(*fields, "labels"))
        texts = _joined(parsed, fields).numpy().tolist()
        for text, labels in zip(texts, parsed["labels"].to_list(), strict=True):
            yield text.decode("utf-8", "replace"), [label.decode("utf-8", "replace") for label in labels]


def alphabet(config: CMEMConfig, dataset: Dataset) -> list[int]:
    """Code points that the texts of training have often enough, the most frequent first."""
    texts = (text for text, _ in training_texts(dataset, config.text.with_tags))
    return count_characters(texts, config.text.minimum, config.text.alphabet)
