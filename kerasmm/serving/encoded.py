"""What an export computes of its posts: the vectors of the index, and the classifier of the training posts' labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.console import progress
from kerasmm.data.dataset import Dataset

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.system import System

TRAIN = "train"


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Outputs of a model over the splits of an export.

    Args:
        ids: Of the posts to index.
        vectors: `(N, d)`, what the index holds of them.
        embeddings: `(n, d)`, `vectors` of the training split as the model gives them; None where it gives no labels.
        labels: `(n, C)` multi-hot, of the same posts.
    """

    ids: list[str]
    vectors: np.ndarray
    embeddings: np.ndarray | None
    labels: np.ndarray | None


def encode_posts(
    system: System, model: keras.Model, dataset: Dataset, splits: Sequence[str], quiet: bool = False
) -> Encoded:
    """Runs the model over the posts to index, and over the training split where labels can be learned from it.

    Args:
        system: What the model is.
        model: The trained model.
        dataset: Whose posts are encoded.
        splits: Those to index.
        quiet: No progress bar.
    """
    has_labels = bool(system.vocabularies.get("labels") and dataset.manifest.records(TRAIN))
    ids: list[str] = []
    vectors: list[np.ndarray] = []
    embeddings: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    visited = list(dict.fromkeys([*splits, TRAIN])) if has_labels else list(splits)
    with progress(quiet) as bar:
        total = sum(dataset.manifest.records(split) for split in visited)
        task = bar.add_task("encoding posts", total=total, note="")
        for split in visited:
            for outputs in system.outputs(model, dataset, split):
                if split in splits:
                    ids += [post_id.decode() for post_id in outputs["id"].tolist()]
                    vectors.append(system.index_vectors(outputs))
                if split == TRAIN and has_labels:
                    embeddings.append(outputs["vectors"])
                    labels.append(outputs["labels"])
                bar.advance(task, len(outputs["id"]))
    if not has_labels:
        return Encoded(ids, np.concatenate(vectors), None, None)
    return Encoded(ids, np.concatenate(vectors), np.concatenate(embeddings), np.concatenate(labels))


def fitted_classifier(encoded: Encoded, seed: int, quiet: bool = False) -> keras.Model | None:
    """The common classifier of the protocol (DMAN, section 4.3), trained on what was encoded.

    Args:
        encoded: With embeddings and labels of the training split.
        seed: Seeds the training.
        quiet: No progress bar.

    Returns:
        A model from embeddings to confidences of labels, or None where no training post has a label.
    """
    if encoded.embeddings is None or encoded.labels is None or not encoded.labels.any():
        return None
    import keras

    from kerasmm.systems.label_classifier import EPOCHS, train_label_classifier

    with progress(quiet) as bar:
        task = bar.add_task("training the classifier of labels", total=EPOCHS, note="epochs")
        told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: bar.advance(task))
        classifier = train_label_classifier(encoded.embeddings, encoded.labels, seed, [told])
        # It may have stopped before the last epoch.
        bar.update(task, completed=EPOCHS)
        return classifier
