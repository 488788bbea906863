"""What the connotations' embeddings start from: concept vectors of a file, vectors trained on the corpus, or chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.console import UserError, console
from kerasmm.systems.cmem.posts import training_texts
from kerasmm.text import read_concept_vectors, split_words, train_word_vectors

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.cmem.config import CMEMConfig

_TITLE = "label/"
"""Tells a connotation from the word that is spelled like it, as in wiki2vec's corpus; no word has a slash."""

_WINDOW = 64
"""A whole tweet is the context of its connotations."""

_MINIMUM = 2
_WORDS = 100_000
_SPLIT = 256


def concept_vectors(
    config: CMEMConfig, labels: list[str], dataset: Dataset, seed: int, quiet: bool = True
) -> np.ndarray:
    """Vectors `(K, d)` of the connotations; those without one get a random one of the others' mean length.

    Raises:
        UserError: When the file can't be read, has another dimension or none of the connotations.
    """
    dimension = config.network.dimension
    random = np.random.default_rng(seed).normal(0.0, dimension**-0.5, (len(labels), dimension)).astype("float32")
    if config.concepts.vectors:
        path = Path(config.concepts.vectors)
        read = read_concept_vectors(path, labels, dimension, quiet)
        if not read.found.any():
            raise UserError(f"{path}: has a vector of none of the {len(labels)} connotations, e.g. {labels[0]!r}")
        missing = [label for label, there in zip(labels, read.found, strict=True) if not there]
        told = [f"{int(read.found.sum())} of {len(labels)} connotations have a vector"]
        told += [f"missing: {', '.join(missing[:5])}{' …' if len(missing) > 5 else ''}"] if missing else []
        told += [f"{read.duplicates} further vectors of a title, the first is taken"] if read.duplicates else []
        told += read.notices
        console(quiet).print(f"{path}: {'; '.join(told)}", soft_wrap=True)
        vectors, found = read.vectors, read.found
    elif config.concepts.corpus:
        vectors = _trained(labels, dataset, config, seed)
        found = np.abs(vectors).sum(axis=1) > 0
    else:
        return random
    length = np.linalg.norm(vectors[found], axis=1).mean() if found.any() else 1.0
    return np.where(found[:, None], vectors, length * random)


def _trained(labels: list[str], dataset: Dataset, config: CMEMConfig, seed: int) -> np.ndarray:
    def corpus() -> Iterator[list[str]]:
        for words, own in _split(dataset, config.text.with_tags):
            yield [*words, *(f"{_TITLE}{label}" for label in own)]

    counts = Counter(word for words, _ in _split(dataset, config.text.with_tags) for word in words)
    words = [word for word, count in counts.most_common(_WORDS) if count >= _MINIMUM]
    titles = [f"{_TITLE}{label}" for label in labels]
    return train_word_vectors(corpus, [*titles, *words], config.network.dimension, seed, _WINDOW)[: len(labels)]


def _split(dataset: Dataset, with_tags: bool) -> Iterator[tuple[list[str], list[str]]]:
    """Words and connotations of each training post."""
    waiting: list[tuple[str, list[str]]] = []
    for post in training_texts(dataset, with_tags):
        waiting.append(post)
        if len(waiting) == _SPLIT:
            yield from _words_of(waiting)
            waiting = []
    yield from _words_of(waiting)


def _words_of(posts: list[tuple[str, list[str]]]) -> Iterator[tuple[list[str], list[str]]]:
    if posts:
        split = split_words(tf.constant([text for text, _ in posts])).to_list()
        for words, (_, labels) in zip(split, posts, strict=True):
            yield [word.decode() for word in words], labels
