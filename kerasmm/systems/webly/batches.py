"""Batches of webly: images with a sentence and its pseudo-tags, and web images with their tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.data.dataset import Dataset
from kerasmm.data.sentences import Sentences, bucketed, nth
from kerasmm.systems.webly.curriculum import admitted_rows
from kerasmm.systems.webly.words import WEB_FIELDS, joined_tags, sentence_index
from kerasmm.text import split_words, word_ids

if TYPE_CHECKING:
    from kerasmm.data.batches import Picture
    from kerasmm.systems.webly.config import WeblyConfig

NO_TAGS = -1
"""Fingerprint of the tags of an image that has none of the known ones."""

Batch = tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]


def tag_ids(texts: tf.Tensor, table: tf.lookup.StaticHashTable) -> tf.Tensor:
    """Words of tags `(n,)` → ids `(n, m)` int32 from 1 on, padded with 0; unknown words are left out."""
    words = split_words(texts)
    ids = words.with_flat_values(tf.cast(table.lookup(words.flat_values) + 1, tf.int32))
    dense = tf.ragged.boolean_mask(ids, ids > 0).to_tensor(0)
    return tf.pad(dense, [[0, 0], [0, tf.cast(tf.shape(dense)[1] == 0, tf.int32)]])


class Batches:
    """What is common to the stages of one training.

    Args:
        config: Webly's configuration.
        picture: How pictures come into the model.
        vocabularies: `words` and `tags`.
        seed: Of every order.
    """

    def __init__(
        self, config: WeblyConfig, picture: Picture, vocabularies: dict[str, list[str]], seed: int, name: str
    ) -> None:
        self.config, self.picture, self.seed, self.name = config, picture, seed, name
        self.words, self.tags = (batches.word_table(vocabularies[kind]) for kind in ("words", "tags"))

    def _targets(self, parsed: dict[str, tf.Tensor], tags: tf.Tensor, hardest: bool) -> Batch:
        ids = tag_ids(tags, self.tags)
        known = tf.reduce_any(ids > 0, axis=1)
        # Of the known words in any order: those have one embedding, between which no margin fits.
        same = tf.strings.reduce_join(tf.strings.as_string(tf.sort(ids, axis=1)), axis=1, separator=" ")
        inputs = {self.name: parsed["picture"], "tags": ids}
        targets = {
            "picture": parsed["fingerprint"],
            "tag_text": tf.where(known, tf.strings.to_hash_bucket_fast(same, batches.FINGERPRINTS), NO_TAGS),
            # A number: replicas can't gather truth values.
            "hardest": tf.fill(tf.shape(known), int(hardest)),
        }
        return inputs, targets


class CleanBatches(Batches):
    """Stage I: every sentence of the training split once an epoch, in batches of sentences of like length."""

    def __init__(self, dataset: Dataset, *args: object, with_words: bool = True, quiet: bool = True) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.records = dataset.records("train")
        self.with_words = with_words
        self.sentences: Sentences = sentence_index(self.records, self.config.text.most_words, quiet)

    def rows(self, epoch: int) -> np.ndarray:
        """Sentences of each batch of an epoch, `(steps, batch)`."""
        order = batches.epoch_order(len(self.sentences), self.seed, epoch)
        size, pool = self.config.training.batch_size, self.config.bucket_batches
        return bucketed(order, self.sentences.lengths, size, pool, [self.seed, epoch, 1])

    def steps(self, epoch: int) -> int:
        return len(self.sentences) // self.config.training.batch_size

    def __call__(self, epoch: int, skip: int) -> tf.data.Dataset:
        return self.dataset(self.rows(epoch)[skip:], hardest=epoch >= self.config.warm_up_epochs)

    def dataset(self, rows: np.ndarray, hardest: bool) -> tf.data.Dataset:
        """Batches of these sentences."""
        read = batches.reader(self.records)

        def batch(posts: tf.Tensor, places: tf.Tensor) -> Batch:
            parsed = batches.parse(read(posts), self.picture, ("sentences", "sentences/tags"), fingerprint=True)
            own = tf.range(tf.shape(posts, tf.int64)[0])
            tags = nth(parsed["sentences/tags"], own, places)
            inputs, targets = self._targets(parsed, tags, hardest)
            if self.with_words:
                texts = nth(parsed["sentences"], own, places)
                inputs["words"] = word_ids(texts, self.words.lookup, self.config.text.most_words)
            return inputs, targets

        drawn = (self.sentences.posts[rows].astype("int64"), self.sentences.places[rows].astype("int64"))
        found = tf.data.Dataset.from_tensor_slices(drawn)
        return found.map(batch, num_parallel_calls=2, deterministic=True).prefetch(4)


class WebBatches(Batches):
    """Stage II: the web posts that the curriculum admits to an epoch, each once."""

    def __init__(self, web: Dataset, *args: object) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        self.records = web.records("train")
        keywords = web.vocabulary("keywords")
        self.keywords = len(keywords)
        self.ranks = _ranks(web, keywords)

    def rows(self, epoch: int) -> np.ndarray:
        """Posts of each batch of an epoch, `(steps, batch)`."""
        size = self.config.training.batch_size
        admitted = admitted_rows(self.ranks, epoch, self.keywords, self.config.web.curriculum, size)
        order = admitted[np.random.default_rng([self.seed, epoch, 2]).permutation(len(admitted))]
        return order[: len(order) // size * size].reshape(-1, size)

    def steps(self, epoch: int) -> int:
        return len(self.rows(epoch))

    def __call__(self, epoch: int, skip: int) -> tf.data.Dataset:
        read = batches.reader(self.records)

        def batch(posts: tf.Tensor) -> Batch:
            parsed = batches.parse(read(posts), self.picture, WEB_FIELDS, fingerprint=True)
            return self._targets(parsed, joined_tags(parsed), hardest=True)

        found = tf.data.Dataset.from_tensor_slices(self.rows(epoch)[skip:].astype("int64"))
        return found.map(batch, num_parallel_calls=2, deterministic=True).prefetch(4)


class ControlBatches(CleanBatches):
    """The control of stage II: as many batches, of clean sentences' pseudo-tags."""

    def __init__(self, dataset: Dataset, web: WebBatches, *args: object) -> None:
        super().__init__(dataset, *args, with_words=False)
        self.web = web

    def rows(self, epoch: int) -> np.ndarray:
        every, wanted = super().rows(epoch), self.web.steps(epoch)
        # More web posts than sentences: the epoch goes round.
        return np.resize(every, (wanted, every.shape[1]))

    def steps(self, epoch: int) -> int:
        return self.web.steps(epoch)

    def __call__(self, epoch: int, skip: int) -> tf.data.Dataset:
        return self.dataset(self.rows(epoch)[skip:], hardest=True)


def _ranks(web: Dataset, keywords: Sequence[str]) -> np.ndarray:
    """Place of each post's most frequent keyword in the list; after all of them where it has none."""
    table = batches.word_table(keywords)
    records = web.records("train")
    read = batches.reader(records)
    found = []
    for rows in batches.row_batches(np.arange(len(records)), 1024):
        words = batches.parse(read(rows), lists=("keywords",))["keywords"]
        places = words.with_flat_values(table.lookup(words.flat_values))
        places = tf.where(places >= 0, places, tf.constant(len(keywords), tf.int64))
        found.append(tf.reduce_min(places, axis=1).numpy())
    # An empty row has the largest integer as its minimum.
    return np.minimum(np.concatenate(found), len(keywords))
