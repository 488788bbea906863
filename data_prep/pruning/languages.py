"""Which language a short text is in: py3langid, and for texts of a few words simplemma's dictionaries beside it."""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING

from data_prep.pruning import post_text
from data_prep.pruning.topics import split_hashtag
from kerasmm.console import UserError

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# Those that Twitter's own detector tells apart, as far as py3langid knows them. Its other 70 are rare there, close to a
# frequent one (Nigerian Pidgin, Scots), or Latin; each takes short English texts away.
_TOLD_APART = (
    "am", "ar", "bg", "bn", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "gu", "he",
    "hi", "ht", "hu", "hy", "id", "is", "it", "ja", "ka", "km", "kn", "ko", "lo", "lt", "lv", "ml", "mr", "my", "ne",
    "nl", "no", "or", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sl", "sr", "sv", "ta", "te", "th", "tl", "tr", "ug",
    "uk", "ur", "vi", "zh",
)  # fmt: skip
_FEW_WORDS = 4
_SURE = 0.75
_VOUCHED = 2 / 3
# Twitter's old codes, and its codes for posts whose language can't be told.
_OLD_CODES = {"in": "id", "iw": "he"}
_UNTOLD = ("und", "zxx", "art", "qam", "qct", "qht", "qme", "qst")


@functools.cache
def _identifier() -> LanguageIdentifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)


@functools.cache
def _identifier_for(language: str) -> LanguageIdentifier:
    identifier = copy.copy(_identifier())
    identifier.set_languages({*_TOLD_APART, language} & set(identifier.labels))
    return identifier


def check_language(language: str) -> None:
    """Refuses a language that can't be recognised.

    Raises:
        UserError: With the languages that can.
    """
    known = _identifier().labels
    if language not in known:
        raise UserError(f"prune.language: must be one of {', '.join(sorted(known))}. Received: {language!r}")


def is_in(text: str, language: str, published: str | None = None) -> bool:
    """Whether a text is in a language, as far as that can be told.

    Links, mentions, hashtags and numbers are left out, and letters made small. Where that leaves less than four words, the
    words of hashtags may speak for the language, too. Then the text is in the language

    1. never, if its publisher says another one; that it says this one settles nothing. Both must agree, as whoever wants
       one language would rather lose a post than take a wrong one;
    2. if it has no word: nothing speaks against it;
    3. if py3langid finds the language the likeliest;
    4. if py3langid is not sure of any other (probability below 0.75), and two thirds of the words stand in the
       language's dictionary. The model weighs letters: of one to four words its probability is near a guess, and names
       outweigh the words between them. Without a dictionary of the language, rule 3 decides alone.

    Args:
        text: The text as it was written.
        language: ISO 639-1 code.
        published: What the publisher says; codes for "undetermined" say nothing.

    Example:

    >>> is_in("so happy today #love", "en"), is_in("Je suis très content aujourd’hui", "en")
    (True, False)
    """
    told = (published or "und").lower().split("-")[0]
    told = _OLD_CODES.get(told, told)
    if told not in (*_UNTOLD, language):
        return False
    found = post_text.without_numbers(post_text.words(text, hashtags=False))
    if found and _speaks(found, language):
        return True
    if len(found) < _FEW_WORDS:
        found = _with_hashtags(text)
    return not found or _speaks(found, language)


def _with_hashtags(text: str) -> list[str]:
    parts = (
        split_hashtag(word) if word[0] in "#＃" else post_text.words(word) for word in post_text.bare(text).split()
    )
    return post_text.without_numbers([part for found in parts for part in found])


def _speaks(words: list[str], language: str) -> bool:
    small = [word.lower() for word in words]
    best, probability = _identifier_for(language).classify(" ".join(small))
    return best == language or (probability < _SURE and _vouched(small, language))


def _vouched(words: list[str], language: str) -> bool:
    from simplemma import is_known

    longer = [word for word in words if len(word) > 1]
    try:
        known = sum(is_known(word, lang=language) for word in longer)
    except ValueError:
        return False
    return bool(longer) and known >= _VOUCHED * len(longer)
