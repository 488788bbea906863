"""Figures at print quality: a blank one that measures text, photos in it, and the file."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.files.writing import written_whole

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

_DPI = 300
_FONTS = ("DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans Arabic", "Noto Emoji")
"""A letter that the first doesn't have is taken from the others, where they are installed."""


def blank_figure() -> Figure:
    """A figure that measures text before its size is known."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Text is as wide as it will be drawn: hinting depends on the size in pixels.
    figure = Figure(dpi=_DPI)
    # Files of other kinds bring a canvas of their own when they are written.
    FigureCanvasAgg(figure)
    return figure


def write_figure(make: Callable[[], Figure], path: Path) -> None:
    """Makes a figure with our fonts and writes it.

    Args:
        make: Draws it.
        path: A PNG, PDF or SVG file, replaced when it is whole.

    Raises:
        UserError: When the file can't be written.
    """
    import matplotlib

    # Words of posts are words: a dollar begins no formula.
    settings = {"font.family": _fonts(), "font.size": 8, "text.parse_math": False}
    with matplotlib.rc_context(settings), warnings.catch_warnings():
        # A letter that no installed font has is a box on the sheet, and that says it.
        warnings.filterwarnings("ignore", "Glyph .* missing")
        figure = make()
        with written_whole(path) as temporary:
            figure.savefig(temporary, dpi=_DPI, facecolor="white")


def place_picture(
    figure: Figure, pixels: np.ndarray | None, left: float, top: float, wide: float, tall: float
) -> float:
    """Puts a picture, as large as fits, in the middle of the foot of a box; all in inches from the lower left corner.

    Args:
        figure: Of its final size.
        pixels: `(h, w, 3)`, uint8; None: it says that there is no picture.
        left: Of the box.
        top: Of the box.
        wide: Of the box.
        tall: Of the box.

    Returns:
        Where the picture begins on the left.
    """
    width, height = figure.get_size_inches()
    if pixels is None:
        figure.text(
            (left + wide / 2) / width, (top - tall / 2) / height, "no picture", ha="center", va="center", color="0.5"
        )
        return left
    share = min(wide / pixels.shape[1], tall / pixels.shape[0])
    shown_width, shown_height = pixels.shape[1] * share, pixels.shape[0] * share
    x = left + (wide - shown_width) / 2
    axes = figure.add_axes((x / width, (top - tall) / height, shown_width / width, shown_height / height))
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()
    return x


def _fonts() -> list[str]:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [family for family in _FONTS if family in installed]
