"""The words of a hashtag, which are written in one."""

from __future__ import annotations

import math
from collections.abc import Callable

from data_prep.annotators.mentions import name_words
from data_prep.pruning.topics import split_hashtag

_LONGEST_WORD = 20
_LONGEST_TAG = 60


class HashtagWords:
    """Splits hashtags: where capitals, digits and underscores tell the words apart, else into the likeliest words.

    The likeliest words maximise Π P(word) with P(word) = count / N, and 10 / (N · 10^letters) for a word never seen
    (Norvig 2009). A hashtag that is a known name as a whole stays whole.

    Args:
        count: How often a word is spoken, 0 if never.
        total: How often all words are, N.
        is_name: Whether a word is a name by itself.

    Reference:
        Peter Norvig: Natural Language Corpus Data. In: Beautiful Data, O'Reilly 2009.

    Example:

    >>> spoken = {"stock": 3, "market": 4, "crash": 2, "brexit": 9, "now": 5, "vote": 2}
    >>> split = HashtagWords(lambda word: spoken.get(word, 0), sum(spoken.values()), {"brexit"}.__contains__)
    >>> [" ".join(split(tag)) for tag in ("StockMarket", "stockmarketcrash", "BREXITnow", "Brexit", "vote_now2016")]
    ['stock market', 'stock market crash', 'brexit now', 'brexit', 'vote now 2016']
    """

    def __init__(self, count: Callable[[str], int], total: int, is_name: Callable[[str], bool]) -> None:
        self._count, self._total, self._is_name = count, max(total, 1), is_name

    def __call__(self, tag: str) -> tuple[str, ...]:
        """The words, normalised.

        Args:
            tag: The hashtag without its sign, as written.
        """
        whole = "".join(name_words(tag.replace("_", " ")))
        if not whole or self._is_name(whole):
            return (whole,) if whole else ()
        spelled = tuple(word for part in split_hashtag(tag) for word in name_words(part))
        if len(spelled) > 1 and all(map(self._is_known, spelled)):
            return spelled
        likeliest = self._likeliest(whole)
        if all(map(self._is_known, likeliest)) or len(spelled) < 2:
            return likeliest
        return spelled

    def _is_known(self, word: str) -> bool:
        return word.isdecimal() or self._count(word) > 0

    def _likeliest(self, letters: str) -> tuple[str, ...]:
        if len(letters) > _LONGEST_TAG:
            return (letters,)
        # best[end] = log-probability of the best words of the first `end` letters, and where the last of them begins.
        best = [(0.0, 0)]
        for end in range(1, len(letters) + 1):
            starts = range(max(0, end - _LONGEST_WORD), end)
            best.append(max((best[start][0] + self._log(letters[start:end]), start) for start in starts))
        words: list[str] = []
        end = len(letters)
        while end:
            start = best[end][1]
            words.insert(0, letters[start:end])
            end = start
        return tuple(words)

    def _log(self, word: str) -> float:
        count = self._count(word)
        if count or word.isdecimal():
            return math.log(max(count, 1) / self._total)
        return math.log(10 / self._total) - len(word) * math.log(10)
