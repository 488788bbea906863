"""Words of tags and texts: which are there once, without their sign, in Unicode, in English."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")


def distinct(words: Iterable[str]) -> tuple[str, ...]:
    """The non-empty words, each once, in order of first appearance."""
    return tuple(dict.fromkeys(word for word in words if word))


def bare(tags: Iterable[str]) -> tuple[str, ...]:
    """Normalised tags without the sign of a hashtag, each once."""
    return distinct(tag.lstrip("#").strip() for tag in tags)


def words_of(tag: str) -> list[str]:
    """The words of a tag; hyphens, apostrophes and full stops inside one belong to it."""
    return _WORD.findall(tag)


@functools.lru_cache(maxsize=1 << 16)
def is_english(tag: str) -> bool:
    """Whether all words of a tag are in simplemma's English dictionary, numbers aside; parts of a compound will do.

    Example:

    >>> is_english("first snow"), is_english("premiers flocons"), is_english("2009")
    (True, False, False)
    """
    from simplemma import is_known

    def known(word: str) -> bool:
        return is_known(word, lang="en") or ("-" in word and all(is_known(part, lang="en") for part in word.split("-")))

    words = [word for word in words_of(tag) if not word.isdecimal()]
    # The dictionary has every letter.
    return any(len(word) > 1 for word in words) and all(map(known, words))
