"""The scale of colours of a sheet's heat maps, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

SCALE = 0.38
"""Inches that the scale needs above its words."""
_LONGEST = 2.4
_SIZE = 7


def scale_words(maps: Sequence[np.ndarray]) -> str:
    """What the colours mean."""
    even = 1 / maps[0].size
    return f"weight of a cell; {even:.3f} where a word looks everywhere alike; framed: the largest."


def draw_scale(figure: Figure, scale: tuple[float, float], left: float, right: float, below: float) -> None:
    """Draws the scale; all in inches from the lower left corner of a figure of its final size.

    Args:
        figure: Where.
        scale: Weights of the first and the last colour.
        left: Where it begins.
        right: Where it ends at the latest.
        below: Upper edge of the words under it.
    """
    import numpy as np

    from kerasmm.drawing.heat import palette

    width, height = figure.get_size_inches()
    low, high = scale
    long = min(_LONGEST, right - left)
    axes = figure.add_axes((left / width, (below + 0.2) / height, long / width, 0.09 / height))
    axes.imshow(np.rint(palette())[None].astype("uint8"), aspect="auto", extent=(low, max(high, low + 1e-9), 0, 1))
    axes.set_yticks([])
    axes.set_xticks([low, high], [f"{low:.3f}", f"≥ {high:.3f}"], fontsize=_SIZE)
    axes.tick_params(length=2, pad=1.5, width=0.5)
    axes.spines[:].set_visible(False)
