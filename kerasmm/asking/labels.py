"""Asks an export for the labels of pictures, of texts or of pairs of both."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasmm.asking.by_row import Row, ask_by_row
from kerasmm.console import UserError

if TYPE_CHECKING:
    from kerasmm.asking.loaded import LoadedExport

OUTPUTS = ("labels", "scores")
"""What a signature answers that says what something is called: names `(n, K)`, best first, and their scores."""


@dataclasses.dataclass(frozen=True)
class Label:
    """What a picture, or a picture and its text, is called.

    Args:
        rank: From 1.
        name: As the vocabulary spells it.
        score: The larger, the better; a probability only where the export's classifier gives one.
    """

    rank: int
    name: str
    score: float


@dataclasses.dataclass(frozen=True)
class Labelled:
    """One of many that were asked about.

    Args:
        labels: Best first; empty where there is a problem.
        problem: Why there are none.
        known: Whether the export knows the user who was asked for; else it was answered for everybody. None where nobody was.
    """

    labels: tuple[Label, ...]
    problem: str | None = None
    known: bool | None = None


def label_signatures(export: LoadedExport) -> list[str]:
    """Names of the signatures that answer labels.

    Raises:
        UserError: When there is none; names the signatures that the export has.
    """
    found = [name for name, outputs in export.outputs.items() if set(OUTPUTS) <= set(outputs)]
    if not found:
        why = export.why_missing("classify") or (
            ": its training posts have no labels, or it was exported by an older version"
        )
        raise UserError(f"{export.folder}: has no signature that answers labels{why} ({export.offered()})")
    return found


def ask_labels(
    export: LoadedExport,
    signature: str,
    columns: Mapping[str, Sequence[Any]],
    k: int,
    advance: Callable[[int], object] = lambda asked: None,
) -> list[Labelled]:
    """Asks for the labels of each row.

    Args:
        export: What is asked.
        signature: One of `label_signatures`.
        columns: Input name → a value a row.
        k: How many labels a row, at most.
        advance: Told how many rows were answered.
    """
    rows = max(len(column) for column in columns.values())
    counted = {**columns, "k": [k] * rows} if "k" in export.inputs[signature] else columns
    answers = ask_by_row(export, signature, counted, advance)
    return [_labelled(row, k, "user" in columns) for row in answers]


def _labelled(row: Row | str, k: int, of_user: bool) -> Labelled:
    if isinstance(row, str):
        return Labelled((), row)
    pairs = zip(row["labels"][:k], row["scores"][:k].tolist(), strict=True)
    labels = tuple(Label(rank, name.decode(), score) for rank, (name, score) in enumerate(pairs, 1))
    return Labelled(labels, known=bool(row["known"]) if of_user and "known" in row else None)
