"""Tables 2 and 3 of DMAN's paper, and pointing, of rows measured with one or more seeds."""

from __future__ import annotations

from kerasmm.evaluation.ranks import SEARCH_RANKS
from kerasmm.evaluation.tables import Rows, Table, part, percent_rows

WAYS = {"": "", ", literal": "_literal", ", word's score": "_score", ", rank sum": "_ranks"}
"""What a ranking adds to the title of a row, and to the names of its figures."""

MEASURES = {"P": "precision", "R": "recall", "F1": "f1"}


def dman_tables(rows: Rows) -> list[Table]:
    """The tables that have a row; figures as `DMANProtocol.evaluate` gives them."""
    averages = {f"{a.title()}-{m}": f"{a}_{key}" for a in ("micro", "macro") for m, key in MEASURES.items()}
    ranks = {column: column for column in (*(f"p@{k}" for k in SEARCH_RANKS), "mAP")}
    tables = [
        percent_rows(
            "Multi-label classification (table 2)",
            {**averages, "mAP": "mAP"},
            {name: [part(one, "classification") for one in found] for name, found in rows.items()},
        )
    ]
    for title, name in (
        ("Cross-modal search, label words as queries (table 3)", "search"),
        ("Search by every word of the vocabulary", "tag_search"),
    ):
        tables.append(
            percent_rows(
                title,
                ranks,
                {
                    f"{row}{words}": [part(one, f"{name}{suffix}") for one in found]
                    for words, suffix in WAYS.items()
                    for row, found in rows.items()
                },
            )
        )
    looks = {name: [part(one, "pointing") for one in found] for name, found in rows.items()}
    looks |= {"the middle": [part(one, "centre") for one in next(iter(looks.values()))]}
    tables.append(percent_rows("Words whose largest weight lies on what they mean", {"right": "accuracy"}, looks))
    return [table for table in tables if table[2]]
