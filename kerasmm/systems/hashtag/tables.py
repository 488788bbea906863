"""Table 2 of hashtag's paper, and figure 9 as a table."""

from __future__ import annotations

from kerasmm.evaluation.tables import Figures, Rows, Table, part, percent_rows

TAGGING, SEARCH = ("A@1", "A@10"), ("P@10",)
NEW_USERS = {
    "trained": "trained on",
    "mean": "new, the mean user",
    "fitted": "new, fitted to so many posts by the ridge",
    "stepped": "new, fitted to so many posts by steps on the loss",
}
"""Users whom `user_specific.left_out` names, in runs that train on them and in those that don't."""
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
    tables.append(_new_users(rows))
    return [table for table in tables if table[2]]


def _new_users(rows: Rows) -> Table:
    """Users whom training never saw, by the posts that their vectors are fitted from, beside the same ones trained on."""
    shown = {}
    for row, found in rows.items():
        for name, title in NEW_USERS.items():
            own = [figures for one in found if (figures := part(one, f"new_users/{name}/A@10"))]
            if own:
                shown[f"{row}: {title}"] = own
    numbers = sorted({number for found in shown.values() for one in found for number in one}, key=int)
    columns = {f"{number} post{'s' * (number != '1')}": number for number in numbers}
    return percent_rows("A@10 of users who have as many training posts at least", columns, shown)
