"""Tables 1 and 2 of webly: retrieval both ways, with and without the web."""

from __future__ import annotations

from collections.abc import Sequence

from kerasmm.evaluation.ranks import DIRECTIONS, RECALLS
from kerasmm.evaluation.tables import Figures, Rows, Table, number, part, percent

WAYS = dict(zip(DIRECTIONS, ("image → sentence", "sentence → image"), strict=True))
"""As plots call them."""
TITLES = dict(zip(DIRECTIONS, ("Image-to-Text Retrieval", "Text-to-Image Retrieval"), strict=True))
"""As the paper's tables do."""
STAGES = {
    "clean": "stage I",
    "control": "stage I, then as long without web posts",
    "web": "stage I, then web posts",
}
"""Other weights of a run, see `System.other_weights`, and what they are."""


def webly_tables(rows: Rows) -> list[Table]:
    """One table a way, R@1, R@5, R@10 and median rank; mean and deviation where a row was measured several times.

    Args:
        rows: Name of a row → its figures, one mapping a seed. What other weights of a run gave, under `clean/`,
            `control/` and `web/`, become rows of their own; the last row is chance. `folds/` has a table of its own.
    """
    shown: dict[str, list[Figures]] = {}
    for name, found in rows.items():
        for stage, title in STAGES.items():
            below = [own for own in (part(one, stage) for one in found) if own]
            if below:
                shown[f"{name}: {title}"] = list(below)
        shown[name] = list(found)
    tables = [_table(title, way, shown) for way, title in TITLES.items()]
    folded = {name: [part(one, "folds") for one in found] for name, found in shown.items()}
    if any(any(found) for found in folded.values()):
        tables += [_table(f"{title}, five folds of 1,000 images", way, folded) for way, title in TITLES.items()]
    return tables


def _table(title: str, way: str, rows: Rows) -> Table:
    columns = ["", *(f"R@{k}" for k in RECALLS), "MedR"]
    lines = [[name, *_cells([part(one, way) for one in found])] for name, found in rows.items()]
    chance = next((found for r in rows.values() for one in r if (found := part(one, f"{way}/chance"))), {})
    if chance:
        lines.append(["chance", *_cells([chance])])
    return title, columns, [line for line in lines if any(cell != "-" for cell in line[1:])]


def _cells(found: Sequence[Figures]) -> list[str]:
    cells = [percent([one[f"R@{k}"] for one in found if f"R@{k}" in one]) for k in RECALLS]
    return [*cells, number([one["median_rank"] for one in found if "median_rank" in one], 1)]
