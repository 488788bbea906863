"""Which regions of a picture a word looks at, asked of an export that answers `attend`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kerasmm.console import UserError

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

SIGNATURE = "attend"
ROWS = 16
"""Pairs of a picture and a word that are asked at a time."""


@dataclasses.dataclass(frozen=True)
class Attention:
    """What one word looks at in one picture.

    Args:
        word: As the vocabulary spells it.
        score: Confidence in 0 … 1 that the picture has the word; None from an export that doesn't answer it.
        weights: `(rows, columns)`, one weight a region, which sum to 1; the regions tile the picture.

    Example:

    >>> import numpy as np
    >>> seen = Attention("sea", 0.9, np.array([[0.1, 0.2], [0.6, 0.1]]))
    >>> seen.peak, seen.box, seen.largest
    ((1, 0), (0.5, 0.0, 1.0, 0.5), 0.6)
    """

    word: str
    score: float | None
    weights: np.ndarray

    @property
    def peak(self) -> tuple[int, int]:
        """Row and column of the largest weight, counted from 0; of equal ones the first in reading order."""
        row, column = divmod(int(self.weights.argmax()), self.weights.shape[1])
        return row, column

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Where that cell lies: top, left, bottom, right as shares of the picture's height and width."""
        (row, column), (rows, columns) = self.peak, self.weights.shape
        return row / rows, column / columns, (row + 1) / rows, (column + 1) / columns

    @property
    def largest(self) -> float:
        """The largest weight."""
        return float(self.weights.max())


def has_attention(export: LoadedExport) -> bool:
    """Whether the export has a signature `attend` that takes a picture and a word."""
    return {"image", "word"} <= set(export.inputs.get(SIGNATURE, ())) and "map" in export.outputs[SIGNATURE]


def require_attention(export: LoadedExport) -> None:
    """Refuses an export whose words look at no regions.

    Raises:
        UserError: When there is no attention; names the signatures that the export has.
    """
    if not has_attention(export):
        raise UserError(
            f"{export.folder}: has no signature {SIGNATURE!r}: its model has no attention, so no word looks anywhere "
            f"(it has: {', '.join(export.inputs)})"
        )


def attention(
    export: LoadedExport,
    pictures: Sequence[bytes],
    words: Sequence[str],
    advance: Callable[[int], object] = lambda asked: None,
) -> list[list[Attention] | None]:
    """Asks where each word looks in each picture.

    Args:
        export: One that answers `attend`.
        pictures: JPEG or PNG bytes.
        words: Of the export's vocabulary.
        advance: Told how many pairs of a picture and a word were answered.

    Returns:
        For each picture its words' attention, or None where the picture can't be decoded.

    Raises:
        UserError: When the export has no attention, or doesn't know a word.
    """
    import numpy as np

    require_attention(export)
    pairs = [(picture, word) for picture in pictures for word in words]
    answered: list[Attention | None] = []
    for start in range(0, len(pairs), ROWS):
        some = pairs[start : start + ROWS]
        inputs = {"image": np.empty(len(some), object), "word": np.empty(len(some), object)}
        inputs["image"][:] = [picture for picture, _ in some]
        inputs["word"][:] = [word.encode() for _, word in some]
        answer = export.answer(SIGNATURE, inputs)
        for row, (_, word) in enumerate(some):
            score = float(answer["score"][row]) if "score" in answer else None
            answered.append(Attention(word, score, answer["map"][row]) if answer["valid"][row] else None)
        advance(len(some))
    rows = [answered[start : start + len(words)] for start in range(0, len(answered), len(words) or 1)]
    return [None if None in row else [one for one in row if one is not None] for row in rows]
