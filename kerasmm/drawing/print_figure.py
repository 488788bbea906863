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

RIGHT, WRONG = "#1f4fc4", "#b3261e"
"""Told apart by people with any colour vision; what is true stands beside them."""
ABSENT = "0.5"
"""Grey, of what says that there is nothing."""
PAD = 0.04
"""Inches between a frame and what is in it."""
DROP = 0.015
"""Inches that words in a frame stand lower: a line has its space below the letters."""


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


def place_frame(figure: Figure, left: float, top: float, wide: float, tall: float) -> None:
    """Draws a thin frame; all in inches from the lower left corner of a figure of its final size."""
    from matplotlib.patches import Rectangle

    width, height = figure.get_size_inches()
    corner = (left / width, (top - tall) / height)
    figure.add_artist(Rectangle(corner, wide / width, tall / height, fill=False, edgecolor="0.55", linewidth=0.6))


def fitted(pixels: np.ndarray | None, wide: float, tall: float) -> tuple[float, float]:
    """Width and height of a picture that is as large as fits into a box; without one, those of the box."""
    if pixels is None:
        return wide, tall
    share = min(wide / pixels.shape[1], tall / pixels.shape[0])
    return pixels.shape[1] * share, pixels.shape[0] * share


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
            (left + wide / 2) / width, (top - tall / 2) / height, "no picture", ha="center", va="center", color=ABSENT
        )
        return left
    shown_width, shown_height = fitted(pixels, wide, tall)
    x = left + (wide - shown_width) / 2
    axes = figure.add_axes((x / width, (top - tall) / height, shown_width / width, shown_height / height))
    axes.imshow(pixels, aspect="auto", interpolation="none")
    axes.set_axis_off()
    return x


def _fonts() -> list[str]:
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return [family for family in _FONTS if family in installed]
