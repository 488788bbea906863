"""What a plot shows, read from its axes, and figures to show."""

from __future__ import annotations

import numpy as np


def lines(axis):
    """Values of the lines, by label."""
    return {
        line.get_label(): np.asarray(line.get_ydata()).tolist()
        for line in axis.lines
        if not line.get_label().startswith("_")
    }


def retrieval(rng, *prefixes):
    """Figures of retrieval both ways, with chance, under each prefix."""
    figures = {}
    for prefix in prefixes:
        for direction in ("image_to_text", "text_to_image"):
            for k in (1, 5, 10):
                figures[f"{prefix}{direction}/R@{k}"] = float(rng.random())
                figures[f"{prefix}{direction}/chance/R@{k}"] = k / 1000
    return figures
