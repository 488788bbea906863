"""Hashtags of a text, by the rules of the networks they come from."""

from __future__ import annotations

import itertools
import re
import unicodedata

from data_prep.words import distinct

_CANDIDATE = re.compile(r"[#＃]([^\s#＃]*)")
# Joiners stand inside words of Persian and Indic scripts; marks are the vowels of many more.
_JOINERS = "_\u200c\u200d"
_CUT = "…"


def hashtags(text: str) -> tuple[str, ...]:
    """The hashtags in order, each once, without the sign and otherwise as written.

    A hashtag is letters, marks, digits and `_` after `#`, at least one of them a letter. What stands in the middle of a
    word or of an address is none (`page.html#top`, `&#39;`); one that runs into another counts (`#fit#fitness`). A word
    cut off by `…`, as at the end of a shared tweet, is not what its author tagged, and is left out.

    Example:

    >>> hashtags("RT #SunSet at the #sea, #2 of 3 #SunSet #hol…")
    ('SunSet', 'sea')
    """
    found, end = [], 0
    for match in _CANDIDATE.finditer(text):
        word = "".join(itertools.takewhile(_in_word, match[1]))
        before, after = text[match.start() - 1 : match.start()], text[match.start(1) + len(word) :][:1]
        in_the_middle = bool(before) and (_in_word(before) or before in "&/") and match.start() != end
        if in_the_middle or not any(map(str.isalpha, word)):
            continue
        end = match.start(1) + len(word)
        if after != _CUT:
            found.append(word)
    return distinct(found)


def _in_word(character: str) -> bool:
    return character in _JOINERS or unicodedata.category(character)[0] in "LMN"
