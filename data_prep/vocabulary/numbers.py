"""Which tags are numbers."""

from __future__ import annotations

import unicodedata

_AROUND = ("P", "Z", "Sc", "Sm")
"""What may stand in a number beside its digits: punctuation, spaces, signs of currencies and of mathematics."""


def is_number(tag: str) -> bool:
    """Whether a normalised tag says a number and nothing else (hashtag prediction, section 4.1: "numerical hashtags").

    It has a digit of any script, and otherwise only punctuation, spaces, signs of currencies and of mathematics: years,
    dates, times, ranges, sums and percentages. One letter, one ideograph or one emoji makes it a word.

    Example:

    >>> [tag for tag in ("2009", "1,000", "24-105", "10:30", "50%", "$5", "٣", "mp3", "2010s", "50mm", "三", "!") if is_number(tag)]
    ['2009', '1,000', '24-105', '10:30', '50%', '$5', '٣']
    """
    kinds = [unicodedata.category(character) for character in tag]
    digits = [kind in ("Nd", "No") for kind in kinds]
    return any(digits) and all(digit or kind.startswith(_AROUND) for digit, kind in zip(digits, kinds, strict=True))
