"""Table 2 of hashtag's paper, and figure 9 as a table."""

from __future__ import annotations

from kerasmm.evaluation.tables import Figures, Rows, Table, part, percent_rows

TAGGING, SEARCH = ("A@1", "A@10"), ("P@10",)
STAGES = {"agnostic": "first stage, without users"}
"""Other weights of a run, see `System.other_weights`, and what they are."""


def hashtag_tables(rows: Rows) -> list[Table]:
    """The tables that have a row; mean and deviation where a row was measured several times.

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
    tables = [
        percent_rows(title, {name: name for name in columns}, shown)
        for title, columns in (("Image tagging (table 2)", TAGGING), ("Tags as queries (figure 9)", SEARCH))
    ]
    return [table for table in tables if table[2]]
