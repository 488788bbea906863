"""One spelling for texts, tags and labels."""

from __future__ import annotations

import unicodedata

# Control characters, and halves of surrogate pairs, which no encoding can store.
_UNWANTED = ("Cc", "Cs")
_MOST_MARKS = 30
"""Marks on one letter: as in Unicode's stream-safe texts (UAX 15), since putting n of them in order takes n² steps."""


def normalise(text: str) -> str:
    """NFKC, case folded, without control characters, runs of white space as one space. Hashtags stay as they are.

    Example:

    >>> normalise("  #Straße\\tﬁrst ")
    '#strasse first'
    """
    text = _stream_safe(text)
    # Folding can leave a form that is not NFKC, so normalise again: the result is a fixed point.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return single_spaced(folded)


def _stream_safe(text: str) -> str:
    """The text without the marks that stand behind thirty others."""
    if len(text) <= _MOST_MARKS or text.isascii():
        return text
    run, kept = 0, list[str]()
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= _MOST_MARKS:
            kept.append(character)
    return text if len(kept) == len(text) else "".join(kept)


def single_spaced(text: str) -> str:
    """One space for each run of white space and control characters, none at the ends.

    Example:

    >>> single_spaced(" Sci-Fi\\tFilms ")
    'Sci-Fi Films'
    """
    return " ".join("".join(" " if unicodedata.category(c) in _UNWANTED else c for c in text).split())
