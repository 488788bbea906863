"""Hashtags of a text, by the rules of the networks they come from."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

from data_prep.words import distinct

_CANDIDATE = re.compile(r"[#＃]([^\s#＃]*)")
UNSEEN = "\u200c\u200d"
"""Joiners: they stand inside words of Persian and Indic scripts, and say nothing at their end."""

# Marks are the vowels of many more scripts.
_JOINERS = f"_{UNSEEN}"
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
    return distinct(word for word, _, _, is_cut in spans(text) if not is_cut)


def spans(text: str) -> Iterator[tuple[str, int, int, bool]]:
    """Each hashtag as it stands: the word, where its sign is, where it ends, and whether `…` cuts it off.

    Example:

    >>> list(spans("at the #sea #hol…"))
    [('sea', 7, 11, False), ('hol', 12, 16, True)]
    """
    end = 0
    for match in _CANDIDATE.finditer(text):
        run = "".join(itertools.takewhile(in_word, match[1]))
        word, stop = run.rstrip(UNSEEN), match.start(1) + len(run)
        before = text[match.start() - 1 : match.start()]
        in_the_middle = bool(before) and (in_word(before) or before in "&/") and match.start() != end
        if in_the_middle or not any(map(str.isalpha, word)):
            continue
        end = stop
        yield word, match.start(), stop, text[stop : stop + 1] == _CUT


def in_word(character: str) -> bool:
    """Whether a character may stand in a hashtag; no character may not."""
    return bool(character) and (character in _JOINERS or unicodedata.category(character)[0] in "LMN")
