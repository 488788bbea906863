"""Prints the papers' tables, and keeps figures as flat JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from kerasmm.console import UserError


def print_tables(tables: Iterable[tuple[str, list[str], list[list[str]]]], console: Console) -> None:
    """Prints tables of text cells."""
    for title, columns, rows in tables:
        table = Table(title=title, title_justify="left")
        for place, column in enumerate(columns):
            table.add_column(column, justify="right" if place else "left", no_wrap=True)
        for row in rows:
            table.add_row(*row)
        console.print(table)


def markdown(tables: Iterable[tuple[str, list[str], list[list[str]]]]) -> str:
    """Tables of text cells in Markdown."""
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(dict(sorted(figures.items())), indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: can't be written ({error.strerror})") from error
