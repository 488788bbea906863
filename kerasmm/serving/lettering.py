"""Text in a matplotlib figure that stays in its place: measured, cut or wrapped."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure


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
    fitting = range(len(text) - 1, 0, -1)
    return next(
        (f"{text[:n].rstrip()}…" for n in fitting if width_in_inches(figure, f"{text[:n]}…", size, bold) <= inches), "…"
    )


def wrapped(figure: Figure, text: str, inches: float, size: float, bold: bool) -> list[str]:
    """The text in lines that fit; a word that is wider alone goes on in the next line."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_in_inches(figure, longer, size, bold) <= inches:
            lines[-1] = longer
            continue
        while word:
            fitting = range(len(word), 1, -1)
            count = next((n for n in fitting if width_in_inches(figure, word[:n], size, bold) <= inches), 1)
            lines.append(word[:count])
            word = word[count:]
    return lines
