"""Sheets of photos with their tweets and the connotations that models find in both, as in figure 6 of CMEM's paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.drawing.photo_sheet import Entry, PhotoRow, Said, draw_photo_sheet

if TYPE_CHECKING:
    import numpy as np

RIGHT, WRONG = "#1f4fc4", "#b3261e"
"""Told apart by people with any colour vision; the true connotations stand beside them."""

TWEET, TRUTH, DENOTATIONS = "Tweet", "Connotations", "Denotations"

_ABSENT = "0.5"
"""Grey, of what says that there is nothing."""

_FOOT = (
    f"{TRUTH}: the true ones of the tweet. Under them those that each model ranks first; blue: it is a true one; "
    "red: it isn't."
)


@dataclasses.dataclass(frozen=True)
class FoundConnotations:
    """The connotations that a model ranks first for a photo and its tweet, best first."""

    name: str
    connotations: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class ConnotationRow:
    """A photo with its tweet, and what models find in both.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        tweet: What was said with it; may be empty.
        truth: The true connotations.
        denotations: What the photo shows, and how sure the network that says so is, in 0 … 1. None: nobody asked.
        found: One a model.
    """

    picture: np.ndarray | None
    tweet: str
    truth: tuple[str, ...]
    denotations: tuple[tuple[str, float], ...] | None
    found: tuple[FoundConnotations, ...]


def draw_connotation_sheet(rows: Sequence[ConnotationRow], path: Path, classifier: str = "") -> None:
    """Draws a row a photo: its tweet, its true connotations, its denotations, and a line a model.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.
        classifier: The network that the denotations are from.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    foot = _FOOT
    if any(row.denotations is not None for row in rows):
        foot += f" {DENOTATIONS}: the ImageNet classes that {classifier} finds in the photo alone, and how sure it is."
    draw_photo_sheet([PhotoRow(row.picture, _entries(row)) for row in rows], foot, path)


def _entries(row: ConnotationRow) -> tuple[Entry, ...]:
    entries = [
        Entry(TWEET, (Said(row.tweet) if row.tweet.strip() else Said("no text", _ABSENT),)),
        Entry(TRUTH, _listed(row.truth, ["black"] * len(row.truth))),
    ]
    if row.denotations is not None:
        named = [f"{name} ({share:.0%})" for name, share in row.denotations]
        entries.append(Entry(DENOTATIONS, _listed(named, ["black"] * len(named))))
    for found in row.found:
        colours = [RIGHT if name in row.truth else WRONG for name in found.connotations]
        entries.append(Entry(found.name, _listed(found.connotations, colours)))
    return tuple(entries)


def _listed(names: Sequence[str], colours: Sequence[str]) -> tuple[Said, ...]:
    """Names with commas between them; "none" where there is none."""
    if not names:
        return (Said("none", _ABSENT),)
    commas = [","] * (len(names) - 1) + [""]
    return tuple(Said(name + comma, colour, True) for name, comma, colour in zip(names, commas, colours, strict=True))
