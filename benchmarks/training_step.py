"""What benchmarks of a training step have in common: the step as `kerasmm.fit` compiles it, the check, the table."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from side_by_side import Round, Side, middle, print_table, ratios, spread

if TYPE_CHECKING:
    import tensorflow as tf

    from kerasmm.systems.system import Stage

CHECKED_STEPS = 3
Answers = Mapping[str, Callable[[], Any]]


def stage_answers(stage: Stage, steps: int, parts_steps: int) -> Answers:
    """A stage's steps, as the Trainer takes them, and parts of them.

    Args:
        stage: With its variables set. Its batches are those of a round.
        steps: Steps a round.
        parts_steps: Steps over which parts are measured; so many batches are kept in memory.

    Returns:
        What answers `losses` (of the first steps), `round` and `parts`.
    """
    import tensorflow as tf

    from kerasmm.runs.trainer import Trainer

    optimizer = stage.optimizer()
    optimizer.build(stage.model.trainable_variables)
    trainer = Trainer(stage)
    trainer.compile(optimizer, jit_compile=False)

    def train(steps: int, skip: int = 0) -> float:
        data = stage.batches(0, skip)
        history = trainer.fit(data, steps_per_epoch=steps, epochs=1, verbose=0, shuffle=False).history
        return float(sum(values[-1] for values in history.values()))

    signature = stage.batches(0, 0).element_spec

    @tf.function(autograph=False, input_signature=signature)
    def forward(inputs: dict[str, tf.Tensor], targets: dict[str, tf.Tensor]) -> tf.Tensor:
        return tf.add_n(list(stage.objective(targets, stage.model(inputs, training=True)).values()))

    @tf.function(autograph=False, input_signature=signature)
    def gradient(inputs: dict[str, tf.Tensor], targets: dict[str, tf.Tensor]) -> list[tf.Tensor]:
        variables = [variable.value for variable in stage.model.trainable_variables]
        with tf.GradientTape() as tape:
            loss = forward(inputs, targets)
        return tape.gradient(loss, variables)

    def measured() -> list[float]:
        batches = list(stage.batches(0, 0).take(parts_steps))
        nested = over(batches, forward), over(batches, gradient), lambda: train(parts_steps)
        return parts(nested, parts_steps)

    return {
        "losses": lambda: [train(1, skip) for skip in range(CHECKED_STEPS)],
        "round": lambda: train(steps),
        "parts": measured,
    }


def over(batches: Sequence[Sequence[Any]], work: Callable[..., Any]) -> Callable[[], None]:
    """The same work on each batch."""

    def every() -> None:
        for batch in batches:
            work(*batch)

    return every


def parts(nested: Sequence[Callable[[], Any]], steps: int) -> list[float]:
    """CPU seconds a step of work that holds the work before it: forward, with backward, with the update."""
    used = []
    for work in nested:
        work()
        began = time.process_time()
        work()
        used.append((time.process_time() - began) / steps)
    return used


def machine_answers() -> Answers:
    """What the machine can do."""
    from machine_limits import matmul_and_copy

    return {"round": matmul_and_copy()}


def check(peer_python: str, arguments: Sequence[str], tolerance: float) -> None:
    """Refuses to time two things that don't compute the same.

    Args:
        peer_python: The peer's Python.
        arguments: Of both sides, beside those of this run.
        tolerance: Relative difference of the losses that is let pass.
    """
    found = {}
    for name, python in (("ours", sys.executable), ("pytorch", peer_python)):
        side = Side(name, python, arguments)
        found[name] = side.ask("losses")["answer"]
        side.close()
    for own, theirs in zip(*found.values(), strict=True):
        if not abs(own - theirs) <= tolerance * abs(theirs):
            raise SystemExit(f"not the same work: losses of the first steps are {found}")
    print("same losses of the first steps:", ", ".join(f"{value:.5g}" for value in found["ours"]))


def print_steps(
    title: str, sides: Sequence[Side], found: Mapping[str, Sequence[Round]], steps: int, needed: tuple[float, float]
) -> None:
    """Prints what a step takes on each side, and how far ours is from what the machine can do.

    Args:
        title: What was measured.
        sides: Ours, then its peers.
        found: Rounds of each side and of `machine`.
        steps: Steps a round.
        needed: Floating-point operations and bytes of a step.
    """
    rows = []
    for side in sides:
        seconds, cpu = ([row[key] / steps for row in found[side.name]] for key in ("seconds", "cpu"))
        ratio = "" if side is sides[0] else spread(ratios(found["ours"], found[side.name]), 2)
        cpu_ratio = "" if side is sides[0] else f"{middle(ratios(found['ours'], found[side.name], 'cpu')):.2f}"
        rates = [f"{1e-9 * amount / middle(seconds):.1f}" for amount in needed]
        peak = f"{found[side.name][-1]['peak'] / 2**30:.2f}"
        rows.append([side.name, spread(seconds, 3), ratio, f"{middle(cpu):.3f}", cpu_ratio, peak, *rates])
    columns = ["", "seconds a step", "× ours", "CPU s", "× ours", "peak GiB", "GFLOP/s", "GB/s"]
    print_table(title, columns, rows)
    can = {key: middle([row["answer"][key] for row in found["machine"]]) for key in ("gflops", "gbytes")}
    operations, moved = needed
    least = operations / can["gflops"] / 1e9, moved / can["gbytes"] / 1e9
    print(
        f"needed: {operations / 1e9:.1f} GFLOP, {least[0]:.3f} s at the {can['gflops']:.0f} GFLOP/s of a plain product;"
    )
    print(f"        {moved / 1e9:.2f} GB, {least[1]:.3f} s at the {can['gbytes']:.1f} GB/s of a plain copy")
    own = middle([row["seconds"] / steps for row in found["ours"]])
    print(f"ours takes {own / max(least):.2f} times the longer and {own / sum(least):.2f} times the sum of them")


def print_parts(sides: Sequence[Side]) -> None:
    """Asks each side where its time goes, and prints it."""
    split = []
    for side in sides:
        forward, gradient, step = side.ask("parts")["answer"]
        split.append([side.name, f"{forward:.3f}", f"{gradient - forward:.3f}", f"{step - gradient:.3f}"])
    print_table("where the CPU seconds go", ["", "forward", "backward", "update"], split)


def add_arguments(made: argparse.ArgumentParser, words: int, steps: int) -> None:
    """The options that every step has."""
    made.add_argument("--words", type=int, default=words, help="of the vocabulary (default: %(default)s)")
    made.add_argument("--steps", type=int, default=steps, help="steps a round (default: %(default)s)")
    made.add_argument("--check", action="store_true", help="only check that both compute the same")
