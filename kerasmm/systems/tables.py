"""Rows of the papers' tables from flat figures."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

Figures = Mapping[str, float]
Table = tuple[str, list[str], list[list[str]]]


def part(figures: Figures, prefix: str) -> dict[str, float]:
    """The figures under a prefix, without it: `search/p@1` is `p@1` under `search`."""
    return {key.removeprefix(f"{prefix}/"): value for key, value in figures.items() if key.startswith(f"{prefix}/")}


def percent_rows(title: str, columns: Mapping[str, str], rows: Mapping[str, Sequence[Figures]]) -> Table:
    """A table of percentages, with mean and deviation where a row was measured several times.

    Args:
        title: Its heading.
        columns: Heading → key of the figures, e.g. `p@10`.
        rows: Name of a row → its figures, shares in 0 … 1, one mapping a seed. Rows without any figure are left out.
            What chance would give, under `chance/` of any row, is the last row.
    """
    chance = next((found for found in (part(one, "chance") for r in rows.values() for one in r) if found), {})
    lines = [
        [name, *(percent([one[key] for one in found if key in one]) for key in columns.values())]
        for name, found in {**rows, "chance": [chance]}.items()
    ]
    return title, ["", *columns], [line for line in lines if any(cell != "-" for cell in line[1:])]


def percent(shares: Sequence[float]) -> str:
    """`12.3%`, or `12.3 ± 0.4%` with the sample deviation of several, or `-` of none."""
    if not shares:
        return "-"
    if len(shares) == 1:
        return f"{100 * shares[0]:.1f}%"
    return f"{100 * statistics.mean(shares):.1f} ± {100 * statistics.stdev(shares):.1f}%"
