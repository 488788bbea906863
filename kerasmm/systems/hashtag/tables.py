"""Table 2 of hashtag: accuracy at 1 and at 10."""

from __future__ import annotations

from kerasmm.evaluation.tables import Figures, Rows, Table, part, percent_rows

COLUMNS = {"A@1": "A@1", "A@10": "A@10"}
STAGES = {"agnostic": "first stage, without users"}
"""Other weights of a run, see `System.other_weights`, and what they are."""


def hashtag_tables(rows: Rows) -> list[Table]:
    """Table 2; mean and deviation where a row was measured several times.

    Args:
        rows: Name of a row → its figures, one mapping a seed. What other weights of a run gave, under `agnostic/`, become
            rows of their own.
    """
    shown: dict[str, list[Figures]] = {}
    for name, found in rows.items():
        for stage, title in STAGES.items():
            below = [own for own in (part(one, stage) for one in found) if own]
            if below:
                shown[f"{name}: {title}"] = list(below)
        shown[name] = list(found)
    return [percent_rows("Image tagging", COLUMNS, shown)]
