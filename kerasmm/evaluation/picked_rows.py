"""A model's outputs for some posts of a split."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from kerasmm.systems.system import Arrays


def picked_rows(batches: Iterable[Arrays], name: str, rows: Sequence[int]) -> np.ndarray:
    """One output of the posts at `rows`, in their order; nothing else is kept, and nothing read past the last of them.

    Args:
        batches: What `System.outputs` yields.
        name: Of the output.
        rows: Rows of the split.
    """
    kept: dict[int, np.ndarray] = {}
    start = 0
    for batch in batches:
        output = batch[name]
        kept |= {row: output[row - start] for row in rows if start <= row < start + len(output)}
        start += len(output)
        if start > max(rows):
            break
    return np.stack([kept[row] for row in rows])
