"""Tables 1 and 2 of CMEM's paper, of rows measured with one or more seeds."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from kerasmm.evaluation.ranks import RANK, SHARES
from kerasmm.evaluation.tables import Figures, Rows, Table, number, part, percent

LABEL_BASELINES = {"frequency": "frequency", "regression": "tweet-only logistic regression"}
RETRIEVAL_BASELINES = {
    f"{name}_{text}": f"{title}-{shown}"
    for text, shown in {"lda": "LDA", "state": "charLSTM"}.items()
    for name, title in {"cca": "CCA", "rcca_100": "RCCA-100", "rcca_1000": "RCCA-1000"}.items()
}
"""What stands within the figures of another row: prefix → name of its row."""

NOISE = re.compile(r"(?P<row>.+)-noise-(?P<share>[0-9]+)(?P<data>, .+)?")
"""A row whose training had that share of its label sets, in percent, replaced by random ones; `data` is the encoder's
name where several are compared."""


def cmem_tables(rows: Rows) -> list[Table]:
    """The tables that have a row; mean and deviation where a row was measured several times.

    Args:
        rows: Name of a row → its figures as `annotation_figures` and `mean_rank_figures` of `kerasmm.evaluation` give
            them, one mapping a seed; see `label_rows` and `retrieval_rows`.
    """
    clean = {name: found for name, found in rows.items() if not NOISE.fullmatch(name)}
    tables: list[Table] = [
        (
            "Connotation label prediction (table 1)",
            ["", "R@10", "ML-A@10", "HL@10", "Coverage"],
            [[name, *_label_cells(found)] for name, found in label_rows(clean).items()],
        ),
        (
            "Image → tweet retrieval, mean rank (table 2)",
            ["", *map(str, SHARES)],
            [
                [name, *(number(_values(found, f"{RANK}/{share}"), 1) for share in SHARES)]
                for name, found in retrieval_rows(clean).items()
            ],
        ),
        *_noise_tables(rows),
    ]
    return [table for table in tables if table[2]]


def _noise_tables(rows: Rows) -> list[Table]:
    """R@10 and coverage over the share of random label sets; a row without noise is the one of that name."""
    noisy = [found for found in map(NOISE.fullmatch, rows) if found]
    shares = sorted({int(found["share"]) for found in noisy})
    names = dict.fromkeys((found["row"], found["data"] or "") for found in noisy)

    def lines(cell: Callable[[Sequence[Figures]], str]) -> list[list[str]]:
        of_row = {row + data: [row + data, *(f"{row}-noise-{n}{data}" for n in shares)] for row, data in names}
        return [[name, *(cell(rows.get(one, [])) for one in columns)] for name, columns in of_row.items()]

    heading = ["", *(f"{share} %" for share in (0, *shares))]
    title = "share of the training label sets replaced by random ones"
    return [
        (f"R@10, {title}", heading, lines(lambda found: percent(_values(found, "R@10")))),
        (f"Coverage, {title}", heading, lines(lambda found: number(_values(found, "coverage"), 2))),
    ]


def label_rows(rows: Rows) -> dict[str, Sequence[Figures]]:
    """Rows with figures of labels, in their order; before them the baselines on the same posts, chance after them.

    Args:
        rows: Name → figures, one mapping a seed. What baselines gave under `frequency/` and `regression/` of any row becomes a
            row of its own, and what chance gives under `chance/`: those of the last row that has them, unless a row has
            that name.
    """
    return _expanded(rows, "R@10", LABEL_BASELINES)


def retrieval_rows(rows: Rows) -> dict[str, Sequence[Figures]]:
    """As `label_rows`, rows with mean ranks; baselines stand under `cca_lda/` … `rcca_1000_state/`.

    Chance, `chance/mean_rank`, is the same at every share.
    """
    return _expanded(
        {name: [_chance_at_all_shares(one) for one in found] for name, found in rows.items()},
        f"{RANK}/100",
        RETRIEVAL_BASELINES,
    )


def _chance_at_all_shares(figures: Figures) -> Figures:
    if "chance/mean_rank" not in figures:
        return figures
    return {**figures, **{f"chance/{RANK}/{share}": figures["chance/mean_rank"] for share in SHARES}}


def _expanded(rows: Rows, key: str, baselines: Mapping[str, str]) -> dict[str, Sequence[Figures]]:
    own = {name: found for name, found in rows.items() if _values(found, key)}
    below = {
        name: found for prefix, name in baselines.items() if name not in own and (found := _below(rows, prefix, key))
    }
    chance = _below(rows, "chance", key) if "chance" not in own else []
    # The same posts are asked with every seed.
    return {**below, **own, **({"chance": chance[:1]} if chance else {})}


def _below(rows: Rows, prefix: str, key: str) -> list[Figures]:
    """What the last row that has the figure under a prefix has there."""
    for found in reversed(list(rows.values())):
        own = [part(one, prefix) for one in found if f"{prefix}/{key}" in one]
        if own:
            return list(own)
    return []


def _label_cells(found: Sequence[Figures]) -> list[str]:
    shares = [percent(_values(found, key)) for key in ("R@10", "ML-A@10")]
    return [*shares, number(_values(found, "HL@10"), 4), number(_values(found, "coverage"), 2)]


def _values(found: Sequence[Figures], key: str) -> list[float]:
    return [one[key] for one in found if key in one]
