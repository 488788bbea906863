"""Text in a matplotlib figure that stays in its place: measured, cut or wrapped."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_LETTERS = 600
"""Of what is wrapped into a few lines; they are counted first, since measuring is slow."""


def width_in_inches(figure: Figure, text: str, size: float, bold: bool) -> float:
    """How wide a line is."""
    from matplotlib.font_manager import FontProperties

    font = FontProperties(size=size, weight="bold" if bold else "normal")
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    return float(renderer.get_text_width_height_descent(text, font, ismath=False)[0]) / figure.dpi


def cut(figure: Figure, text: str, inches: float, size: float, bold: bool) -> str:
    """The text, or as much of its beginning as fits."""
    if width_in_inches(figure, text, size, bold) <= inches:
        return text
    count = _fitting(text, lambda part: width_in_inches(figure, f"{part}…", size, bold) <= inches)
    return f"{text[:count].rstrip()}…"


def wrapped(figure: Figure, text: str, inches: float, size: float, bold: bool) -> list[str]:
    """The text in lines that fit; a word that is wider alone goes on in the next line."""
    lines = flowed(figure, text.split(), inches, size, bold)
    return [" ".join(part for _, part in line) for line in lines]


def flowed(
    figure: Figure, pieces: Sequence[str], inches: float, size: float, bold: bool
) -> list[list[tuple[int, str]]]:
    """Pieces of text, with spaces between them, in lines that fit; one that is wider alone goes on in the next line.

    Returns:
        For each line what stands in it: the place of the piece among `pieces`, and the piece or its part.
    """

    def fits(part: str) -> bool:
        return width_in_inches(figure, part, size, bold) <= inches

    lines: list[list[tuple[int, str]]] = []
    for place, piece in enumerate(pieces):
        if lines and fits(" ".join([*(part for _, part in lines[-1]), piece])):
            lines[-1].append((place, piece))
            continue
        while piece:
            count = max(1, _fitting(piece, fits))
            lines.append([(place, piece[:count])])
            piece = piece[count:]
    return lines


def _fitting(text: str, fits: Callable[[str], bool]) -> int:
    """How many letters of the beginning fit; a longer beginning is wider."""
    return bisect.bisect_left(range(1, len(text) + 1), True, key=lambda count: not fits(text[:count]))


def shortened(lines: list[str], most: int) -> list[str]:
    """The lines, or as many as may be; the last one says that there are more."""
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1][:-1]}…"]
