"""Matching: which keywords of a clean data set the tags of a post name, and whether the post speaks English."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence

from data_prep.annotate.tagger import lemmas
from data_prep.draft import Draft, Reject
from data_prep.words import bare, is_english, words_of


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
        found = {keyword for tag in tags for word in words_of(tag) for keyword in self._named(word)}
        if not found:
            return Reject(draft.post.id, "collect", "no tag names a keyword", bad=False)
        keywords = tuple(sorted(found, key=self.numbers.__getitem__))
        return dataclasses.replace(draft, post=dataclasses.replace(draft.post, keywords=keywords))

    def _named(self, word: str) -> Iterable[str]:
        for lemma in lemmas(word):
            if lemma in self.numbers:
                return (lemma,)
        return [keyword for part in word.split("-") for keyword in self._named(part)] if "-" in word else ()
