"""Batches with random positives, as DMAN trains on them: ours against a torch DataLoader over the same TFRecord files.

    python benchmarks/batches.py
    python benchmarks/batches.py --posts 20000 --features 512 --folder data/random --peer-python ../torch/bin/python

A batch is 32 anchors in a random order, one random linked post of each, the tags of both, and three posts of the batch that
share no label with the anchor. Features are stored in float16 and come out in float32. A round is an epoch. Before the
timing all sides read the same rows, and sums over what they got must be equal; what is drawn is random on each.
"""

from __future__ import annotations

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from memory_of_training import REGIONS, write
from side_by_side import Side, middle, parser, print_machine, print_table, ratios, serve, spread, take_turns

BATCH, NEGATIVES = 32, 3
PEERS = {"DataLoader, 0 workers": 0, "DataLoader, 2 workers": 2}


def ours(options: argparse.Namespace) -> Mapping[str, Callable[[], Any]]:
    """The stage's own batches."""
    from kerasmm.data import open_dataset
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    kind = system("dman")
    # The network plays no part, so it may be small.
    small = ("network.standardise=false", "network.units=[1]")
    config = load_config(kind.Config, None, [f"training.batch_size={BATCH}", f"loss.negatives={NEGATIVES}", *small])
    dataset = open_dataset(options.folder)
    made = kind(config, kind.gather_facts(config, dataset), 0)
    stage = made.stages(made.build(), dataset)[0]
    return answers(lambda epoch: stage.batches(epoch, 0))


def peer(options: argparse.Namespace, workers: int) -> Mapping[str, Callable[[], Any]]:
    """A DataLoader with so many workers, which live on from epoch to epoch."""
    import numpy as np
    import torch
    from batches_torch import Posts, loader

    torch.manual_seed(0)
    torch.set_num_threads(options.cores)
    manifest = json.loads((options.folder / "dataset.json").read_text(encoding="utf-8"))
    words = [(options.folder / f"{name}.txt").read_text().split() for name in ("tags", "labels")]
    shards = [options.folder / shard["name"] for shard in manifest["splits"]["train"]]
    posts = Posts(shards, tuple(manifest["features"]["shape"]), words)
    rows = np.arange(len(posts))
    batches = loader(posts, rows, BATCH, NEGATIVES, workers)

    def epoch(number: int) -> Iterable[Any]:
        # The sampler of the loader; the same order as ours.
        rows[:] = np.random.default_rng([0, number]).permutation(len(posts))
        return batches

    return answers(epoch)


def answers(epoch: Callable[[int], Iterable[Any]]) -> Mapping[str, Callable[[], Any]]:
    """Reading a further epoch, and sums over the first that don't depend on what is drawn."""
    import numpy as np

    numbers = itertools.count(1)

    def read() -> int:
        return sum(len(targets["anchor"]) for _, targets in epoch(next(numbers)))

    def sums() -> list[float]:
        found = np.zeros(4)
        for inputs, targets in epoch(0):
            anchor, positive = (np.asarray(inputs[name], "float64") for name in ("anchor", "positive"))
            negatives = (np.asarray(targets["triplets"])[:, 1:] == 0).sum()
            found += [np.abs(anchor).sum(), np.asarray(targets["anchor"]).sum(), negatives, positive.shape[0]]
        return [float(value) for value in found]

    return {"round": read, "sums": sums}


def limits() -> Mapping[str, Callable[[], Any]]:
    """What the machine can do."""
    from machine_limits import matmul_and_copy

    return {"round": matmul_and_copy()}


def check(sides: Sequence[Side]) -> None:
    """Refuses to time two readers that don't read the same. How many negatives there are depends on the batch alone."""
    found = {side.name: side.ask("sums")["answer"] for side in sides}
    for name, sums in found.items():
        if any(abs(a - b) > 1e-6 * abs(b) for a, b in zip(found["ours"], sums, strict=True)):
            raise SystemExit(f"not the same batches: ours {found['ours']}, {name} {sums}")


def compare(options: argparse.Namespace) -> None:
    passed = ["--folder", str(options.folder)]
    sides = [Side("ours", arguments=passed), *(Side(name, options.peer_python, passed) for name in PEERS)]
    machine = Side("machine", arguments=passed)
    check(sides)
    found = take_turns([*sides, machine], "round", options.rounds)
    copied = middle([row["answer"]["gbytes"] for row in found["machine"]])
    manifest = json.loads((options.folder / "dataset.json").read_text(encoding="utf-8"))
    record = sum(s["bytes"] for s in manifest["splits"]["train"]) / sum(
        s["records"] for s in manifest["splits"]["train"]
    )
    decoded = 4 * manifest["features"]["shape"][0] * manifest["features"]["shape"][1]
    posts = 2 * found["ours"][0]["answer"]
    # Read from the page cache into memory, read again and widened.
    least = posts * (2 * record + record + decoded) / copied / 1e9
    rows = []
    for side in sides:
        seconds, cpu = ([1e3 * BATCH * 2 * row[key] / posts for row in found[side.name]] for key in ("seconds", "cpu"))
        ratio, cpu_ratio = "", ""
        if side is not sides[0]:
            ratio = spread(ratios(found["ours"], found[side.name]), 2)
            cpu_ratio = f"{middle(ratios(found['ours'], found[side.name], 'cpu')):.2f}"
        whole = middle([row["seconds"] for row in found[side.name]])
        rates = [f"{posts / whole:.0f}", f"{posts * record / whole / 1e9:.2f}", f"{whole / least:.1f}"]
        peak = f"{max(row['peak'] for row in found[side.name]) / 2**30:.2f}"
        rows.append([side.name, spread(seconds, 1), ratio, f"{middle(cpu):.1f}", cpu_ratio, peak, *rates])
    columns = ["", "ms a batch", "× ours", "CPU ms", "× ours", "peak GiB", "posts/s", "GB/s read", "× needed"]
    shape = " × ".join(map(str, manifest["features"]["shape"]))
    print_table(f"Batches of {BATCH} + {BATCH} posts of {shape} float16, {posts // 2} anchors a round", columns, rows)
    print(
        f"needed: {record / 1e3:.1f} kB a post read and {decoded / 1e3:.1f} kB written, {1e3 * 2 * BATCH * least / posts:.2f}"
    )
    print(
        f"        ms a batch at the {copied:.1f} GB/s of a plain copy, with the file's bytes copied once on their way"
    )
    print("cost grows linearly in the posts' bytes; what is in memory is 36 bytes a post and a few batches")
    print_machine(options.cores, {name: text for side in sides for name, text in side.versions.items()})
    for side in (*sides, machine):
        side.close()


def main() -> None:
    made = parser(__doc__, cores=2)
    made.add_argument("--posts", type=int, default=10_000, help="training posts (default: %(default)s)")
    made.add_argument("--features", type=int, default=320, help="of a region (default: %(default)s)")
    made.add_argument("--folder", type=Path, help="keep the data set here, and use it again")
    made.add_argument("--write", action="store_true", help=argparse.SUPPRESS)
    options = made.parse_args()
    if options.write:
        write(options.folder, options.posts, (REGIONS[0], options.features))
    elif options.side == "ours":
        serve(options.cores, ("tensorflow",), lambda: ours(options))
    elif options.side == "machine":
        serve(options.cores, (), limits)
    elif options.side:
        serve(options.cores, ("torch",), lambda: peer(options, PEERS[options.side]))
    else:
        with tempfile.TemporaryDirectory() as temporary:
            options.folder = options.folder or Path(temporary) / "data"
            if not (options.folder / "dataset.json").exists():
                # In a process of its own: this one must stay small.
                shape = ["--posts", str(options.posts), "--features", str(options.features)]
                written = ["--write", "--folder", str(options.folder), *shape]
                subprocess.run([sys.executable, __file__, *written], check=True)
            compare(options)


if __name__ == "__main__":
    main()
