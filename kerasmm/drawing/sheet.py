"""Sheets of photos and heat maps at print quality, as in figure 5 of DMAN's paper."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import UserError
from kerasmm.drawing.lettering import cut, shortened, wrapped
from kerasmm.drawing.print_figure import blank_figure, place_picture, write_figure
from kerasmm.files.writing import check_file_path

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")
MOST_PANELS, MOST_ROWS = 12, 60
"""Of a row and of a sheet; more can't be read, and hardly be drawn."""

PIXELS = 540
"""Longer side of the pictures on a sheet: 300 dots an inch where a picture is tall, more where it is wide."""

# Inches.
_LABEL, _PANEL, _GAP, _CAPTION, _BLOCK, _MARGIN, _SCALE = 1.0, 1.2, 0.07, 0.17, 0.12, 0.08, 0.38
_SPACE = 0.12
_LABEL_SIZE, _CAPTION_SIZE = 9, 7
_LINE, _LABEL_LINE = 0.125, 0.145
_TALLEST = 1.5
"""Height of a row in widths of a panel; a taller picture is made smaller."""


@dataclasses.dataclass(frozen=True)
class Panel:
    """One picture.

    Args:
        picture: `(h, w, 3)` uint8, or None where there is none.
        caption: One line under it.
        weights: `(rows, columns)` of a word; they are laid over the picture.
    """

    picture: np.ndarray | None
    caption: str = ""
    weights: np.ndarray | None = None


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of panels behind its label; one that `begins` a question stands apart from what is above, its label bold."""

    label: str
    panels: tuple[Panel, ...]
    begins: bool = False


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
    """Draws rows of panels under one scale of colours.

    Args:
        rows: From the top down.
        path: A PNG, PDF or SVG file, replaced when it is whole.
        note: What else a reader must know, at the foot.

    Raises:
        UserError: When the file can't be written, or the sheet is too large.
    """
    check_sheet_size(len(rows), max(len(row.panels) for row in rows))
    write_figure(lambda: _figure(rows, note), path)


def _heights(rows: Sequence[Row]) -> list[float]:
    """Inches of the pictures of each row."""
    found = []
    for row in rows:
        shapes = [panel.picture.shape for panel in row.panels if panel.picture is not None]
        tallest = max((height / width for height, width, _ in shapes), default=1.0)
        found.append(_PANEL * min(tallest, _TALLEST))
    return found


def _scale(rows: Sequence[Row]) -> tuple[float, float] | None:
    """One scale of colours for all maps of the sheet."""
    from kerasmm.drawing.heat import weight_scale

    return weight_scale([panel.weights for row in rows for panel in row.panels if panel.weights is not None])


def _figure(rows: Sequence[Row], note: str) -> Figure:
    heights, scale = _heights(rows), _scale(rows)
    columns = max(len(row.panels) for row in rows)
    gaps = [_BLOCK if row.begins and place else 0.0 for place, row in enumerate(rows)]
    width = 2 * _MARGIN + _LABEL + columns * (_PANEL + _GAP) - _GAP
    # Under the pictures, or under the labels too where it would not fit.
    foot_left = _MARGIN + (_LABEL if columns > 2 else 0.15)
    figure = blank_figure()
    foot = _foot(figure, rows, width - foot_left - _MARGIN, note) if scale else []
    height = 2 * _MARGIN + sum(heights) + sum(gaps) + len(rows) * _CAPTION + _SCALE * bool(scale) + _LINE * len(foot)
    figure.set_size_inches(width, height)
    top = height - _MARGIN
    for row, tall, gap in zip(rows, heights, gaps, strict=True):
        top -= gap
        figure.text(
            (_MARGIN + _LABEL - _SPACE) / width, (top - tall / 2) / height, _label(figure, row, tall),
            ha="right", va="center", weight="bold" if row.begins else "normal", fontsize=_LABEL_SIZE, linespacing=1.1,
        )  # fmt: skip
        for place, panel in enumerate(row.panels):
            _draw(figure, panel, _MARGIN + _LABEL + place * (_PANEL + _GAP), top, tall, scale)
        top -= tall + _CAPTION
    if scale:
        _draw_scale(figure, scale, foot_left, foot)
    return figure


def _even(rows: Sequence[Row]) -> float:
    """The weight of a cell where a word looks everywhere alike."""
    return 1 / next(panel.weights.size for row in rows for panel in row.panels if panel.weights is not None)


def _foot(figure: Figure, rows: Sequence[Row], inches: float, note: str) -> list[str]:
    """The lines under the scale."""
    text = f"weight of a cell; {_even(rows):.3f} where a word looks everywhere alike; framed: the largest. {note}"
    return wrapped(figure, text, inches, _CAPTION_SIZE, bold=False)


def _draw(
    figure: Figure, panel: Panel, left: float, top: float, tall: float, scale: tuple[float, float] | None
) -> None:
    from kerasmm.drawing.heat import overlaid

    pixels = panel.picture
    if pixels is not None and panel.weights is not None and scale:
        pixels = overlaid(pixels, panel.weights, scale)
    # Pictures of a row stand on one line, and their captions under it.
    x, y = place_picture(figure, pixels, left, top, _PANEL, tall), top - tall
    width, height = figure.get_size_inches()
    caption = cut(figure, panel.caption, left + _PANEL - x, _CAPTION_SIZE, bold=False)
    figure.text(x / width, (y - 0.03) / height, caption, ha="left", va="top", fontsize=_CAPTION_SIZE, color="0.25")


def _draw_scale(figure: Figure, scale: tuple[float, float], left: float, foot: Sequence[str]) -> None:
    """The scale of colours and what it says, at the foot of the sheet."""
    import numpy as np

    from kerasmm.drawing.heat import palette

    width, height = figure.get_size_inches()
    low, high = scale
    below = _MARGIN + _LINE * len(foot)
    long = min(2.4, width - left - _MARGIN - 0.2)
    axes = figure.add_axes((left / width, (below + 0.2) / height, long / width, 0.09 / height))
    axes.imshow(np.rint(palette())[None].astype("uint8"), aspect="auto", extent=(low, max(high, low + 1e-9), 0, 1))
    axes.set_yticks([])
    axes.set_xticks([low, high], [f"{low:.3f}", f"≥ {high:.3f}"], fontsize=_CAPTION_SIZE)
    axes.tick_params(length=2, pad=1.5, width=0.5)
    axes.spines[:].set_visible(False)
    figure.text(
        left / width, below / height, "\n".join(foot), ha="left", va="top", fontsize=_CAPTION_SIZE, color="0.25"
    )


def _label(figure: Figure, row: Row, tall: float) -> str:
    """The label in as many lines as the row is high."""
    most = max(1, int((tall + _CAPTION) / _LABEL_LINE))
    return "\n".join(shortened(wrapped(figure, row.label, _LABEL - _SPACE, _LABEL_SIZE, row.begins), most))
