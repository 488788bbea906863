"""The spelling of words in vocabularies, for clients that ask by words."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence

from kerasmm.data.spelling import normalise, single_spaced


def spelling(word: str, vocabulary: Collection[str]) -> str | None:
    """How the vocabulary spells a word: as it stands but for white space, else normalised, else without its `#`; None when
    unknown. As `kerasmm.serving.vocabulary` does it in a server."""
    plain = normalise(word)
    return next((form for form in (single_spaced(word), plain, plain.lstrip("#")) if form and form in vocabulary), None)


def nearest_words(word: str, vocabulary: Sequence[str], most: int = 3) -> list[str]:
    """The known words most like `word`: similar in letters first, then those that hold it."""
    plain = normalise(word)
    similar = difflib.get_close_matches(plain, vocabulary, n=most, cutoff=0.5)
    holding = [known for known in vocabulary if len(plain) > 2 and plain in known and known not in similar]
    return [*similar, *holding][:most]
