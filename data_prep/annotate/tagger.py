"""Parts of speech and lemmas (HanTa's English model), and which of them carry meaning."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kerasmm.data.spelling import normalise

if TYPE_CHECKING:
    from HanTa.HanoverTagger import HanoverTagger

COMMON_NOUNS, VERBS = ("NN",), ("VV",)
"""How the tags of the British National Corpus begin that say so; `be`, `do`, `have` and modal verbs have other ones."""
CONTENT = (*COMMON_NOUNS, "NP", *VERBS, "AJ", "AV")
"""Nouns, proper ones too, verbs, adjectives and adverbs."""

LONGEST_WORD = 50
"""Characters; what is longer is no word, and an analysis takes time by the square of them."""

LONGEST_TEXT = 10_000
"""Characters of a text that are analysed, where nobody says another number."""

_AT_ONCE = 1000
_TOKEN = re.compile(r"\w+(?:[-'’]\w+)*|[^\w\s]")
# In scikit-learn's list, and things or acts that a photo shows; see "Stop Word Lists in Free Open-source Software
# Packages" (Nothman et al. 2018) on how they came there.
_NOT_STOP_WORDS = frozenset({"bill", "cry", "fire", "mill", "system"})


class Word(NamedTuple):
    """A word of a sentence: its lemma, normalised, and its tag, e.g. `NN2` for a noun in the plural."""

    lemma: str
    tag: str


@functools.cache
def _tagger() -> HanoverTagger:
    import HanTa
    from HanTa.HanoverTagger import HanoverTagger

    # With its full path: given a bare name, HanTa would unpickle a file of that name in the current folder.
    return HanoverTagger(str(Path(HanTa.__file__).with_name("morphmodel_en.pgz")))


def tagged(sentence: str) -> list[Word]:
    """The words of a sentence in order; punctuation, numbers, single letters and what is too long are left out.

    Example:

    >>> tagged("two dogs are running")[1:]
    [Word(lemma='dog', tag='NN2'), Word(lemma='be', tag='VBB'), Word(lemma='run', tag='VVG')]
    """
    tokens = [token for token in _TOKEN.findall(sentence) if len(token) <= LONGEST_WORD]
    # In parts, because of very many tokens HanTa loses its way.
    parts = (tokens[start : start + _AT_ONCE] for start in range(0, len(tokens), _AT_ONCE))
    analysed = itertools.chain.from_iterable(map(_tagger().tag_sent, parts))
    words = (Word(normalise(lemma), tag) for _, lemma, tag in analysed)
    return [word for word in words if len(word.lemma) > 1 and word.lemma[0].isalpha()]


@functools.lru_cache(maxsize=1 << 16)
def lemmas(word: str) -> tuple[str, ...]:
    """What a word on its own may be a form of, the likelier first: as it stands, its lemma, its lemma as a verb.

    Example:

    >>> lemmas("dogs"), lemmas("playing")
    (('dogs', 'dog'), ('playing', 'play'))
    """
    if len(word) > LONGEST_WORD:
        return (word,)
    found = [word, *(lemma for lemma, _ in tagged(word))]
    if word.endswith("ing"):
        # On its own it is taken for a noun.
        found.append(normalise(_tagger().analyze(word, "VVG")[0]))
    return tuple(dict.fromkeys(found))


@functools.cache
def _stop_words() -> frozenset[str]:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return ENGLISH_STOP_WORDS - _NOT_STOP_WORDS


def chosen(words: Iterable[Word], tags: tuple[str, ...], stop_words: bool = False) -> list[str]:
    """Lemmas of the words whose tag begins with one of `tags`; those of scikit-learn's stop words only when asked."""
    refused = frozenset() if stop_words else _stop_words()
    return [lemma for lemma, tag in words if tag.startswith(tags) and lemma not in refused]
