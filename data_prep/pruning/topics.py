"""Topic words: which posts belong to a domain, as a search for those words would find them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence

from data_prep.collect.match import is_english
from kerasmm.data.spelling import normalise

_WORD = re.compile(r"[^\W_]+")
_TAG = re.compile(r"[#＃](\w+)")
# `BrexitVote2016`, `UKReferendum`, `vote_leave`.
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\W\d_A-Z]+|\d+|[^\W_]")
_SHORTEST = 3


def split_hashtag(tag: str) -> list[str]:
    """The words of a hashtag that its spelling tells apart: by capitals, digits and underscores.

    Example:

    >>> split_hashtag("#UKReferendum2016"), split_hashtag("vote_leave")
    (['UK', 'Referendum', '2016'], ['vote', 'leave'])
    """
    return _PART.findall(tag)


@functools.lru_cache(maxsize=1 << 14)
def _is_made_of_words(letters: str) -> bool:
    """Whether the rest of a hashtag is numbers and English words, each of three letters at least."""
    if not letters or letters.isdecimal():
        return True
    if len(letters) > 30:
        return False
    ends = range(len(letters), _SHORTEST - 1, -1)
    digits = re.match(r"\d+", letters)
    if digits:
        return _is_made_of_words(letters[digits.end() :])
    return any(is_english(letters[:end]) and _is_made_of_words(letters[end:]) for end in ends)


class Topics:
    """Finds out whether a post names one of the topics: as words of its text, as a hashtag, or inside of one.

    Letters count alike, big or small. A topic of several words is a phrase; as a hashtag it is written in one. Inside a
    hashtag, a topic counts where spelling tells it apart (`#BrexitVote`, `#brexit_vote`), or where all that stands
    before and after it are English words and numbers (`#voteleavebrexit2016`, not `#trace` for `race`).

    Args:
        topics: Words or phrases, with or without the sign of a hashtag.

    Example:

    >>> named = Topics(["brexit", "Theresa May"])
    >>> [named(text) for text in ("Brexit!", "#voteBrexit", "#theresamayout", "Theresa said May")]
    [True, True, True, False]
    """

    def __init__(self, topics: Sequence[str]) -> None:
        self._topics = [tuple(_WORD.findall(normalise(topic))) for topic in topics]

    def __call__(self, text: str, tags: Sequence[str] = ()) -> bool:
        hashtags = [*_TAG.findall(text), *(tag.lstrip("#＃") for tag in tags)]
        spoken = [_padded(_WORD.findall(normalise(text)))]
        spoken += [_padded(map(normalise, split_hashtag(tag))) for tag in hashtags]
        joined = {normalise(tag).replace("_", "").replace(" ", "") for tag in hashtags}
        return any(
            any(_padded(topic) in words for words in spoken) or any(_inside("".join(topic), tag) for tag in joined)
            for topic in self._topics
        )


def _padded(words: Iterable[str]) -> str:
    return f" {' '.join(words)} "


def _inside(topic: str, tag: str) -> bool:
    at = tag.find(topic)
    while at >= 0:
        if _is_made_of_words(tag[:at]) and _is_made_of_words(tag[at + len(topic) :]):
            return True
        at = tag.find(topic, at + 1)
    return False
