"""Does a word look at what it means? The pointing game on boxes that no training saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kerasmm.data.boxes import Box, overlapped_cells


def pointing_figures(
    looks: np.ndarray,
    ids: Sequence[str],
    boxes: Mapping[str, Sequence[tuple[str, Box]]],
    words: Sequence[str],
    grid: tuple[int, int],
) -> dict[str, float]:
    """The share of words whose cell of the largest attention overlaps a box of that word.

    A picture with several boxes of one word asks once, and any of them is right.

    Args:
        looks: `(n, L)`, row-major number of the cell with the largest attention, by post and word.
        ids: The n post ids.
        boxes: By post id, words and where they are.
        words: The L words.
        grid: Rows and columns of the attention map.

    Returns:
        `accuracy`; `chance/accuracy`, the mean share of cells that the boxes overlap, which is what a random cell would
        get; `centre/accuracy`, what the cell in the middle would get, as pictures are often taken of what is in it; and `queries`.
        Empty when no box has a word of the vocabulary.

    Reference:
        Zhang et al. (2016), "Top-down Neural Attention by Excitation Backprop" (the pointing game).
    """
    places = {word: place for place, word in enumerate(words)}
    rows, columns = grid
    middle = (rows // 2) * columns + columns // 2
    right, centre, chance = [], [], []
    for row, post_id in enumerate(ids):
        cells: dict[int, set[int]] = {}
        for word, box in boxes.get(post_id, ()):
            if word in places:
                cells.setdefault(places[word], set()).update(overlapped_cells(box, grid))
        for place, inside in cells.items():
            right.append(int(looks[row, place]) in inside)
            centre.append(middle in inside)
            chance.append(len(inside) / (rows * columns))
    if not right:
        return {}
    return {
        "accuracy": float(np.mean(right)),
        "chance/accuracy": float(np.mean(chance)),
        "centre/accuracy": float(np.mean(centre)),
        "queries": float(len(right)),
    }
