"""Raw strings to characters' ids in the graph, and the characters of a corpus: one function for training and serving.

Only ops that every stock TensorFlow Serving has. Nothing that a client sends fails its batch: bytes that are no UTF-8
become replacement characters, which no vocabulary has; what is too long is cut.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

import tensorflow as tf

from kerasmm.text.sentences import END, MAX_BYTES, OFFSET, UNKNOWN, padded

_REPLACEMENT = 0xFFFD
_LAST = 0x110000
"""Above every code point."""

_SPACE, _NO_SPACE = r"[\p{Z}\p{Cc}]", r"[^\p{Z}\p{Cc}]"
_RETWEET = rf"^(?i:{_SPACE}*rt{_SPACE}+@\w+:)+"
_LINK = rf"(?i)(https?://|\bt\.co/){_NO_SPACE}+"
_NAME = r"@\w+"

_COUNTED = 1024
"""Texts that are counted at a time."""


def clean_text(texts: tf.Tensor) -> tf.Tensor:
    """Texts `(n,)` without what tells nothing of them, as UTF-8.

    Links and a retweet's `RT @name:` go, `@name` becomes `@`, runs of white space and control characters one space.

    Example:

    >>> clean_text(tf.constant(["RT @bob: Brexit\\n now! https://t.co/x1 @alice"])).numpy().tolist()
    [b'Brexit now! @']
    """
    replace = tf.strings.regex_replace
    texts = tf.strings.unicode_transcode(tf.strings.substr(texts, 0, MAX_BYTES), "UTF-8", "UTF-8")
    texts = replace(replace(replace(texts, _RETWEET, ""), _LINK, " "), _NAME, "@")
    return tf.strings.strip(replace(texts, f"{_SPACE}+", " "))


def character_ids(texts: tf.Tensor, code_points: Sequence[int], most: int) -> tf.Tensor:
    """Texts `(n,)`, cleaned, → ids of their characters `(n, steps)` int32, padded with `PADDING`.

    Each ends in `END`, so that an empty text has one step. Characters beyond `most` are cut off.

    Args:
        texts: Raw strings.
        code_points: The characters that have an id; the other case of each has the same, unless it stands there too.
        most: How many characters of a text are kept.

    Returns:
        Character i of `code_points` is `OFFSET` + i, one that they don't have is `UNKNOWN`.

    Example:

    >>> character_ids(tf.constant(["Aha!", ""]), [ord("a"), ord("h")], 140).numpy().tolist()
    [[3, 4, 3, 2, 1], [1, 0, 0, 0, 0]]
    """
    ids = {other: OFFSET + i for i, point in enumerate(code_points) for other in _cases().get(point, ())}
    ids |= {point: OFFSET + i for i, point in enumerate(code_points)}
    known = sorted(ids)
    characters = tf.strings.unicode_decode(clean_text(texts), "UTF-8")[:, :most]
    keys = tf.constant([*known, _LAST], tf.int32)
    values = tf.constant([*(ids[point] for point in known), UNKNOWN], tf.int32)
    places = tf.searchsorted(keys, characters.flat_values)
    found = tf.where(tf.gather(keys, places) == characters.flat_values, tf.gather(values, places), UNKNOWN)
    end = tf.fill((tf.shape(texts)[0], 1), END)
    return padded(tf.concat([characters.with_flat_values(found), end], axis=1))


def count_characters(texts: Iterable[str], minimum: int, most: int) -> list[int]:
    """The code points of characters that cleaned texts have often enough, the most frequent first.

    Upper case counts as lower case, as in `character_ids`.

    Args:
        texts: Raw texts.
        minimum: How often a character has to occur.
        most: How many characters there may be.

    Example:

    >>> [chr(point) for point in count_characters(["Aha!", "@bob ah? https://t.co/x1"], minimum=2, most=10)]
    ['a', 'h']
    """
    counts: Counter[str] = Counter()
    remaining = iter(texts)
    while some := list(islice(remaining, _COUNTED)):
        # Halves of surrogate pairs, which a string may hold, become what the graph makes of them.
        raw = tf.constant([text.encode("utf-8", "surrogatepass") for text in some])
        counts.update(b"".join(clean_text(raw).numpy().tolist()).decode())
    lower = {other: point for point, others in _cases().items() for other in others}
    folded: Counter[int] = Counter()
    for character, count in counts.items():
        folded[lower.get(ord(character), ord(character))] += count
    del folded[_REPLACEMENT]
    enough = [point for point, count in folded.items() if count >= minimum]
    return sorted(enough, key=lambda point: (-folded[point], point))[:most]


@functools.cache
def _cases() -> dict[int, list[int]]:
    """The upper-case code points of each lower-case one; characters whose lower case is several have none."""
    cases: dict[int, list[int]] = {}
    for point in range(_LAST):
        lower = chr(point).lower()
        if len(lower) == 1 and ord(lower) != point:
            cases.setdefault(ord(lower), []).append(point)
    return cases
