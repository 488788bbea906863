"""One spelling for texts, tags and labels."""

from __future__ import annotations

import unicodedata

# Control characters, and halves of surrogate pairs, which no encoding can store.
_UNWANTED = ("Cc", "Cs")


def normalise(text: str) -> str:
    """NFKC, case folded, without control characters, runs of white space as one space. Hashtags stay as they are.

    Example:

    >>> normalise("  #Straße\\tﬁrst ")
    '#strasse first'
    """
    # Folding can leave a form that is not NFKC, so normalise again: the result is a fixed point.
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    return single_spaced(folded)


def single_spaced(text: str) -> str:
    """One space for each run of white space and control characters, none at the ends.

    Example:

    >>> single_spaced(" Sci-Fi\\tFilms ")
    'Sci-Fi Films'
    """
    return " ".join("".join(" " if unicodedata.category(c) in _UNWANTED else c for c in text).split())
