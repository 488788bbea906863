"""Batches of webly: images with a sentence and its pseudo-tags, and web images with their tags."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.data.dataset import Dataset
from kerasmm.data.sentences import Sentences, bucketed, nth
from kerasmm.systems.batches import Batch, Batches, whole_batches
from kerasmm.systems.webly.curriculum import admitted_rows
from kerasmm.systems.webly.words import WEB_FIELDS, joined_tags, sentence_index
from kerasmm.text import split_words, word_ids

if TYPE_CHECKING:
    from kerasmm.data.batches import Picture
    from kerasmm.data.records import Records
    from kerasmm.systems.webly.config import WeblyConfig

NO_TAGS = -1
"""Fingerprint of the tags of an image that has none of the known ones."""


def tag_ids(texts: tf.Tensor, table: tf.lookup.StaticHashTable) -> tf.Tensor:
    """Words of tags `(n,)` → ids `(n, m)` int32 from 1 on, padded with 0; unknown words are left out."""
    words = split_words(texts)
    ids = words.with_flat_values(tf.cast(table.lookup(words.flat_values) + 1, tf.int32))
    dense = tf.ragged.boolean_mask(ids, ids > 0).to_tensor(0)
    return tf.pad(dense, [[0, 0], [0, tf.cast(tf.shape(dense)[1] == 0, tf.int32)]])


@dataclasses.dataclass(frozen=True)
class Shared:
    """What is common to the stages of one training.

    Args:
        config: Webly's configuration.
        picture: How pictures come into the model.
        picture_input: The name of the model's input that they are.
        vocabularies: `words` and `tags`.
        seed: Of every order.
    """

    config: WeblyConfig
    picture: Picture
    picture_input: str
    vocabularies: dict[str, list[str]]
    seed: int


class WeblyBatches(Batches):
    """Pictures with tags.

    Args:
        records: Of the posts.
        shared: What is common to the stages.
    """

    ahead = 4

    def __init__(self, records: Records, shared: Shared) -> None:
        super().__init__(records, shared.config.training.batch_size, shared.seed)
        self.shared, self.config = shared, shared.config
        self.tags = batches.word_table(shared.vocabularies["tags"])

    def hardest(self, epoch: tf.Tensor) -> tf.Tensor:
        """Whether the epoch has the hardest negatives, where the loss has them."""
        return tf.constant(True)

    def parsed(self, rows: tf.Tensor, lists: Sequence[str]) -> batches.Tensors:
        """Posts of these rows."""
        return batches.parse(self.read(rows), self.shared.picture, lists, fingerprint=True)

    def made(self, epoch: tf.Tensor, parsed: batches.Tensors, tags: tf.Tensor) -> Batch:
        """Inputs and targets of pictures and the tags that belong to them."""
        ids = tag_ids(tags, self.tags)
        known = tf.reduce_any(ids > 0, axis=1)
        # Of the known words in any order: those have one embedding, between which no margin fits.
        same = tf.strings.reduce_join(tf.strings.as_string(tf.sort(ids, axis=1)), axis=1, separator=" ")
        inputs = {self.shared.picture_input: parsed["picture"], "tags": ids}
        targets = {
            "picture": parsed["fingerprint"],
            "tag_text": tf.where(known, tf.strings.to_hash_bucket_fast(same, batches.FINGERPRINTS), NO_TAGS),
            # A number: replicas can't gather truth values.
            "hardest": tf.fill(tf.shape(known), tf.cast(self.hardest(epoch), tf.int32)),
        }
        return inputs, targets


class CleanBatches(WeblyBatches):
    """Stage I: every sentence of the training split once an epoch, in batches of sentences of like length.

    Args:
        dataset: The clean data set.
        shared: What is common to the stages.
        with_words: Whether the sentences' words are an input.
        quiet: No progress bar while sentences are counted.
    """

    def __init__(self, dataset: Dataset, shared: Shared, with_words: bool = True, quiet: bool = True) -> None:
        super().__init__(dataset.records("train"), shared)
        self.words = batches.word_table(shared.vocabularies["words"]) if with_words else None
        self.sentences: Sentences = sentence_index(self.records, self.config.text.most_words, quiet)
        self._where = tf.constant(self.sentences.posts), tf.constant(self.sentences.places)

    @property
    def available(self) -> int:
        return len(self.sentences)

    def hardest(self, epoch: tf.Tensor) -> tf.Tensor:
        return epoch >= self.config.warm_up_epochs

    def rows(self, epoch: int) -> np.ndarray:
        """Sentences of each batch of an epoch, `(steps, batch)`."""
        order = batches.epoch_order(self.available, self.seed, epoch)
        return bucketed(order, self.sentences.lengths, self.size, self.config.bucket_batches, [self.seed, epoch, 1])

    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        posts, places = (tf.cast(tf.gather(where, rows), tf.int64) for where in self._where)
        parsed = self.parsed(posts, ("sentences", "sentences/tags"))
        own = tf.range(tf.shape(posts, tf.int64)[0])
        inputs, targets = self.made(epoch, parsed, nth(parsed["sentences/tags"], own, places))
        if self.words is not None:
            texts = nth(parsed["sentences"], own, places)
            inputs["words"] = word_ids(texts, self.words.lookup, self.config.text.most_words)
        return inputs, targets


class WebBatches(WeblyBatches):
    """Stage II: the web posts that the curriculum admits to an epoch, each once.

    Args:
        web: The data set of web posts.
        shared: What is common to the stages.
    """

    def __init__(self, web: Dataset, shared: Shared) -> None:
        super().__init__(web.records("train"), shared)
        keywords = web.vocabulary("keywords")
        self.keywords = len(keywords)
        self.ranks = _ranks(web, keywords)

    def rows(self, epoch: int) -> np.ndarray:
        """Posts of each batch of an epoch, `(steps, batch)`."""
        admitted = admitted_rows(self.ranks, epoch, self.keywords, self.config.web.curriculum, self.size)
        order = admitted[np.random.default_rng([self.seed, epoch, 2]).permutation(len(admitted))]
        return whole_batches(order, self.size)

    def steps(self, epoch: int) -> int:
        return len(self.rows(epoch))

    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        parsed = self.parsed(rows, WEB_FIELDS)
        return self.made(epoch, parsed, joined_tags(parsed))


class ControlBatches(CleanBatches):
    """The control of stage II: as many batches, of clean sentences' pseudo-tags.

    Args:
        dataset: The clean data set.
        web: The batches that it is a control of.
        shared: What is common to the stages.
    """

    def __init__(self, dataset: Dataset, web: WebBatches, shared: Shared) -> None:
        super().__init__(dataset, shared, with_words=False)
        self.web = web

    def hardest(self, epoch: tf.Tensor) -> tf.Tensor:
        return tf.constant(True)

    def rows(self, epoch: int) -> np.ndarray:
        every, wanted = super().rows(epoch), self.web.steps(epoch)
        # More web posts than sentences: the epoch goes round.
        return np.resize(every, (wanted, every.shape[1]))

    def steps(self, epoch: int) -> int:
        return self.web.steps(epoch)


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
