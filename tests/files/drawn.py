"""Values of any kind that JSON and YAML both hold."""

from __future__ import annotations

from typing import Any

import numpy as np


def drawn_value(rng: np.random.Generator, depth: int, characters: tuple[int, int]) -> Any:
    """Lists and mappings in one another, at most so deep, of numbers, texts of a range of characters, truths and nothing."""
    kind = rng.integers(0, 6 if depth else 4)
    if kind == 0:
        return int(rng.integers(-(2**63), 2**63 - 1))
    if kind == 1:
        return float(rng.normal())
    if kind == 2:
        return "".join(map(chr, rng.integers(*characters, rng.integers(6))))
    if kind == 3:
        return [None, True, False][rng.integers(3)]
    inner = [drawn_value(rng, depth - 1, characters) for _ in range(rng.integers(4))]
    return inner if kind == 4 else {f"k {number}": value for number, value in enumerate(inner)}
