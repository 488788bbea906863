"""Sweeps β of DMAN's joint loss (eq. 12): does the hinge loss move, and what happens to the words?

Example:
    python benchmarks/balance_of_losses.py --data data/shapes --runs runs/balance --beta 1 0.1 0.02 0.005 --epochs 12

The learning rate is 0.01 / β, so that the words move alike in every run and only the weight of the hinge loss differs.
Its value without any signal is M · K, 0.9 by default. Figures are of the validation split; the test split is not read.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from kerasmm.evaluation.tables import markdown, percent, print_tables

RATE = 0.01
SHARES = ("validation/search/mAP", "validation/tag_search/mAP", "validation/pointing/accuracy")
COLUMNS = ["β", "hinge loss", "words' loss / β", "search mAP", "every word mAP", "pointing"]


def main() -> None:
    """Parses, runs `python -m kerasmm.fit` for each β and seed, and prints one table."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n\n")[0],
        epilog=(__doc__ or "").split("\n\n")[1],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=Path, required=True, help="where the runs go; runs that are there are kept")
    parser.add_argument("--beta", type=float, nargs="+", default=[1.0, 0.1, 0.02, 0.005])
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="for all runs")
    arguments = parser.parse_args()
    rows = []
    for beta in arguments.beta:
        found = [best(trained(arguments, beta, seed)) for seed in range(arguments.seeds)]
        rows.append(row(beta, found))
        print(json.dumps({"beta": beta, "seeds": found}), flush=True)
    table = ("Balance of the two losses, best epoch by validation", COLUMNS, rows)
    print_tables([table], Console(width=110))
    (arguments.runs / "balance.md").write_text(markdown([table]), encoding="utf-8")


def trained(arguments: argparse.Namespace, beta: float, seed: int) -> Path:
    """The folder of a run, trained unless it is there."""
    folder: Path = arguments.runs / f"beta{beta:g}_seed{seed}"
    settings = [f"training.epochs={arguments.epochs}", f"loss.beta={beta}"]
    settings += [f"training.optimizer.learning_rate={RATE / beta}", *arguments.set]
    if not (folder / "best.weights.h5").is_file():
        command = [sys.executable, "-m", "kerasmm.fit", "--model", "dman", "--data", str(arguments.data)]
        command += ["--run", str(folder), "--seed", str(seed), "--no-evaluate", "--no-export", "--quiet"]
        subprocess.run([*command, *(part for setting in settings for part in ("--set", setting))], check=True)
    return folder


def best(folder: Path) -> dict[str, float]:
    """Figures of the epoch with the best validation metric."""
    with (folder / "metrics.csv").open(newline="", encoding="utf-8") as file:
        epochs = [
            {name: float(value) for name, value in line.items() if name != "stage" and value}
            for line in csv.DictReader(file)
        ]
    return max(epochs, key=lambda epoch: epoch["validation/search/mAP"])


def row(beta: float, found: list[dict[str, float]]) -> list[str]:
    """Cells of the table, means and deviations over seeds."""

    def mean(key: str, factor: float = 1.0) -> str:
        return f"{sum(one[key] for one in found) / len(found) * factor:.3g}"

    shares = [[one[key] for one in found if key in one] for key in SHARES]
    return [f"{beta:g}", mean("triplet_loss"), mean("word_loss", 1 / beta), *map(percent, shares)]


if __name__ == "__main__":
    main()
