"""The spelling of data preparation in the graph: what a server is asked is spelled as what training saw."""

from __future__ import annotations

import tensorflow as tf

from kerasmm.text.sentences import MAX_BYTES

_SPACE = r"[\p{Z}\p{Cc}]+"
"""White space and control characters of Unicode, as RE2 spells them."""


def normalise(texts: tf.Tensor) -> tf.Tensor:
    """NFKC, case folded, without control characters, runs of white space as one space: as data preparation does.

    Formula: NFKC(fold(NFKC(text))), then spaces

    With tensorflow-text's kernels, which a stock TensorFlow Serving has. Nothing that a client sends fails its batch: bytes
    that are no UTF-8 become replacement characters, what is too long is cut. Characters that Python's Unicode doesn't have
    yet may come out otherwise, since ICU's is newer.

    Args:
        texts: Strings of any shape.

    Returns:
        Strings of the same shape; normalised ones stay as they are.

    Example:

    >>> [text.decode() for text in normalise(tf.constant(["  #Straße\\tﬁrst ", "ＦＵＬＬ"])).numpy()]
    ['#strasse first', 'full']
    """
    import tensorflow_text

    texts = tf.convert_to_tensor(texts)
    flat = tf.strings.unicode_transcode(
        tf.strings.substr(tf.reshape(texts, [-1]), 0, MAX_BYTES), "UTF-8", "UTF-8", errors="replace"
    )
    characters = tf.strings.unicode_split(tensorflow_text.normalize_utf8(flat, "NFKC"), "UTF-8")
    # ICU's folding leaves out what is not seen (soft hyphens, the joiners inside emoji), Python's keeps it: so character by
    # character, and one that would be left out stays.
    folded = tensorflow_text.case_fold_utf8(characters.flat_values)
    folded = tf.where(tf.equal(folded, ""), characters.flat_values, folded)
    joined = tf.strings.reduce_join(characters.with_flat_values(folded), axis=1)
    # Folding can leave a form that is not NFKC.
    composed = tensorflow_text.normalize_utf8(joined, "NFKC")
    return tf.ensure_shape(tf.reshape(single_spaced(composed), tf.shape(texts)), texts.shape)


def single_spaced(texts: tf.Tensor) -> tf.Tensor:
    """Strings of any shape with one space for each run of white space and control characters, none at their ends."""
    return tf.strings.strip(tf.strings.regex_replace(texts, _SPACE, " "))
