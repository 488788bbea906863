"""The three-way tensor of tags, images and users: scores of all tags, and a training step, ours against plain ones.

    python benchmarks/three_way_tensor.py
    python benchmarks/three_way_tensor.py --tasks step --rounds 7 --peer-python ../torch/bin/python
    python benchmarks/three_way_tensor.py --check --batch 8 --tags 50

Scores of every tag for a batch of images and their users; ours is a query of `ThreeWayTensor` and one matrix product. The peers
of `three_way_plain.py` read the paper's equations literally: `triplets` is equation 3 of each triplet, timed on --sample tags and
scaled up to all; `rows` has equations 4 and 5 for one row after the other; `einsum` is equation 3 in one call of `tf.einsum`,
which finds the order of contraction that ours has. A step has scores along three axes within the batch, six hinges a row, and
gradients; its peers, `matrices` in TensorFlow and `pytorch`, form the users' matrices. PyTorch takes part where it is
installed. Before anything is timed, all must compute the same.
"""

from __future__ import annotations

import argparse
import importlib
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from machine_limits import matmul_and_copy
from side_by_side import Round, Side, middle, parser, print_machine, print_table, ratios, serve, spread, take_turns

if TYPE_CHECKING:
    import numpy as np

    Arrays = dict[str, np.ndarray]

PEERS = {"scores": ("einsum", "rows", "triplets"), "step": ("matrices", "pytorch")}
TOLERANCE = 1e-3
"""Of norms, relative: sums of a million float32 products in another order, and hinges near 0."""

SECONDS_A_ROUND = 0.5


def arrays(options: argparse.Namespace, task: str, one_unobserved: bool = False) -> Arrays:
    """The tensor and embeddings, the same on every side.

    Args:
        options: Sizes.
        task: `"scores"`: all tags; `"step"`: one a row, and which triplets are unobserved.
        one_unobserved: One along each axis of a row, so that what is drawn is known.
    """
    import numpy as np

    rng, batch = np.random.default_rng(0), options.batch
    sizes = {"tags": (options.tags if task == "scores" else batch, options.tag)}
    sizes |= {"images": (batch, options.image), "users": (batch, options.user)}
    made = {name: rng.standard_normal(shape, "float32") / math.sqrt(shape[1]) for name, shape in sizes.items()}
    made["tensor"] = rng.standard_normal((options.tag, options.image, options.user), "float32")
    itself = np.eye(batch, dtype="float32")
    others = np.roll(itself, 1, axis=1) if one_unobserved else 1 - itself
    y_true = np.where(itself == 1, 1, np.where(others == 1, 0, -1))
    made["y_true"] = np.repeat(y_true[:, None], 3, axis=1).astype("float32")
    return made


def ours(task: str, given: Arrays) -> Callable[[], Any]:
    """As the system computes it."""
    import tensorflow as tf

    from kerasmm.layers import ThreeWayTensor
    from kerasmm.losses import TripletTensorLoss

    layer, loss = ThreeWayTensor(*given["tensor"].shape), TripletTensorLoss()
    layer.build()
    layer.set_weights([given["tensor"]])
    tags, images, users = (tf.Variable(given[name]) for name in ("tags", "images", "users"))
    variables, y_true = [layer.kernel.value, tags, images, users], tf.constant(given["y_true"])

    @tf.function(autograph=False)
    def scores() -> tf.Tensor:
        return tf.matmul(layer(images, users, toward="tag"), tags, transpose_b=True)

    @tf.function(autograph=False)
    def step() -> tuple[tf.Tensor, list[tf.Tensor]]:
        with tf.GradientTape() as tape:
            of_tag, of_image, of_user = layer(tags, images, third=users, toward="each")
            queries = ((of_image, images), (of_tag, tags), (of_user, users))
            found = tf.stack([tf.matmul(query, others, transpose_b=True) for query, others in queries], 1)
            value = loss(y_true, found)
        return value, tape.gradient(value, variables)

    return scores if task == "scores" else step


def work_of(side: str, task: str, given: Arrays, sample: int) -> Callable[[], Any]:
    """What a side does."""
    if side == "ours":
        return ours(task, given)
    module = importlib.import_module("three_way_torch" if side == "pytorch" else "three_way_plain")
    if side == "triplets":
        given = {**given, "tags": given["tags"][:sample]}
    made: Callable[[], Any] = getattr(module, side)(given)
    return made


def numbers(answer: Any, sample: int) -> list[float]:
    """A few numbers that differ where answers do: norms and products with anything; of scores, those of the sample."""
    import numpy as np

    found = [np.asarray(answer[0]), *map(np.asarray, answer[1])] if isinstance(answer, tuple) else None
    each = found or [np.asarray(answer)[:, :sample]]
    rng, told = np.random.default_rng(1), []
    for one in each:
        flat = one.astype("float64").ravel()
        told += [float(np.linalg.norm(flat)), float(flat @ rng.standard_normal(flat.size))]
    return told


def counted(options: argparse.Namespace, task: str) -> tuple[float, float]:
    """Operations on numbers that a task needs, and bytes of large arrays that it must move.

    A query is D F E multiplications and additions. A step needs those of two products with W and two gradients of each, and
    along three axes scores with two gradients. Bytes: W and tags are read, scores written; a step reads W for two products
    and the gradients of what they are of, writes its gradient, and writes and reads F E numbers a row of either product and
    its gradient.
    """
    batch, inner = options.batch, options.image * options.user
    tensor = options.tag * inner
    if task == "scores":
        pairs = batch * options.tags
        return 2.0 * (batch * tensor + pairs * options.tag), 4.0 * (tensor + options.tags * options.tag + pairs)
    scores = batch**2 * (options.tag + options.image + options.user)
    return 6.0 * (2 * batch * tensor + scores), 4.0 * (5 * tensor + 8 * batch * inner)


class Answers(dict[str, Callable[[], Any]]):
    """Answers `check` and `round`, each followed by a task."""

    def __init__(self, options: argparse.Namespace) -> None:
        super().__init__()
        self.options, self.prepared = options, ("", "")
        self.machine = matmul_and_copy() if options.side == "machine" else None
        if options.side == "pytorch":
            importlib.import_module("torch").set_num_threads(options.cores)

    def __missing__(self, question: str) -> Callable[[], Any]:
        if self.machine:
            return self.machine
        kind, task = question.split()
        if self.prepared != (kind, task):
            self.prepared = kind, task
            given = arrays(self.options, task, one_unobserved=kind == "check")
            self.work = work_of(self.options.side, task, given, self.options.sample)
            self.times = 1
            if kind == "round":
                self.work()
                began = time.perf_counter()
                self.round()
                self.times = max(1, math.ceil(SECONDS_A_ROUND / (time.perf_counter() - began)))
        return self.round if kind == "round" else lambda: numbers(self.work(), self.options.sample)

    def round(self) -> int:
        """Calls, each waited for."""
        for _ in range(self.times):
            answer = self.work()
            numpy = getattr(answer[0] if isinstance(answer, tuple) else answer, "numpy", None)
            assert numpy is not None
            numpy()
        return self.times


def of_calls(rounds: list[Round], scale: float) -> list[Round]:
    """Rounds of as many calls as take long enough, as rounds of one call of the whole."""
    return [{**row, **{key: scale * row[key] / row["answer"] for key in ("seconds", "cpu")}} for row in rounds]


def compare(options: argparse.Namespace, task: str) -> list[dict[str, Any]]:
    """Prints a table of a task; returns what it says, a record a line."""
    peers = [name for name in PEERS[task] if name != "pytorch" or has_torch(options)]
    # The other peers are TensorFlow's too.
    pythons = {"pytorch": options.peer_python}
    sides = [Side("ours"), *(Side(name, pythons.get(name, sys.executable)) for name in peers)]
    refuse_other_work(sides, task)
    if options.check:
        for side in sides:
            side.close()
        print(f"{task}: the same, {', '.join(side.name for side in sides)}")
        return []
    machine = Side("machine")
    found = take_turns([*sides, machine], f"round {task}", options.rounds)
    limits = {key: middle([row["answer"][key] for row in found["machine"]]) for key in ("gflops", "gbytes")}
    del found["machine"]
    operations, moved = counted(options, task)
    least = max(operations / limits["gflops"], moved / limits["gbytes"]) / 1e9
    calls = {
        name: of_calls(each, options.tags / options.sample if name == "triplets" else 1.0)
        for name, each in found.items()
    }
    rows, records = [], []
    for name, each in calls.items():
        took, ratio, cpu = (
            middle([row["seconds"] for row in each]),
            ratios(calls["ours"], each),
            ratios(calls["ours"], each, "cpu"),
        )
        peak = each[-1]["peak"] / 2**30
        record = {
            "task": task,
            "side": name,
            "seconds": took,
            "times_ours": middle(ratio),
            "cpu_times_ours": middle(cpu),
        }
        records.append({**record, "times_least": took / least, "peak_gib": peak})
        compared = [spread(ratio, 1), f"{middle(cpu):.1f}"] if name != "ours" else ["", ""]
        rows.append(
            [name, f"{took:.3f}", f"{operations / took / 1e9:.1f}", f"{took / least:.1f}", f"{peak:.1f}", *compared]
        )
    sizes = f"{options.batch} rows, D = {options.tag}, F = {options.image}, E = {options.user}"
    title = f"scores of {options.tags} tags" if task == "scores" else "a step"
    print_table(f"{title}: {sizes}", ["", "s", "needed Gop/s", "× least", "peak GiB", "× ours", "CPU × ours"], rows)
    print(
        f"needed: {operations / 1e9:.1f} Gop and {moved / 1e9:.2f} GB; least: {least:.3f} s, at {limits['gflops']:.0f} Gop/s of a"
    )
    print(f"large product and {limits['gbytes']:.1f} GB/s of a copy")
    if "triplets" in calls:
        print(f"triplets: {options.sample} of {options.tags} tags were scored, the time is scaled up")
    for side in (*sides, machine):
        side.close()
    print_machine(options.cores, {name: text for side in sides for name, text in side.versions.items()})
    return records


def refuse_other_work(sides: Sequence[Side], task: str) -> None:
    """Refuses to time things that don't compute the same."""
    found = {side.name: side.ask(f"check {task}")["answer"] for side in sides}
    for name, told in found.items():
        # Every second number is a norm, to which the product with anything compares.
        norms = [found["ours"][2 * (place // 2)] for place in range(len(told))]
        off = [abs(x - y) / norm for x, y, norm in zip(told, found["ours"], norms, strict=True)]
        if max(off) > TOLERANCE:
            raise SystemExit(f"not the same work: ours and {name} differ on {task}: {found}")


def has_torch(options: argparse.Namespace) -> bool:
    """Whether PyTorch is there to compare with; says so where it isn't."""
    found = subprocess.run([options.peer_python, "-c", "import torch"], capture_output=True, check=False)
    if found.returncode:
        print("pytorch: not installed, left out; see --peer-python")
    return not found.returncode


def main() -> None:
    made = parser(__doc__, cores=2)
    made.add_argument("--tasks", nargs="+", choices=PEERS, default=list(PEERS), help="(default: all)")
    made.add_argument("--batch", type=int, default=256, help="rows (default: %(default)s)")
    made.add_argument("--tags", type=int, default=100_000, help="that are scored (default: %(default)s)")
    made.add_argument("--sample", type=int, default=16, help="of them that `triplets` scores (default: %(default)s)")
    made.add_argument("--tag", type=int, default=300, metavar="D", help="(default: %(default)s)")
    made.add_argument("--image", type=int, default=300, metavar="F", help="(default: %(default)s)")
    made.add_argument("--user", type=int, default=50, metavar="E", help="(default: %(default)s)")
    made.add_argument("--check", action="store_true", help="only check that all compute the same")
    made.add_argument("--json", type=Path, help="where to write the figures too")
    options = made.parse_args()
    if options.side:
        packages = {"pytorch": ("torch",), "machine": ()}.get(options.side, ("tensorflow", "keras"))
        serve(options.cores, packages, lambda: Answers(options))
        return
    records = [record for task in options.tasks for record in compare(options, task)]
    if options.json:
        options.json.write_text(json.dumps(records, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
