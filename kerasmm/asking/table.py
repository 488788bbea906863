"""Tables of answers on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

from kerasmm.printable import in_a_line

_WIDTH = 160
"""Of files and pipes, which have none of their own; Rich would take 80 columns."""

_BETWEEN, _LEAST = 2, 20
"""Cells between columns, and of the column that is cut."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Collection[str], cut: str = "") -> None:
    """Prints rows under headings to standard output.

    Args:
        columns: Headings.
        rows: A cell a column. Cells are text of one line, not markup, and what would steer a terminal is written out.
        right: Columns that stand to the right, e.g. numbers.
        cut: The last column, if it loses its end where lines are too narrow; others are folded.
    """
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    from kerasmm.terminal import Terminal

    printer = Terminal(width=None if sys.stdout.isatty() else _WIDTH)
    cells = [[in_a_line(cell) for cell in row] for row in rows]
    widths = [max(cell_len(cell) for cell in column) for column in zip(columns, *cells, strict=True)]
    # Rich would fold the other columns before it cuts this one.
    room = max(printer.width - sum(widths[:-1]) - _BETWEEN * len(widths[:-1]), _LEAST)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        last = {"no_wrap": True, "overflow": "ellipsis", "max_width": room} if name == cut else {"overflow": "fold"}
        table.add_column(name, justify="right" if name in right else "left", **last)
    for row in cells:
        table.add_row(*(Text(cell) for cell in row))
    printer.print(table)
