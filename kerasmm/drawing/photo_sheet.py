"""Sheets of photos with what is said about them: a row a photo, beside it lines of coloured words behind their labels."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.drawing.lettering import MOST_LETTERS, cut, flowed, width_in_inches, wrapped
from kerasmm.drawing.print_figure import ABSENT, DROP, PAD, blank_figure, place_frame, place_picture, write_figure
from kerasmm.drawing.sheet import check_sheet_size

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

# Inches.
_PHOTO, _WORDS, _MOST_LABEL, _GAP, _BLOCK, _MARGIN = 1.4, 3.4, 1.6, 0.12, 0.16, 0.08
_SIZE, _LINE, _BETWEEN = 8.5, 0.15, 0.05
_NOTE_SIZE, _NOTE_LINE = 7, 0.125
_TALLEST = 0.8
"""Height of a photo in widths of its column; a taller one is made smaller."""

_MOST_LINES = 4
"""Of an entry."""


@dataclasses.dataclass(frozen=True)
class Said:
    """Words in one colour; `together` keeps them in one line, where it has room for them."""

    text: str
    colour: str = "black"
    together: bool = False


@dataclasses.dataclass(frozen=True)
class Entry:
    """What stands beside a photo under one label.

    Args:
        label: In bold; cut where it is too long.
        said: In reading order.
        note: After the label, never cut.
        framed: Whether the words stand in a frame.
    """

    label: str
    said: tuple[Said, ...]
    note: str = ""
    framed: bool = False


def listed_names(names: Sequence[str], colours: Sequence[str]) -> tuple[Said, ...]:
    """Names with commas between them, each of its colour; "none" where there is none."""
    if not names:
        return (Said("none", ABSENT),)
    commas = [","] * (len(names) - 1) + [""]
    return tuple(Said(name + comma, colour, True) for name, comma, colour in zip(names, commas, colours, strict=True))


@dataclasses.dataclass(frozen=True)
class PhotoRow:
    """A photo, `(h, w, 3)` uint8 or None where there is none, and its entries from the top down."""

    picture: np.ndarray | None
    entries: tuple[Entry, ...]


def draw_photo_sheet(rows: Sequence[PhotoRow], foot: str, path: Path) -> None:
    """Draws a row a photo.

    Args:
        rows: From the top down.
        foot: What a reader must know, at the foot of the sheet.
        path: A PNG, PDF or SVG file, replaced when it is whole.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    check_sheet_size(len(rows), 1)
    write_figure(lambda: _figure(rows, foot), path)


@dataclasses.dataclass(frozen=True)
class _Lines:
    """An entry as it is drawn: its label, and for each line what stands in it in which colour."""

    label: str
    lines: list[list[tuple[str, str]]]
    framed: bool

    @property
    def drop(self) -> float:
        """How far below its top its words begin."""
        return (PAD + DROP) * self.framed

    @property
    def tall(self) -> float:
        return max(1, len(self.lines)) * _LINE + 2 * PAD * self.framed


def _figure(rows: Sequence[PhotoRow], foot: str) -> Figure:
    figure = blank_figure()
    beside = [[_lines(figure, entry) for entry in row.entries] for row in rows]
    labels = {entry.label for entries in beside for entry in entries}
    label = max(width_in_inches(figure, text, _SIZE, bold=True) for text in labels)
    width = 2 * _MARGIN + _PHOTO + label + _WORDS + 2 * _GAP
    heights = [
        max(_photo_height(row), sum(entry.tall for entry in entries) + _BETWEEN * (len(entries) - 1))
        for row, entries in zip(rows, beside, strict=True)
    ]
    note = wrapped(figure, foot, width - 2 * _MARGIN, _NOTE_SIZE, bold=False)
    height = 2 * _MARGIN + sum(heights) + _BLOCK * len(rows) + _NOTE_LINE * len(note)
    figure.set_size_inches(width, height)
    top = height - _MARGIN
    for row, entries, tall in zip(rows, beside, heights, strict=True):
        place_picture(figure, row.picture, _MARGIN, top, _PHOTO, _photo_height(row))
        _write(figure, entries, top, _MARGIN + _PHOTO + _GAP, label + _GAP)
        top -= tall + _BLOCK
    figure.text(
        _MARGIN / width, top / height, "\n".join(note), ha="left", va="top", fontsize=_NOTE_SIZE, color="0.25"
    )  # fmt: skip
    return figure


def _photo_height(row: PhotoRow) -> float:
    if row.picture is None:
        return _PHOTO / 2
    return _PHOTO * min(row.picture.shape[0] / row.picture.shape[1], _TALLEST)


def _lines(figure: Figure, entry: Entry) -> _Lines:
    room = _MOST_LABEL - width_in_inches(figure, entry.note, _SIZE, bold=True)
    label = cut(figure, " ".join(entry.label[:MOST_LETTERS].split()), room, _SIZE, bold=True) + entry.note
    pieces, left = [], MOST_LETTERS
    for said in entry.said:
        text = " ".join(said.text[:left].split())
        left -= len(text)
        whole = said.together and width_in_inches(figure, text, _SIZE, bold=False) <= _WORDS
        pieces += [(part, said.colour) for part in ([text] if whole else text.split())]
    lines = [
        [(part, pieces[place][1]) for place, part in line]
        for line in flowed(figure, [part for part, _ in pieces], _WORDS, _SIZE, bold=False)
    ]
    if len(lines) > _MOST_LINES:
        lines = lines[:_MOST_LINES]
        part, colour = lines[-1][-1]
        lines[-1][-1] = (f"{part[:-1]}…", colour)
    return _Lines(label, lines, entry.framed)


def _write(figure: Figure, entries: Sequence[_Lines], top: float, left: float, indent: float) -> None:
    width, height = figure.get_size_inches()
    for entry in entries:
        if entry.framed:
            place_frame(figure, left + indent - PAD, top, _WORDS + 2 * PAD, entry.tall)
        # A text for each line: paragraphs of matplotlib have a spacing of their own.
        texts = [(left, 0, entry.label, "black", "bold")]
        for number, line in enumerate(entry.lines):
            texts += [(left + indent + x, number, part, colour, "normal") for x, part, colour in _placed(figure, line)]
        for x, number, words, colour, weight in texts:
            figure.text(
                x / width, (top - entry.drop - number * _LINE) / height, words,
                ha="left", va="top", fontsize=_SIZE, color=colour, weight=weight,
            )  # fmt: skip
        top -= entry.tall + _BETWEEN


def _placed(figure: Figure, line: Sequence[tuple[str, str]]) -> list[tuple[float, str, str]]:
    """The stretches of a line that have one colour, and where they begin, in inches from its beginning."""
    found, before = [], ""
    for colour, parts in itertools.groupby(line, key=lambda piece: piece[1]):
        text = " ".join(part for part, _ in parts)
        through = f"{before} {text}" if before else text
        # Measured up to its end: a space at the end of a text has no width of its own.
        begins = width_in_inches(figure, through, _SIZE, bold=False) - width_in_inches(figure, text, _SIZE, bold=False)
        found.append((begins, text, colour))
        before = through
    return found
