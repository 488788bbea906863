"""Batches of DMAN: anchors, their linked posts and their negatives (section 3.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tensorflow as tf

from kerasmm.data import batches
from kerasmm.systems.batches import Batch, Batches
from kerasmm.systems.dman import triplets

if TYPE_CHECKING:
    from kerasmm.data.batches import Picture
    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.dman.config import DMANConfig


class TripletBatches(Batches):
    """Every post once an epoch as an anchor.

    Args:
        config: DMAN's configuration.
        dataset: Its training split.
        picture: How pictures come into the model.
        vocabularies: `tags` and `labels`.
        seed: Of every order, and of the draws.
    """

    def __init__(
        self, config: DMANConfig, dataset: Dataset, picture: Picture, vocabularies: dict[str, list[str]], seed: int
    ) -> None:
        super().__init__(dataset.records("train"), config.training.batch_size, seed)
        self.picture, self.negatives = picture, config.loss.negatives
        self.words, self.classes = (len(vocabularies[name]) for name in ("tags", "labels"))
        self.tags, self.labels = (batches.word_table(vocabularies[name]) for name in ("tags", "labels"))

    def batch(self, epoch: tf.Tensor, step: tf.Tensor, rows: tf.Tensor) -> Batch:
        anchor = batches.parse(self.read(rows), self.picture, ("tags", "labels", "links"))
        drawn, linked = triplets.linked_rows(self.records, anchor["links"], rows, self.seed, epoch)
        positive = batches.parse(self.read(drawn), self.picture, ("tags",))
        classes = batches.multi_hot(anchor["labels"], self.labels, max(self.classes, 1))
        negatives, there = triplets.unlike_rows(classes, linked, self.negatives, self.draw(epoch, step))
        targets = {
            "anchor": batches.multi_hot(anchor["tags"], self.tags, self.words),
            "positive": batches.multi_hot(positive["tags"], self.tags, self.words),
            "negatives": negatives,
            "triplets": triplets.triplet_targets(drawn != rows, there),
        }
        return {"anchor": anchor["picture"], "positive": positive["picture"]}, targets
