"""MinHash: short signatures of word sets that meet when the sets are alike (Broder 1997), in bands (Leskovec et al.)."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

MISSED = 0.01
"""Share of the pairs at the threshold that never meet; of more similar ones it is less."""

_MOST_BANDS = 20
_MOST_ROWS = 6
_SEED = 20170613


class Bands(NamedTuple):
    """How a signature is cut: into `number` bands of `rows` values each."""

    number: int
    rows: int

    def meet(self, similarity: float) -> float:
        """The probability that two sets of this Jaccard similarity agree in a whole band: the S-curve below."""
        return 1 - (1 - similarity**self.rows) ** self.number


def bands_for(threshold: float) -> Bands:
    """The bands for a threshold.

    A hash function orders all words; the smallest word of two sets' union is in both sets with probability j, their
    Jaccard similarity, so that their minima are equal with probability j. A band of r such minima agrees with
    probability j^r, at least one of b bands with

        P(j) = 1 − (1 − j^r)^b,

    an S-shaped curve that rises at about (1/b)^(1/r). More rows make it steeper, which spares comparisons of unlike
    sets; more bands move it to the left, so that like sets are not missed. Of all r up to 6 that miss one in a hundred
    at the threshold with 20 bands or less, the largest is taken.

    Example:

    >>> bands_for(0.8), [round(bands_for(0.8).meet(similarity), 3) for similarity in (0.2, 0.4, 0.6, 0.8, 0.9)]
    (Bands(number=16, rows=6), [0.001, 0.064, 0.534, 0.992, 1.0])
    """
    for rows in range(_MOST_ROWS, 0, -1):
        miss = 1 - threshold**rows
        number = 1 if miss == 0 else math.ceil(math.log(MISSED) / math.log(miss))
        if number <= _MOST_BANDS:
            break
    return Bands(number, rows)


class MinHash:
    """Signatures of sets of hashed words.

    Args:
        bands: How many minima, and how they are cut.
        only: The bands that are wanted; all, unless given.
    """

    def __init__(self, bands: Bands, only: range | None = None) -> None:
        self._only, self._rows = range(bands.number) if only is None else only, bands.rows
        wanted = slice(self._only.start * bands.rows, self._only.stop * bands.rows)
        generator = np.random.default_rng(_SEED)
        size = bands.number * bands.rows
        self._salts = generator.integers(0, 1 << 64, (size, 1), np.uint64)[wanted]
        halves = generator.integers(0, 1 << 63, (size, 1), np.uint64)[wanted]
        self._factors = halves * np.uint64(2) + np.uint64(1)

    def signature(self, words: np.ndarray) -> np.ndarray:
        """`(bands × rows,)` minima of `(words,)` 64-bit hashes, of which there is at least one."""
        # Products with odd numbers permute 64-bit integers, and so does folding the high half into the low one.
        mixed = (words[None, :] ^ self._salts) * self._factors
        mixed = (mixed ^ (mixed >> np.uint64(32))) * self._factors
        return np.min(mixed, axis=1)

    def keys(self, words: np.ndarray) -> list[bytes]:
        """One key a wanted band; two sets meet in a band when its keys are equal."""
        bands = self.signature(words).reshape(-1, self._rows)
        return [bytes([number]) + band.tobytes() for number, band in zip(self._only, bands, strict=True)]
