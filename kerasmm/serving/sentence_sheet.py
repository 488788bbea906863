"""Sheets of photos and the sentences that models find for them, as in figure 4 of the webly paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.serving.lettering import cut, shortened, width_in_inches, wrapped
from kerasmm.serving.print_figure import blank_figure, place_picture, write_figure
from kerasmm.serving.sheet import check_sheet_size

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

RIGHT, WRONG = "#1a7a2e", "#b3261e"
"""Of about the same lightness on paper; who can't tell them apart has the ranks."""

TRUTH = "GT"

# Inches.
_PHOTO, _WORDS, _MOST_LABEL, _GAP, _BLOCK, _MARGIN = 1.4, 3.4, 1.6, 0.12, 0.16, 0.08
_SIZE, _LINE, _BETWEEN = 8.5, 0.15, 0.05
_NOTE_SIZE, _NOTE_LINE = 7, 0.125
_TALLEST = 0.8
"""Height of a photo in widths of its column; a taller one is made smaller."""

_MOST_LINES, _MOST_LETTERS = 4, 600
"""Of a sentence; letters are counted first, since measuring is slow."""

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
    check_sheet_size(len(rows), 1)
    write_figure(lambda: _figure(rows), path)


@dataclasses.dataclass(frozen=True)
class _Line:
    """One entry beside a photo: its label in bold and the lines of its sentence."""

    label: str
    lines: list[str]
    colour: str

    @property
    def tall(self) -> float:
        return max(1, len(self.lines)) * _LINE


def _figure(rows: Sequence[SentenceRow]) -> Figure:
    figure = blank_figure()
    beside = [_lines(figure, row) for row in rows]
    labels = {line.label for lines in beside for line in lines}
    label = max(width_in_inches(figure, text, _SIZE, bold=True) for text in labels)
    width = 2 * _MARGIN + _PHOTO + label + _WORDS + 2 * _GAP
    heights = [
        max(_photo_height(row), sum(line.tall for line in lines) + _BETWEEN * (len(lines) - 1))
        for row, lines in zip(rows, beside, strict=True)
    ]
    foot = wrapped(figure, _FOOT, width - 2 * _MARGIN, _NOTE_SIZE, bold=False)
    height = 2 * _MARGIN + sum(heights) + _BLOCK * len(rows) + _NOTE_LINE * len(foot)
    figure.set_size_inches(width, height)
    top = height - _MARGIN
    for row, lines, tall in zip(rows, beside, heights, strict=True):
        place_picture(figure, row.picture, _MARGIN, top, _PHOTO, _photo_height(row))
        _write(figure, lines, top, _MARGIN + _PHOTO + _GAP, label + _GAP)
        top -= tall + _BLOCK
    figure.text(
        _MARGIN / width, top / height, "\n".join(foot), ha="left", va="top", fontsize=_NOTE_SIZE, color="0.25"
    )  # fmt: skip
    return figure


def _photo_height(row: SentenceRow) -> float:
    if row.picture is None:
        return _PHOTO / 2
    return _PHOTO * min(row.picture.shape[0] / row.picture.shape[1], _TALLEST)


def _label(figure: Figure, found: FoundSentence) -> str:
    """The name, or as much of it as leaves room for the rank."""
    rank = f" ({found.rank})"
    room = _MOST_LABEL - width_in_inches(figure, rank, _SIZE, bold=True)
    return cut(figure, found.name[:_MOST_LETTERS], room, _SIZE, bold=True) + rank


def _lines(figure: Figure, row: SentenceRow) -> list[_Line]:
    entries = [(TRUTH, row.truth, "black")]
    entries += [(_label(figure, found), found.sentence, RIGHT if found.rank == 1 else WRONG) for found in row.found]
    return [
        _Line(label, shortened(wrapped(figure, said[:_MOST_LETTERS], _WORDS, _SIZE, bold=False), _MOST_LINES), colour)
        for label, said, colour in entries
    ]


def _write(figure: Figure, lines: Sequence[_Line], top: float, left: float, indent: float) -> None:
    width, height = figure.get_size_inches()
    for line in lines:
        # A text for each line: paragraphs of matplotlib have a spacing of their own.
        texts = [(left, 0, line.label, "black", "bold")]
        texts += [(left + indent, number, words, line.colour, "normal") for number, words in enumerate(line.lines)]
        for x, number, words, colour, weight in texts:
            figure.text(
                x / width, (top - number * _LINE) / height, words,
                ha="left", va="top", fontsize=_SIZE, color=colour, weight=weight,
            )  # fmt: skip
        top -= line.tall + _BETWEEN
