"""The sentence that a model finds first for a photo, and where its first true one comes (webly, figure 4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.evaluation.search import similarities
from kerasmm.systems.outputs import picked_rows

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.system import System


@dataclasses.dataclass(frozen=True)
class FirstSentence:
    """What a model answers for one photo.

    Args:
        sentence: The one that it finds first.
        rank: Of the first true sentence, from 1; so the found one is true where it is 1.
        among: How many sentences were ranked.
    """

    sentence: str
    rank: int
    among: int


def first_sentences(
    system: System,
    model: keras.Model,
    dataset: Dataset,
    split: str,
    rows: Sequence[int],
    advance: Callable[[int], None] = lambda sentences: None,
) -> list[FirstSentence]:
    """Ranks all sentences of a split for some of its photos.

    Ranks as `kerasmm.evaluation.retrieval.true_ranks`, with products in float32. The sentences' vectors are not kept: what
    is in memory is their words and a score for each photo.

    Args:
        system: A system that embeds sentences.
        model: Its model.
        dataset: With the model's vocabularies.
        split: Whose sentences are ranked.
        rows: Rows of posts with sentences.
        advance: Called with the number of sentences of each batch.

    Returns:
        One for each of `rows`.
    """
    images = picked_rows(system.outputs(model, dataset, split), "vectors", rows)
    scores, posts, texts = [], [], []
    for batch in system.outputs(model, dataset, split, "sentences"):
        scores.append(similarities(images, batch["vectors"], "inner"))
        posts.append(batch["post"])
        texts += batch["text"].tolist()
        advance(len(batch["id"]))
    owner, table = np.concatenate(posts), np.concatenate(scores, axis=1)
    found = []
    for row, of_photo in zip(rows, table, strict=True):
        order = np.argsort(np.where(np.isnan(of_photo), np.inf, -of_photo), kind="stable")
        rank = int(np.flatnonzero(owner[order] == row)[0]) + 1
        found.append(FirstSentence(texts[order[0]].decode(), rank, len(order)))
    return found
