"""Raw strings to words and ids in the graph: one function for training, evaluation and serving.

Only ops that every stock TensorFlow Serving has. Nothing that a client sends fails its batch: bytes that are no UTF-8
become replacement characters, what is too long is cut.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

PADDING, END, UNKNOWN = 0, 1, 2
OFFSET = 3
"""Id of the first word of a vocabulary."""

MAX_BYTES = 1 << 16
"""Bytes of a text that are looked at."""

_VARIATION = r"[\x{FE00}-\x{FE0F}]"
_SYMBOL = r"(\p{S})"
_NO_WORD = r"[^\p{L}\p{M}\p{N}\p{S}']+"
_QUOTE_BEFORE, _QUOTE_AFTER = r"(^|\s)'+", r"'+(\s|$)"


def split_words(texts: tf.Tensor) -> tf.RaggedTensor:
    """Texts `(n,)` → words `(n, None)`.

    In lower case; a word is a run of letters, marks, digits and apostrophes inside, or a single symbol, e.g. an emoji.
    Punctuation is left out.

    Example:

    >>> split_words(tf.constant(["A dog's ball, in mid-air!", "😀😀 ok"])).to_list()
    [[b'a', b"dog's", b'ball', b'in', b'mid', b'air'], [b'\\xf0\\x9f\\x98\\x80', b'\\xf0\\x9f\\x98\\x80', b'ok']]
    """
    replace = tf.strings.regex_replace
    # Before lowering, which ends a text at its first NUL. Bytes, because this text need not be UTF-8 yet.
    texts = replace(tf.strings.substr(texts, 0, MAX_BYTES), r"\x00", " ")
    texts = tf.strings.lower(texts, encoding="utf-8")
    texts = replace(replace(texts, "’", "'"), _VARIATION, "")
    texts = replace(replace(texts, _SYMBOL, r" \1 "), _NO_WORD, " ")
    texts = replace(replace(texts, _QUOTE_BEFORE, r"\1"), _QUOTE_AFTER, r"\1")
    return tf.strings.split(texts)


def word_ids(texts: tf.Tensor, lookup: Callable[[tf.Tensor], tf.Tensor], most_words: int) -> tf.Tensor:
    """Texts `(n,)` → ids `(n, steps)` int32, padded with `PADDING`.

    Each ends in `END`, so that a text without words has one step. Words beyond `most_words` are cut off.

    Args:
        texts: Raw strings.
        lookup: Words of any shape → ids in the vocabulary, -1 where unknown.
        most_words: How many words are kept.

    Returns:
        Word i of the vocabulary is `OFFSET` + i, a word that it doesn't have is `UNKNOWN`.
    """
    words = split_words(texts)[:, :most_words]
    found = lookup(words.flat_values)
    ids = tf.cast(tf.where(found >= 0, found + OFFSET, UNKNOWN), tf.int32)
    end = tf.fill((tf.shape(texts)[0], 1), END)
    return padded(tf.concat([words.with_flat_values(ids), end], axis=1))


def padded(ids: tf.RaggedTensor) -> tf.Tensor:
    """Ids `(n, None)` → `(n, steps)`, with `PADDING` behind those of each text."""
    dense = ids.to_tensor(PADDING)
    # No texts have no step; networks want one.
    return tf.pad(dense, [[0, 0], [0, tf.cast(tf.shape(dense)[1] == 0, tf.int32)]])
