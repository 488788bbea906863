"""Matching: which keywords of a clean data set the tags of a post name, and whether the post speaks English."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections.abc import Iterable, Sequence

from data_prep.annotate.tagger import lemmas
from data_prep.draft import Draft, Reject
from data_prep.words import distinct

_WORD = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")


def bare(tags: Iterable[str]) -> tuple[str, ...]:
    """Normalised tags without the sign of a hashtag, each once."""
    return distinct(tag.lstrip("#").strip() for tag in tags)


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

    words = [word for word in _WORD.findall(tag) if not word.isdecimal()]
    # The dictionary has every letter.
    return any(len(word) > 1 for word in words) and all(map(known, words))


class Match:
    """Finds the keywords that the tags of a post name.

    A tag names a keyword when one of its words, or a part of a compound one, is the keyword or a form of it.

    Args:
        keywords: Most frequent first.
        english_tags: Tags that must be English.
    """

    def __init__(self, keywords: Sequence[str], english_tags: int) -> None:
        self._english_tags = english_tags
        self.numbers = {word: number for number, word in enumerate(keywords)}

    def __call__(self, draft: Draft) -> Draft | Reject:
        """The draft with its keywords, most frequent first."""
        tags = bare(draft.post.tags)
        if sum(map(is_english, tags)) < self._english_tags:
            return Reject(draft.post.id, "collect", f"fewer than {self._english_tags} English tags", bad=False)
        found = {keyword for tag in tags for word in _WORD.findall(tag) for keyword in self._named(word)}
        if not found:
            return Reject(draft.post.id, "collect", "no tag names a keyword", bad=False)
        keywords = tuple(sorted(found, key=self.numbers.__getitem__))
        return dataclasses.replace(draft, post=dataclasses.replace(draft.post, keywords=keywords))

    def _named(self, word: str) -> Iterable[str]:
        for lemma in lemmas(word):
            if lemma in self.numbers:
                return (lemma,)
        return [keyword for part in word.split("-") for keyword in self._named(part)] if "-" in word else ()
