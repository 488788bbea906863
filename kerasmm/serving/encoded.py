"""What an export computes of its data set: what its indexes hold, and the classifier of the training posts' labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.console import progress
from kerasmm.data.dataset import Dataset
from kerasmm.data.growing_arrays import GrowingArrays

if TYPE_CHECKING:
    import keras

    from kerasmm.systems.system import System

POSTS, TRAIN = "posts", "train"


@dataclasses.dataclass(frozen=True)
class Rows:
    """What an index holds of one kind.

    Args:
        ids: Of the rows.
        vectors: `(N, d)`, a memory-mapped file.
        scales: `(N,)`, what inner products are multiplied by for other rankings; None where there are none.
        texts: What the rows say, where the outputs have it.
    """

    ids: list[str]
    vectors: np.ndarray
    texts: list[bytes] | None = None
    scales: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Encoded:
    """Outputs of a model over the splits of an export.

    Args:
        rows: What to index, by kind; a kind of which the splits have none is left out.
        embeddings: `(n, d)`, `vectors` of the training posts as the model gives them; None where it gives no labels.
        labels: `(n, C)` multi-hot, of the same posts.
    """

    rows: dict[str, Rows]
    embeddings: np.ndarray | None = None
    labels: np.ndarray | None = None


def encode(
    system: System, model: keras.Model, dataset: Dataset, splits: Sequence[str], folder: Path, quiet: bool = False
) -> Encoded:
    """Runs the model over what to index, and over the training posts where labels can be learned from them.

    Vectors go to files, so that what is in memory doesn't grow with them.

    Args:
        system: What the model is.
        model: The trained model.
        dataset: What is encoded.
        splits: Those to index.
        folder: Where the files lie; it must stay as long as the vectors are used.
        quiet: No progress bar.
    """
    has_labels = bool(
        system.Signatures.classifies and system.vocabularies.get("labels") and dataset.manifest.records(TRAIN)
    )
    rows: dict[str, Rows] = {}
    training = GrowingArrays(folder / TRAIN)
    with progress(quiet) as bar:
        for kind in system.kinds:
            visited = list(dict.fromkeys([*splits, TRAIN])) if has_labels and kind == POSTS else list(splits)
            # How many sentences there are is known when the last one came.
            total = sum(dataset.manifest.records(split) for split in visited) if kind == POSTS else None
            task = bar.add_task(f"encoding {kind}", total=total, note="")
            ids: list[str] = []
            texts: list[bytes] = []
            indexed = GrowingArrays(folder / kind)
            for split in visited:
                for outputs in system.outputs(model, dataset, split, kind):
                    if split in splits:
                        ids += [row_id.decode() for row_id in outputs["id"].tolist()]
                        texts += outputs["text"].tolist() if "text" in outputs else []
                        scales = system.Signatures.index_scales(outputs)
                        more = {} if scales is None else {"scales": scales}
                        indexed.append({"vectors": system.Signatures.index_vectors(outputs), **more})
                    if split == TRAIN and has_labels and kind == POSTS and "labels" in outputs:
                        training.append({name: outputs[name] for name in ("vectors", "labels")})
                    bar.advance(task, len(outputs["id"]))
            if ids:
                mapped = indexed.mapped()
                rows[kind] = Rows(ids, mapped["vectors"], texts or None, mapped.get("scales"))
    learned = training.mapped()
    return Encoded(rows, learned.get("vectors"), learned.get("labels"))


def fitted_classifier(encoded: Encoded, seed: int, quiet: bool = False) -> keras.Model | None:
    """The common classifier of labels (`kerasmm.evaluation.label_classifier`), trained on what was encoded.

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

    from kerasmm.evaluation.label_classifier import EPOCHS, train_label_classifier

    with progress(quiet) as bar:
        task = bar.add_task("training the classifier of labels", total=EPOCHS, note="epochs")
        told = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: bar.advance(task))
        classifier = train_label_classifier(encoded.embeddings, encoded.labels, seed, [told])
        # It may have stopped before the last epoch.
        bar.update(task, completed=EPOCHS)
        return classifier
