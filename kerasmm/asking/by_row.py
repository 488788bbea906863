"""Asks a signature about many pictures, texts or pairs of both, some at a time, each answered for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasmm.asking.pictures import AT_A_TIME, UNDECODABLE, bytes_or_problem
from kerasmm.asking.query import batch

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.asking.loaded import LoadedExport

Row = dict[str, "np.ndarray"]


def ask_by_row(
    export: LoadedExport,
    signature: str,
    columns: Mapping[str, Sequence[Any]],
    advance: Callable[[int], object] = lambda asked: None,
) -> Iterator[Row | str]:
    """The outputs of each row, or why it has none.

    Args:
        export: What is asked.
        signature: One whose outputs have a row each, and `valid`.
        columns: Input name → a value a row, each as long as the others; pictures as `picture_bytes` takes them. They are
            read when their turn comes.
        advance: Told how many rows were answered.
    """
    rows = max(len(column) for column in columns.values())
    for start in range(0, rows, AT_A_TIME):
        some = {name: list(column[start : start + AT_A_TIME]) for name, column in columns.items()}
        yield from _ask_some(export, signature, some)
        advance(min(AT_A_TIME, rows - start))


def _ask_some(export: LoadedExport, signature: str, columns: dict[str, list[Any]]) -> list[Row | str]:
    count = len(next(iter(columns.values())))
    answers: list[Row | str | None] = [None] * count
    if "image" in columns:
        columns["image"] = [bytes_or_problem(picture) for picture in columns["image"]]
        answers = [one if isinstance(one, str) else None for one in columns["image"]]
    asked = [place for place, answer in enumerate(answers) if answer is None]
    if asked:
        chosen = {name: [column[place] for place in asked] for name, column in columns.items()}
        answer = export.answer(signature, batch(export, signature, chosen))
        why = UNDECODABLE if "image" in columns else "holds no word that the export knows"
        for row, place in enumerate(asked):
            good = bool(answer["valid"][row]) if "valid" in answer else True
            answers[place] = {name: output[row] for name, output in answer.items()} if good else why
    return [answer for answer in answers if answer is not None]
