"""The pairwise losses of labels, value and gradient: ours against plain PyTorch.

    python benchmarks/pairwise_losses.py
    python benchmarks/pairwise_losses.py --labels 1387 --losses lsep plsp --peer-python ../torch/bin/python --growth
    python benchmarks/pairwise_losses.py --memory

Ours is a `tf.function`. The peers are those of `pairwise_losses_torch.py`: `all pairs` has a table of labels × labels for each
row of the batch, masked, and is left out where these tables take more than --table-gib; `by row` picks the positives and the
negatives of a row, one row after the other. Before anything is timed, all must have the same losses and gradients.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine_limits import matmul_and_copy
from side_by_side import Round, Side, middle, parser, print_machine, print_table, ratios, serve, spread, take_turns

if TYPE_CHECKING:
    import numpy as np

OURS = {"ranking": "PairwiseRankingLoss", "warp": "WARPLoss", "lsep": "LSEPLoss", "plsp": "PLSPLoss"}
PEERS = {"all pairs": "all_pairs", "by row": "by_row"}
TOLERANCE = 1e-4
SECONDS_A_ROUND = 0.3
LARGE = ["--batch", "256", "--labels", "100000"]
GROWTH = {
    "labels": [["--labels", str(labels)] for labels in (1_000, 4_000, 16_000, 64_000)],
    "positives": [["--labels", "4000", "--positives", str(positives)] for positives in (1, 5, 25, 125, 625)],
}
Work = Callable[[], tuple[Any, Any]]
"""Gives losses of rows and their gradient by the scores."""


def arrays(options: argparse.Namespace, labels: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels and scores, the same on every side."""
    import numpy as np

    rng = np.random.default_rng(0)
    y_true = np.zeros((options.batch, labels), "float32")
    for row in y_true:
        row[rng.choice(labels, options.positives, replace=False)] = 1
    return y_true, 2 * rng.standard_normal(y_true.shape, "float32")


def ours(options: argparse.Namespace, loss: str, labels: int) -> Work:
    """As a training step computes it."""
    import tensorflow as tf

    import kerasmm.losses

    computed = getattr(kerasmm.losses, OURS[loss])(reduction=None, negatives=options.negatives)

    @tf.function(autograph=False)
    def work(y_true: tf.Tensor, scores: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(scores)
            value = computed(y_true, scores)
        return value, tape.gradient(value, scores)

    given = [tf.constant(array) for array in arrays(options, labels)]
    return lambda: work(*given)


def peer(options: argparse.Namespace, loss: str, labels: int) -> Work:
    """The same in PyTorch."""
    import pairwise_losses_torch
    import torch

    torch.set_num_threads(options.cores)
    form, computed = getattr(pairwise_losses_torch, PEERS[options.side]), pairwise_losses_torch.LOSSES[loss]
    y_true, scores = (torch.from_numpy(array) for array in arrays(options, labels))
    scores.requires_grad_()

    def work() -> tuple[torch.Tensor, torch.Tensor]:
        value = form(computed, y_true, scores)
        return value.detach(), torch.autograd.grad(value.sum(), scores)[0]

    return work


class Answers(dict[str, Callable[[], Any]]):
    """Answers `check` and `round`, each followed by a loss and a number of labels; keeps what it was asked for last.

    As the machine it says what it can do, whatever the loss.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.options, self.prepared, self.times = options, ("", ""), 1
        self.machine = matmul_and_copy() if options.side == "machine" else None

    def __missing__(self, question: str) -> Callable[[], Any]:
        if self.machine:
            return self.machine
        kind, loss, labels = question.split()
        if self.prepared != (loss, labels):
            self.prepared = loss, labels
            self.work = (ours if self.options.side == "ours" else peer)(self.options, loss, int(labels))
            self.work()
            began = time.perf_counter()
            self.work()
            self.times = max(1, math.ceil(SECONDS_A_ROUND / (time.perf_counter() - began)))
        return self.check if kind == "check" else self.round

    def check(self) -> list[float]:
        """A few numbers that differ where losses or gradients do."""
        import numpy as np

        value, gradient = (np.asarray(array, "float64") for array in self.work())
        direction = np.random.default_rng(1).standard_normal(gradient.shape)
        return [float(np.linalg.norm(value)), float(np.linalg.norm(gradient)), float((direction * gradient).sum())]

    def round(self) -> int:
        """Calls."""
        for _ in range(self.times):
            self.work()
        return self.times


def counted(loss: str, batch: int, labels: int, positives: int) -> tuple[float, float]:
    """Operations on numbers that a loss with its gradient needs, and bytes of large arrays that it must move.

    Operations: a sort compares each label with the logarithm of their number, and a cumulative sum, a slope and a product
    follow; LSEP has a subtraction, an exponential, a sum and a product of each label; PLSP has a gap, a minimum, a maximum,
    a quotient, an exponential, a sum and two products for a slope of each pair. Bytes: labels and scores are read, the
    gradient is written.
    """
    each = {"ranking": math.log2(labels) + 3, "warp": math.log2(labels) + 3, "lsep": 4.0, "plsp": 8.0 * positives}[loss]
    return batch * labels * each, 3 * 4.0 * batch * labels


def fits(options: argparse.Namespace, labels: int) -> bool:
    """Whether a table of all pairs for every row is small enough for the peer to have several of them."""
    return 4 * options.batch * labels**2 <= options.table_gib * 2**30


def check(sides: Mapping[str, Side], question: str) -> None:
    """Refuses to time things that don't compute the same."""
    found = {name: side.ask(f"check {question}")["answer"] for name, side in sides.items()}
    scale = found["ours"][1]
    for name, numbers in found.items():
        wrong = [abs(x - y) for x, y in zip(numbers, found["ours"], strict=True)]
        limits = [TOLERANCE * abs(found["ours"][0]), *2 * [TOLERANCE * scale]]
        if not all(off <= limit for off, limit in zip(wrong, limits, strict=True)):
            raise SystemExit(f"not the same work: ours and {name} differ on {question}: {found}")


def of_calls(rounds: list[Round]) -> list[Round]:
    """Rounds of as many calls as take long enough, as rounds of one call."""
    return [{**row, "seconds": row["seconds"] / row["answer"], "cpu": row["cpu"] / row["answer"]} for row in rounds]


def compare(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Prints a table for each number of labels.

    Returns:
        What the tables say, a record a line.
    """
    records = []
    sides = {"ours": Side("ours"), **{name: Side(name, options.peer_python) for name in PEERS}}
    machine = Side("machine")
    for labels in options.labels:
        rows = []
        took_part = {name: side for name, side in sides.items() if name != "all pairs" or fits(options, labels)}
        for loss in options.losses:
            check(took_part, f"{loss} {labels}")
            if options.check:
                continue
            found = take_turns([*took_part.values(), machine], f"round {loss} {labels}", options.rounds)
            copying = middle([row["answer"]["gbytes"] for row in found.pop("machine")])
            needed = counted(loss, options.batch, labels, options.positives)
            calls = {name: of_calls(rounds) for name, rounds in found.items()}
            for name, each in calls.items():
                took, ratio = [1e3 * row["seconds"] for row in each], ratios(calls["ours"], each)
                cpu, cpu_ratio = 1e3 * middle([row["cpu"] for row in each]), middle(ratios(calls["ours"], each, "cpu"))
                rates = {
                    "gigaoperations": needed[0] / middle(took) / 1e6,
                    "times_copying": middle(took) * copying / needed[1] * 1e6,
                }
                record = {"labels": labels, "loss": loss, "side": name, "milliseconds": middle(took), "cpu": cpu}
                records.append({**record, "times_ours": middle(ratio), "cpu_times_ours": cpu_ratio, **rates})
                times = [f"{middle(took):.2f}", f"{cpu:.2f}", *(f"{rate:.2f}" for rate in rates.values())]
                compared = [spread(ratio, 1), f"{cpu_ratio:.1f}"] if name != "ours" else ["", ""]
                rows.append([loss, name, *times, *compared])
        if rows:
            columns = ["loss", "", "ms", "CPU ms", "needed Gop/s", "× copying", "× ours", "CPU × ours"]
            print_table(f"{options.batch} rows of {labels} labels, {options.positives} positive", columns, rows)
            if "all pairs" not in took_part:
                print(f"all pairs: a table takes {4 * options.batch * labels**2 / 2**30:.0f} GiB, left out")
    for side in (*sides.values(), machine):
        side.close()
    if options.check:
        print("same losses and gradients")
    else:
        print("× copying: the time over that of moving labels, scores and gradient once, as a plain copy does")
        print_machine(options.cores, {name: text for side in sides.values() for name, text in side.versions.items()})
    return records


def alone(options: argparse.Namespace, arguments: list[str], loss: str, labels: int) -> list[Round]:
    """Rounds of ours, a call each, in a process that does nothing else."""
    side = Side("ours", arguments=arguments)
    found = take_turns([side], f"round {loss} {labels}", options.rounds + 1)["ours"][1:]
    side.close()
    return of_calls(found)


def grow(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Prints how the cost of ours grows; returns the same."""
    records = []
    for what, cases in GROWTH.items():
        rows = []
        for arguments in cases:
            found = {loss: alone(options, arguments, loss, int(arguments[1])) for loss in options.losses}
            milliseconds = {loss: 1e3 * middle([row["cpu"] for row in rounds]) for loss, rounds in found.items()}
            rows.append([arguments[-1], *(f"{value:.1f}" for value in milliseconds.values())])
            records += [{what: int(arguments[-1]), "loss": loss, "cpu": value} for loss, value in milliseconds.items()]
        fixed = f"{options.positives} positives" if what == "labels" else "4000 labels"
        print_table(f"ours, CPU ms by {what}: {options.batch} rows, {fixed}", [what, *options.losses], rows)
    return records


def remember(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Prints the peak memory of each loss at a large size, each in a process of its own; returns the same."""
    batch, labels = LARGE[1], LARGE[3]
    records: list[dict[str, Any]] = []
    for loss in options.losses:
        found = alone(options, LARGE, loss, int(labels))
        took = {key: middle([row[key] for row in found]) for key in ("seconds", "cpu")}
        records.append({"loss": loss, **took, "peak_gib": found[-1]["peak"] / 2**30})
    rows = [[str(row["loss"]), *(f"{row[key]:.2f}" for key in ("seconds", "cpu", "peak_gib"))] for row in records]
    title = f"{batch} rows of {labels} labels, {options.positives} positive, with libraries and inputs"
    print_table(title, ["loss", "seconds", "CPU s", "peak GiB"], rows)
    return records


def main() -> None:
    made = parser(__doc__, cores=2)
    made.add_argument("--batch", type=int, default=128, help="rows (default: %(default)s)")
    made.add_argument("--labels", type=int, nargs="+", default=[1387, 30_000], help="(default: %(default)s)")
    made.add_argument("--positives", type=int, default=5, help="of each row (default: %(default)s)")
    made.add_argument("--losses", nargs="+", choices=OURS, default=list(OURS), help="(default: all)")
    made.add_argument(
        "--negatives", type=int, help="negatives that ours draws with --growth and --memory (default: all)"
    )
    made.add_argument("--table-gib", type=float, default=1.0, help="of all pairs of a batch (default: %(default)s)")
    made.add_argument("--check", action="store_true", help="only check that all compute the same")
    made.add_argument("--growth", action="store_true", help="how the cost of ours grows, in place of the comparison")
    made.add_argument("--memory", action="store_true", help=f"peak of ours at {LARGE[1]} × {LARGE[3]}, in place of it")
    made.add_argument("--json", type=Path, help="where to write the figures too")
    options = made.parse_args()
    if options.side:
        packages = {"ours": ("tensorflow", "keras"), "machine": ()}.get(options.side, ("torch",))
        serve(options.cores, packages, lambda: Answers(options))
        return
    run = grow if options.growth else remember if options.memory else compare
    records = run(options)
    if options.json:
        options.json.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
