"""A row of a sheet: pictures behind a label, their captions under them, and words in a frame above them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from kerasmm.drawing.lettering import MOST_LETTERS, cut, shortened, wrapped
from kerasmm.drawing.print_figure import DROP, PAD, fitted, place_frame, place_picture

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

# Inches.
LABEL, PANEL, GAP, MARGIN = 1.0, 1.2, 0.07, 0.08
_CAPTION, _SPACE = 0.17, 0.12
SIZE, LINE = 7, 0.125
"""Of captions, frames and the foot."""
_LABEL_SIZE, _LABEL_LINE = 9, 0.145
_TALLEST = 1.5
"""Height of a row in widths of a panel; a taller picture is made smaller."""
_MOST_FRAMED = 3
"""Lines in the frame of a row."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """One picture.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        caption: Under it, in as many lines as its row has.
        weights: `(rows, columns)` of a word; they are laid over the picture.
        colour: Of the caption.
    """

    picture: np.ndarray | None
    caption: str = ""
    weights: np.ndarray | None = None
    colour: str = "0.25"


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of panels behind its label.

    Args:
        label: Bold where the row begins a question.
        panels: From the left.
        begins: Whether it begins a question and stands apart from what is above.
        framed: Words in a frame above the panels; "": no frame.
        lines: Of a caption at most.
    """

    label: str
    panels: tuple[Panel, ...]
    begins: bool = False
    framed: str = ""
    lines: int = 1


@dataclasses.dataclass(frozen=True)
class Laid:
    """A row as it is drawn: the height of its pictures in inches, what stands in its frame, and its captions' lines."""

    row: Row
    tall: float
    framed: list[str]
    captions: list[list[str]]

    @property
    def frame(self) -> float:
        """Height of the frame."""
        return len(self.framed) * LINE + 2 * PAD if self.framed else 0.0

    @property
    def above(self) -> float:
        """Between the row's top and its pictures."""
        return self.frame + GAP if self.framed else 0.0

    @property
    def below(self) -> float:
        """From the foot of the pictures to the next row."""
        return _CAPTION + LINE * (max([1, *map(len, self.captions)]) - 1)


def laid_row(figure: Figure, row: Row, columns: int) -> Laid:
    """Measures a row of a sheet with that many columns; `figure` measures text."""
    shapes = [panel.picture.shape for panel in row.panels if panel.picture is not None]
    tall = PANEL * min(max((height / width for height, width, _ in shapes), default=1.0), _TALLEST)
    wide = columns * (PANEL + GAP) - GAP - 2 * PAD
    framed = shortened(wrapped(figure, row.framed[:MOST_LETTERS], wide, SIZE, bold=False), _MOST_FRAMED)
    return Laid(row, tall, framed, [_caption(figure, panel, tall, row.lines) for panel in row.panels])


def _caption(figure: Figure, panel: Panel, tall: float, lines: int) -> list[str]:
    """The lines under a picture, up to the right side of its column."""
    wide = (PANEL + fitted(panel.picture, PANEL, tall)[0]) / 2
    if lines == 1:
        return [cut(figure, panel.caption, wide, SIZE, bold=False)]
    found = wrapped(figure, panel.caption[:MOST_LETTERS], wide, SIZE, bold=False)
    if len(found) <= lines:
        return found
    # The last one ends where its column does: another caption stands beside it.
    return [*found[: lines - 1], cut(figure, " ".join(found[lines - 1 :]), wide, SIZE, bold=False)]


def draw_row(figure: Figure, laid: Laid, top: float, scale: tuple[float, float] | None) -> None:
    """A row: its label beside the pictures, its frame above them, its captions under them."""
    from kerasmm.drawing.heat import overlaid

    width, height = figure.get_size_inches()
    left, row = MARGIN + LABEL, laid.row
    if laid.framed:
        place_frame(figure, left, top, width - MARGIN - left, laid.frame)
        for number, line in enumerate(laid.framed):
            figure.text(
                (left + PAD) / width, (top - PAD - DROP - number * LINE) / height, line,
                ha="left", va="top", fontsize=SIZE,
            )  # fmt: skip
    top -= laid.above
    figure.text(
        (left - _SPACE) / width, (top - laid.tall / 2) / height, _label(figure, laid),
        ha="right", va="center", weight="bold" if row.begins else "normal", fontsize=_LABEL_SIZE, linespacing=1.1,
    )  # fmt: skip
    for place, (panel, caption) in enumerate(zip(row.panels, laid.captions, strict=True)):
        pixels = panel.picture
        if pixels is not None and panel.weights is not None and scale:
            pixels = overlaid(pixels, panel.weights, scale)
        # Pictures of a row stand on one line, and their captions under it.
        x = place_picture(figure, pixels, left + place * (PANEL + GAP), top, PANEL, laid.tall)
        for number, line in enumerate(caption):
            figure.text(
                x / width, (top - laid.tall - 0.03 - number * LINE) / height, line,
                ha="left", va="top", fontsize=SIZE, color=panel.colour,
            )  # fmt: skip


def _label(figure: Figure, laid: Laid) -> str:
    """The label in as many lines as the pictures are high, and a little more."""
    most = max(1, int((laid.tall + _CAPTION) / _LABEL_LINE))
    lines = wrapped(figure, laid.row.label[:MOST_LETTERS], LABEL - _SPACE, _LABEL_SIZE, laid.row.begins)
    return "\n".join(shortened(lines, most))
