"""Sheets of rows of photos and heat maps at print quality, as in figure 5 of DMAN's paper, 1 and 8 of hashtag's."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import UserError
from kerasmm.drawing.lettering import wrapped
from kerasmm.drawing.print_figure import blank_figure, write_figure
from kerasmm.drawing.scale_bar import SCALE, draw_scale, scale_words
from kerasmm.drawing.sheet_row import GAP, LABEL, LINE, MARGIN, PANEL, SIZE, Row, draw_row, laid_row
from kerasmm.files.writing import check_file_path

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")
MOST_PANELS, MOST_ROWS = 12, 60
"""Of a row and of a sheet; more can't be read, and hardly be drawn."""

PIXELS = 540
"""Longer side of the pictures on a sheet: 300 dots an inch where a picture is tall, more where it is wide."""
_BLOCK = 0.12
"""Inches above a row that begins or is framed."""


def check_sheet_path(path: Path) -> None:
    """Refuses what can't be drawn to, before anything is computed.

    Raises:
        UserError: For a folder that doesn't exist, or a suffix that no drawing has.
    """
    check_file_path(path)
    if path.suffix.lower() not in SUFFIXES:
        raise UserError(f"{path}: expected a name that ends in {', '.join(SUFFIXES)}")


def check_sheet_size(rows: int, panels: int) -> None:
    """Refuses a sheet that nobody could read.

    Raises:
        UserError: For too many rows or panels a row.
    """
    if rows > MOST_ROWS or panels > MOST_PANELS:
        raise UserError(
            f"a sheet of {rows} rows with {panels} pictures each is too large; "
            f"expected at most {MOST_ROWS} rows and {MOST_PANELS} pictures a row"
        )


def draw_sheet(rows: Sequence[Row], path: Path, note: str = "") -> None:
    """Draws rows of panels, their maps under one scale of colours.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.
        note: What a reader must know beside the scale, at the foot.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    check_sheet_size(len(rows), max(len(row.panels) for row in rows))
    write_figure(lambda: _figure(rows, note), path)


def _scale(rows: Sequence[Row]) -> tuple[tuple[float, float] | None, str]:
    """One scale of colours for all maps of the sheet, and its words."""
    from kerasmm.drawing.heat import weight_scale

    maps = [panel.weights for row in rows for panel in row.panels if panel.weights is not None]
    return weight_scale(maps), scale_words(maps) if maps else ""


def _figure(rows: Sequence[Row], note: str) -> Figure:
    columns = max(len(row.panels) for row in rows)
    figure, (scale, words) = blank_figure(), _scale(rows)
    laid = [laid_row(figure, row, columns) for row in rows]
    gaps = [_BLOCK if place and (row.begins or row.framed) else 0.0 for place, row in enumerate(rows)]
    width = 2 * MARGIN + LABEL + columns * (PANEL + GAP) - GAP
    # Under the pictures, or under the labels too where it would not fit.
    foot_left = MARGIN + (LABEL if columns > 2 else 0.15)
    foot = wrapped(figure, f"{words} {note}", width - foot_left - MARGIN, SIZE, bold=False)
    height = 2 * MARGIN + sum(one.above + one.tall + one.below for one in laid) + sum(gaps)
    height += (SCALE if scale else GAP) + LINE * len(foot)
    figure.set_size_inches(width, height)
    top = height - MARGIN
    for one, gap in zip(laid, gaps, strict=True):
        top -= gap
        draw_row(figure, one, top, scale)
        top -= one.above + one.tall + one.below
    below = MARGIN + LINE * len(foot)
    if scale:
        draw_scale(figure, scale, foot_left, width - MARGIN - 0.2, below)
    figure.text(foot_left / width, below / height, "\n".join(foot), ha="left", va="top", fontsize=SIZE, color="0.25")
    return figure
