"""`python -m kerasmm.compare`: fills a paper's tables with its ablations and baselines, over several seeds."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, listed, nearest, show, whole
from kerasmm.named_configs import config_help, find_config

if TYPE_CHECKING:
    import argparse

    from kerasmm.runs.varied import Curves, Varied
    from kerasmm.systems.system import System

SEEDS = 3


def parser() -> Parser:
    """The command line."""
    from kerasmm.systems import names

    made = Parser(
        prog="python -m kerasmm.compare",
        description="Trains a system and its ablations, fits the baselines of its paper, evaluates all of them by the "
        "same protocol on the same features, and prints the paper's tables with mean and deviation over seeds. What is "
        "already there is kept: a comparison that was stopped goes on when it is called again.",
        example="python -m kerasmm.compare --model dman --data data/movielens --output runs/compare_movielens --seeds 3",
    )
    made.add_argument("--model", required=True, help=f"the system: {listed(names())}")
    made.add_argument(
        "--data", action="append", metavar="[NAME=]DIR",
        help="folder that `python -m data_prep build` wrote; may be repeated with the features of other encoders of the same "
        "posts, each under its name, e.g. VGG16=data/vgg16",
    )  # fmt: skip
    made.add_argument("--output", type=Path, help="where runs, figures and tables go")
    made.add_argument("--seeds", type=whole(), default=SEEDS, help=f"how many seeds, from 0 on (default: {SEEDS})")
    made.add_argument("--rows", help="only these, separated by commas; see --list (default: all)")
    made.add_argument("--list", action="store_true", help="print the rows that there are and what they are, and stop")
    made.add_argument("--config", type=Path, help=f"what the system and its ablations share: {config_help()}")
    made.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="[ROW:]KEY=VALUE",
        help="change one key of it; after a row's name and a colon, for that row only",
    )
    made.add_argument(
        "--vary", action="append", default=[], metavar="KEY=VALUE,VALUE",
        help="train each row once for each value of one key, e.g. network.user_dimension=10,25,50, and plot the figures along "
        "them (vary_KEY.png); baselines stay as they are",
    )  # fmt: skip
    made.add_argument("--keep-checkpoints", action="store_true", help="keep what runs could be resumed from")
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    from kerasmm.systems import system

    kind = system(arguments.model)
    rows = [*kind.variants, *kind.Protocol.baselines]
    if not rows:
        raise UserError(f"--model {arguments.model}: its paper has nothing to compare with")
    chosen = _chosen(arguments, rows)
    from kerasmm.systems.config import load_config

    arguments.config = find_config(kind.name, arguments.config)
    changes = {row: _changes(arguments.set, row, kind) for row in ("", *kind.variants)}
    for of_row in changes.values():
        load_config(kind.Config, arguments.config, of_row)
    from kerasmm.runs.varied import read_varied

    trained = [row for row in chosen if row in kind.variants]
    varied = read_varied(arguments.vary, kind, arguments.config, {row: changes[row] for row in trained})
    if arguments.list:
        _print_rows(kind, chosen, varied)
        return 0
    if not arguments.data or not arguments.output:
        missing = [name for name in ("--data", "--output") if not getattr(arguments, name[2:])]
        raise UserError(
            f"the following arguments are required: {', '.join(missing)} (see `python -m kerasmm.compare --help`)"
        )
    if arguments.seeds < 1:
        raise UserError(f"--seeds must be 1 or more. Received: --seeds {arguments.seeds}")
    from kerasmm.evaluation.tables import print_tables
    from kerasmm.runs.comparison import Comparison, check_same_posts, compared_rows, write_comparison
    from kerasmm.terminal import Terminal

    comparisons = {
        name: Comparison(
            kind,
            folder,
            arguments.output / name,
            config=arguments.config,
            changes=changes,
            varied=varied,
            keep_checkpoints=arguments.keep_checkpoints,
            quiet=arguments.quiet,
        )
        for name, folder in _folders(arguments.data).items()
    }
    check_same_posts([comparison.dataset for comparison in comparisons.values()])
    found: dict[str, tuple[str, list[dict[str, float]]]] = {}
    curves: Curves = {}
    for name, comparison in comparisons.items():
        # What needs no pictures is the same with all encoders.
        own = [row for row in chosen if not found or row not in kind.Protocol.text_baselines]
        measured = comparison.run(own, arguments.seeds)
        found |= compared_rows(measured, kind, name)
        curves |= varied.curves(trained, measured, name)
    tables = write_comparison(kind, found, arguments.output)
    varied.draw(kind, curves, arguments.output)
    if not arguments.quiet:
        print_tables(tables, Terminal(width=None if sys.stdout.isatty() else 160))
        console().print(f"wrote {arguments.output}/comparison.md and comparison.json", soft_wrap=True)
    return 0


def _print_rows(kind: type[System], rows: list[str], varied: Varied) -> None:
    """A line a row: its name, and what it is."""
    baselines = kind.Protocol.baselines
    named = {title: row for row in rows for title in ([row] if row in baselines else varied.rows(row))}
    width = max(map(len, named))
    for title, row in named.items():
        titled = f"baseline {baselines[row]}" if row in baselines else "trained"
        about = kind.rows.get(row, "")
        show(f"{title:{width}}  {titled}{': ' if about else ''}{about}")


def _changes(settings: list[str], row: str, kind: type[System]) -> list[str]:
    """The changes for a row: those for all, what makes the row what it is, those for it alone. `""` is for no row."""
    shared, own = [], []
    for setting in settings:
        # A value may hold a colon; a key has none.
        name, colon, change = setting.partition(":")
        if not colon or "=" in name:
            shared.append(setting)
        elif name not in kind.variants:
            raise UserError(f"--set {setting}: no row {name!r} is trained.{nearest(name, kind.variants)}")
        elif name == row:
            own.append(change)
    made = [f"{key}={json.dumps(value)}" for key, value in kind.variants.get(row, {}).items()]
    return [*shared, *made, *own]


def _folders(asked: list[str]) -> dict[str, Path]:
    """The data sets by name; a single one needs none, and its figures lie in the output folder itself."""
    named = [
        (name, Path(folder)) if equals else ("", Path(name))
        for name, equals, folder in (o.partition("=") for o in asked)
    ]
    names = [name for name, _ in named]
    if len(named) == 1:
        return dict(named)
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) or names.count(name) > 1:
            raise UserError(
                "--data: each of several data sets needs a name of its own, of letters, digits, '.', '_', '-', e.g. "
                f"VGG16=data/vgg16. Received: {name!r}"
            )
    return dict(named)


def _chosen(arguments: argparse.Namespace, rows: list[str]) -> list[str]:
    if arguments.rows is None:
        return rows
    asked = [name.strip() for name in arguments.rows.split(",") if name.strip()]
    for name in asked:
        if name not in rows:
            raise UserError(f"--rows: no row {name!r}; there are {', '.join(rows)}.{nearest(name, rows)}")
    if not asked:
        raise UserError(f"--rows names no row; there are {', '.join(rows)}")
    return [name for name in rows if name in asked]


if __name__ == "__main__":
    sys.exit(guarded(main))
