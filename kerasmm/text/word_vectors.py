"""Word vectors: trained on a corpus with gensim's word2vec, or read from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np

from kerasmm.console import console
from kerasmm.text.vector_files import VectorFile

EPOCHS = 10
WINDOW = 5


class _Corpus:
    """An iterable that can be read again, as gensim reads it once to count and once an epoch."""

    def __init__(self, texts: Callable[[], Iterable[list[str]]], wanted: set[str]) -> None:
        self._texts, self._wanted = texts, wanted

    def __iter__(self) -> Iterator[list[str]]:
        for text in self._texts():
            yield [word for word in text if word in self._wanted]


def train_word_vectors(
    texts: Callable[[], Iterable[list[str]]], words: list[str], dimension: int, seed: int = 0, window: int = WINDOW
) -> np.ndarray:
    """Skip-gram with negative sampling (Mikolov et al. 2013) on a corpus, by gensim.

    Args:
        texts: Gives the corpus, lists of words, each time it is called.
        words: Whose vectors are wanted. Others are left out of the corpus: the context of a tag is tags.
        dimension: Of the vectors.
        seed: Of the training. One thread, so that the same seed gives the same vectors.
        window: How far from a word its context goes.

    Returns:
        `(len(words), dimension)` float32; zeros for a word that the corpus doesn't have.

    Example:

    >>> train_word_vectors(lambda: [["red", "ball"], ["red", "car"]] * 9, ["red", "boat"], 4).shape
    (2, 4)
    """
    from gensim.models import Word2Vec

    corpus = _Corpus(texts, set(words))
    model = Word2Vec(
        vector_size=dimension, sg=1, window=window, min_count=1, epochs=EPOCHS, seed=seed, workers=1, hashfxn=_hash
    )
    model.build_vocab(corpus)
    if not len(model.wv):
        return np.zeros((len(words), dimension), "float32")
    model.train(corpus, total_examples=model.corpus_count, epochs=model.epochs)
    vectors = np.zeros((len(words), dimension), "float32")
    for row, word in enumerate(words):
        if word in model.wv:
            vectors[row] = model.wv[word]
    return vectors


def _hash(word: str) -> int:
    """Python's own hash of a string is another one in every process."""
    return int.from_bytes(word.encode()[:8].ljust(8, b"\0"), "little")


def read_word_vectors(path: Path, words: list[str], quiet: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Reads vectors of words; what is in memory doesn't grow with the file.

    Args:
        path: See `kerasmm.text.vector_files.VectorFile`.
        words: Whose vectors are wanted; of a word that the file has twice, the first one is taken.
        quiet: Don't say what is not as the file says.

    Returns:
        `(len(words), dimension)` float32, and `(len(words),)` True where the file has the word.

    Raises:
        UserError: When the file can't be read or is in another format.
    """
    rows = {word: row for row, word in enumerate(words)}
    with VectorFile(path) as file:
        vectors, there = np.zeros((len(words), file.width), "float32"), np.zeros(len(words), bool)
        for name, values in file if words else ():
            row = rows.get(name)
            if row is not None and not there[row] and (vector := file.numbers(values)) is not None:
                vectors[row], there[row] = vector, True
        for notice in file.notices() if words else ():
            console(quiet).print(f"{path}: {notice}", soft_wrap=True)
    return vectors, there
