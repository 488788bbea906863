"""Draws that no rounding takes across a kink, a tie or a threshold, so that no random test fails by chance."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

Drawn = TypeVar("Drawn")


def drawn_until(fine: Callable[[Drawn], bool], draw: Callable[[], Drawn]) -> Drawn:
    """The first of many draws that is `fine`. Most of them must be: this only leaves out the unlucky ones."""
    for _ in range(1000):
        drawn = draw()
        if fine(drawn):
            return drawn
    raise AssertionError("none of 1,000 draws will do: the draw itself is wrong")


def apart(values: np.ndarray, by: float = 1e-5, edges: Iterable[float] = (0.0,), ties: bool = False) -> bool:
    """Whether no two values of a row, the last axis, differ by nearly one of `edges`; `ties`: exactly so they may."""
    values = np.asarray(values, "float64")
    above, below = np.triu_indices(values.shape[-1], 1)
    differences = np.abs(values[..., above] - values[..., below])
    return not any(
        ((np.abs(differences - edge) < by) & ~(ties & (differences == edge))).any() for edge in map(abs, edges)
    )
