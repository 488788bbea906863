"""The papers' tables: rows of text cells from flat figures, printed, in Markdown; and figures kept as flat JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.files.writing import make_folder, write_whole

if TYPE_CHECKING:
    from rich.console import Console

Figures = Mapping[str, float]
Rows = Mapping[str, Sequence[Figures]]
"""Name of a row → its figures, one mapping a seed."""
Table = tuple[str, list[str], list[list[str]]]
"""Title, columns, rows."""


def part(figures: Figures, prefix: str) -> dict[str, float]:
    """The figures under a prefix, without it: `search/p@1` is `p@1` under `search`."""
    return {key.removeprefix(f"{prefix}/"): value for key, value in figures.items() if key.startswith(f"{prefix}/")}


def under(prefix: str, figures: Figures) -> dict[str, float]:
    """Figures under a prefix: `p@1` is `search/p@1` under `search`."""
    return {f"{prefix}/{key}": value for key, value in figures.items()}


def percent_rows(title: str, columns: Mapping[str, str], rows: Rows) -> Table:
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


def number(values: Sequence[float], digits: int) -> str:
    """`12.34`, or `12.34 ± 0.56` with the sample deviation of several, or `-` of none."""
    if not values:
        return "-"
    deviation = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{deviation}"


def print_tables(tables: Iterable[Table], console: Console) -> None:
    """Prints tables."""
    from rich.table import Table as RichTable

    for title, columns, rows in tables:
        table = RichTable(title=title, title_justify="left")
        for place, column in enumerate(columns):
            table.add_column(column, justify="right" if place else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print(table)


def markdown(tables: Iterable[Table]) -> str:
    """Tables in Markdown."""
    parts = []
    for title, columns, rows in tables:
        lines = [f"**{title}**", "", f"| {' | '.join(columns)} |", f"|---|{'---:|' * (len(columns) - 1)}"]
        parts.append("\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)]) + "\n")
    return "\n".join(parts)


def write_json(figures: Mapping[str, object], path: Path) -> None:
    """Writes figures as one flat object with sorted keys.

    Raises:
        UserError: When the file can't be written.
    """
    make_folder(path.parent)
    write_whole(path, json.dumps(dict(sorted(figures.items())), indent=1) + "\n")
