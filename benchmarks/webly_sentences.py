"""Sentences with images and tags for a round of webly's step, the same on every side."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

TAGS, TAGS_A_SENTENCE = 5000, 4
WORD_DIMENSION = TAG_DIMENSION = 300
FIRST_WORD, END = 3, 1
"""As `kerasmm.text` numbers them."""


def lengths(count: int, distribution: Sequence[float], rng: Any) -> Any:
    """Words of each sentence: a gamma distribution, rounded and cut, because captions have a long tail to the right.

    Args:
        count: Of sentences.
        distribution: Mean, standard deviation, least and most.
        rng: NumPy's generator.
    """
    import numpy as np

    mean, deviation, least, most = distribution
    drawn = rng.gamma((mean / deviation) ** 2, deviation**2 / mean, count)
    return np.clip(np.rint(drawn), least, most).astype("int64")


def write_sentences(path: str, options: argparse.Namespace) -> None:
    """Draws a round and writes it.

    Args:
        path: An `.npz` file with `features` `(n, F)`; `words`, the ids of all sentences after one another, each ended by
            `END`; `lengths` `(n,)`, with the end; `tags` `(n, 4)`; `bucketed` and `random` `(steps, batch)`, the numbers
            of the sentences in each batch; and initial weights, `branch/layer/number`, in Keras' order.
        options: Sizes.
    """
    import numpy as np

    from kerasmm.data.sentences import bucketed

    rng = np.random.default_rng(0)
    count, vocabulary, units, size = options.steps * options.batch, options.words, options.units, options.features
    steps = lengths(count, options.lengths, rng) + 1
    # Words are as unevenly frequent as in language, after Zipf and Mandelbrot.
    frequency = 1 / (np.arange(vocabulary - FIRST_WORD) + 2.7)
    words = rng.choice(len(frequency), steps.sum(), p=frequency / frequency.sum()) + FIRST_WORD
    words[np.cumsum(steps) - 1] = END
    order = rng.permutation(count)
    drawn = {
        "features": np.abs(rng.standard_normal((count, size), "float32")) / 2,
        "words": words.astype("int32"),
        "lengths": steps,
        "tags": rng.integers(1, TAGS + 1, (count, TAGS_A_SENTENCE), "int32"),
        "bucketed": bucketed(order, steps, options.batch, options.pool, [0]),
        "random": bucketed(order, steps, options.batch, 1, [0]),
    }

    def dense(given: int) -> list[Any]:
        kernel = rng.standard_normal((given, options.dimension), "float32") * given**-0.5
        return [kernel, np.zeros(options.dimension, "float32")]

    layers = {
        "sentence/word_vectors": [rng.uniform(-0.1, 0.1, (vocabulary, WORD_DIMENSION)).astype("float32")],
        "sentence/gru": [
            rng.standard_normal((WORD_DIMENSION, 3 * units), "float32") * WORD_DIMENSION**-0.5,
            rng.standard_normal((units, 3 * units), "float32") * units**-0.5,
            0.1 * rng.standard_normal((2, 3 * units), "float32"),
        ],
        "sentence/sentence_embedding_1": dense(units),
        "image/image_embedding_1": dense(size),
        "tags/tag_vectors": [rng.standard_normal((TAGS + 1, TAG_DIMENSION), "float32")],
        "tags/tag_embedding_1": dense(TAG_DIMENSION),
    }
    drawn |= {f"{name}/{place}": value for name, values in layers.items() for place, value in enumerate(values)}
    np.savez(path, **drawn)


def weights(drawn: Any, layer: str) -> list[Any]:
    """The initial weights of a layer."""
    return [drawn[name] for name in sorted(drawn) if name.startswith(f"{layer}/")]


def padding(drawn: Any, order: str) -> float:
    """Share of the steps that goes to padding where each batch is padded to its longest sentence."""
    lengths = drawn["lengths"][drawn[order]]
    return float(1 - lengths.sum() / (lengths.max(1) * lengths.shape[1]).sum())
