"""A system whose embeddings are given: what evaluation asks of a system that embeds sentences, and no more."""

from __future__ import annotations

import numpy as np

from kerasmm.data.dataset import Dataset

PHOTOS, SENTENCES = 4, 5
"""Rows of a batch."""


def post_sentences(number: int, count: int) -> tuple[str, ...]:
    return tuple(f"sentence {place} of photo {number}" for place in range(count))


class FakeSystem:
    """Embeds the photos and the sentences of a split as the rows of two matrices."""

    name, seed = "fake", 0
    kinds, other_weights = ("posts", "sentences"), ("clean",)
    vocabulary_names = ()

    def __init__(self, images: np.ndarray, sentences: np.ndarray) -> None:
        self.images, self.sentences = images, sentences

    def outputs(self, model, dataset: Dataset, split: str, kind: str = "posts"):
        ids, owner, texts = [], [], []
        for row, post in enumerate(dataset.posts(split)):
            ids.append(post.id.encode())
            owner += [row] * len(post.sentences)
            texts += [said.encode() for said in post.sentences]
        if kind == "posts":
            for start in range(0, len(ids), PHOTOS):
                rows = slice(start, start + PHOTOS)
                yield {"id": np.array(ids[rows], object), "vectors": self.images[rows]}
            return
        for start in range(0, len(texts), SENTENCES):
            rows = slice(start, start + SENTENCES)
            found = {"id": np.array(texts[rows], object), "text": np.array(texts[rows], object)}
            yield {**found, "post": np.array(owner[rows]), "vectors": self.sentences[rows]}
