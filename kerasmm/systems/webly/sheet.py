"""Sheets of photos and the sentences that models find for them, as in figure 4 of the webly paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.drawing.photo_sheet import Entry, PhotoRow, Said, draw_photo_sheet

if TYPE_CHECKING:
    import numpy as np

RIGHT, WRONG = "#1a7a2e", "#b3261e"
"""Of about the same lightness on paper; who can't tell them apart has the ranks."""

TRUTH = "GT"

_FOOT = (
    f"{TRUTH}: a sentence that was written about the photo. In brackets: the rank of the first such sentence. "
    "Green: the model found such a one first; red: it found one of another photo."
)


@dataclasses.dataclass(frozen=True)
class FoundSentence:
    """The sentence that a model finds first.

    Args:
        name: Of the model.
        rank: Of the first true sentence, from 1.
        sentence: The first one, which is true where the rank is 1.
    """

    name: str
    rank: int
    sentence: str


@dataclasses.dataclass(frozen=True)
class SentenceRow:
    """A photo with what was written about it, and what models find.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        truth: A true sentence.
        found: One a model.
    """

    picture: np.ndarray | None
    truth: str
    found: tuple[FoundSentence, ...]


def draw_sentence_sheet(rows: Sequence[SentenceRow], path: Path) -> None:
    """Draws a row a photo: a true sentence, and a line a model with its name, the rank and what it finds.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    draw_photo_sheet([PhotoRow(row.picture, _entries(row)) for row in rows], _FOOT, path)


def _entries(row: SentenceRow) -> tuple[Entry, ...]:
    found = (
        Entry(one.name, (Said(one.sentence, RIGHT if one.rank == 1 else WRONG),), f" ({one.rank})") for one in row.found
    )
    return (Entry(TRUTH, (Said(row.truth),)), *found)
