"""One spelling for names of things and for the texts that mention them."""

from __future__ import annotations

import functools
import html
import re
import unicodedata

from kerasmm.data.spelling import normalise

_PLAIN_WORD = re.compile("[a-z0-9]+")
_IN_WORD = ("L", "M", "N")
_APOSTROPHES = "'’‘ʼ`"
_POSSESSIVE = re.compile(rf"[{_APOSTROPHES}]s?(?!\w)")
_ABBREVIATION = re.compile(r"(?<!\w)[^\W\d_](?:\.[^\W\d_])+(?!\w)\.?")
# A full stop ends a sentence, except after `St.` or `Mr.`; no name goes on beyond the end of a sentence.
_END = re.compile(r"[!?;|…()\[\]\"“”«»\n]+|(?<=\w{4})\.+(?=\s|\Z)|\.{2,}")
# Combining classes of marks above and below Latin letters; the vowels of other scripts have lower ones.
_ACCENTS = 200
_PLURALS = frozenset({"men", "women", "children", "people", "feet", "teeth", "mice", "geese", "oxen"})
_NO_PLURAL = ("ss", "us", "is", "ics", "news")
_SHORTEST = 4


@functools.lru_cache(maxsize=1 << 14)
def name_words(name: str) -> tuple[str, ...]:
    """The words of a name without case, accents, possessives, punctuation and the dots of abbreviations.

    Example:

    >>> name_words("U.K.'s  Café-Racers & Sons")
    ('uk', 'cafe', 'racers', 'and', 'sons')
    """
    text = _ABBREVIATION.sub(lambda match: match[0].replace(".", ""), html.unescape(name))
    text = _POSSESSIVE.sub("", text.replace("&", " and "))
    text = text.translate({ord(mark): None for mark in _APOSTROPHES})
    if text.isascii():
        # Nothing to normalise, and most names of a long list are.
        return tuple(_PLAIN_WORD.findall(text.lower()))
    decomposed = unicodedata.normalize("NFKD", normalise(text))
    plain = unicodedata.normalize("NFC", "".join(c for c in decomposed if unicodedata.combining(c) < _ACCENTS))
    return tuple("".join(c if unicodedata.category(c)[0] in _IN_WORD else " " for c in plain).split())


def sentences(text: str) -> list[str]:
    """The text cut where no name can go on.

    Example:

    >>> sentences("We love apple. Pie (warm) at St. Paul's!")
    ['We love apple', ' Pie ', 'warm', " at St. Paul's"]
    """
    return [part for part in _END.split(text) if part.strip()]


@functools.lru_cache(maxsize=1 << 16)
def singular(word: str) -> str:
    """The singular of a word by simplemma's English dictionary, or by the rule for words that it doesn't know.

    Example:

    >>> [singular(word) for word in ("markets", "parties", "children", "brexiteers", "crisis", "leave")]
    ['market', 'party', 'child', 'brexiteer', 'crisis', 'leave']
    """
    from simplemma import is_known, lemmatize

    if word not in _PLURALS and (len(word) < _SHORTEST or not word.endswith("s") or word.endswith(_NO_PLURAL)):
        return word
    if is_known(word, lang="en"):
        return "".join(name_words(lemmatize(word, lang="en"))) or word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


@functools.cache
def stop_words() -> frozenset[str]:
    """Words that carry no meaning alone (scikit-learn's list)."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(word for words in map(name_words, ENGLISH_STOP_WORDS) for word in words)


def forms(words: tuple[str, ...]) -> tuple[str, ...]:
    """How a name may be looked up: as it stands, and with its last word in the singular where that is another one.

    Example:

    >>> forms(("stock", "markets"))
    ('stock markets', 'stock market')
    """
    return tuple(dict.fromkeys((" ".join(words), " ".join((*words[:-1], singular(words[-1]))))))


def meaning(words: tuple[str, ...]) -> list[str]:
    """The words that tell one meaning from another: in the singular, without stop words and single letters."""
    return [singular(word) for word in words if len(word) > 1 and word not in stop_words()]
