"""A training step of DMAN: ours against plain PyTorch, with the same shapes, loss and optimiser.

    python benchmarks/dman_step.py
    python benchmarks/dman_step.py --features 320 --steps 5 --rounds 7 --peer-python ../torch/bin/python

Ours is what `kerasmm.fit --model dman` runs: the System's network and objective, the Trainer's compiled step and the
configured optimiser. The peer is `dman_torch.py`, eager and through `torch.compile`. Before anything is timed, both train
three steps from the same weights without dropout, and must have the same losses.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from side_by_side import Side, parser, print_machine, serve, take_turns
from training_step import (
    CHECKED_STEPS,
    Answers,
    add_arguments,
    check,
    machine_answers,
    parts,
    print_parts,
    print_steps,
    stage_answers,
)

if TYPE_CHECKING:
    import numpy as np

UNITS, NEGATIVES, LEARNING_RATE, TAGS_A_POST = (128, 32, 1), 3, 0.01, 6
SETTINGS = (
    "network.attention_scale=1",
    f"network.units=[{', '.join(map(str, UNITS))}]",
    "loss={margin: 0.3, similarity: product, positive_weight: 10, beta: 1, over_words: sum, over_batch: mean}",
    f"training.optimizer={{name: sgd, learning_rate: {LEARNING_RATE}, momentum: 0.9, nesterov: true, schedule: constant}}",
)
"""What the peer has too, whatever the System's defaults are."""

TOLERANCE = 2e-5
"""Relative difference of the losses; both sum tens of thousands of float32 terms."""


def arrays(options: argparse.Namespace) -> dict[str, Any]:
    """Weights and a batch, the same on every side."""
    import numpy as np

    rng = np.random.default_rng(0)
    words, features, batch = options.words, options.features, options.batch

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape, "float32")

    weights = [normal(features, words) * (2 / (features + words)) ** 0.5, np.zeros(words, "float32")]
    for size, unit in zip((features, *UNITS), UNITS, strict=False):
        weights += [normal(words, size, unit) * (2 / (size + unit)) ** 0.5, np.zeros((words, unit), "float32")]
    others = [np.setdiff1d(np.arange(batch), place) for place in range(batch)]
    multi_hot = {name: (rng.random((batch, words)) < TAGS_A_POST / words).astype("float32") for name in SIDES}
    negatives = np.stack([rng.choice(rest, NEGATIVES, replace=False) for rest in others]).astype("int32")
    triplets = np.tile(np.array([1.0] + NEGATIVES * [0.0], "float32"), (batch, 1))
    return {
        "weights": weights,
        "standardisation": (0.1 * normal(features), 0.5 + rng.random(features, "float32")),
        "inputs": {name: normal(batch, options.regions, features) for name in SIDES},
        "targets": {**multi_hot, "negatives": negatives, "triplets": triplets},
    }


SIDES = ("anchor", "positive")


def ours(options: argparse.Namespace) -> Answers:
    """The step as `kerasmm.fit` compiles it."""
    import keras
    import tensorflow as tf

    from kerasmm.models import siamese
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config
    from kerasmm.systems.optimizer import make_optimizer
    from kerasmm.systems.system import Facts, Stage

    keras.utils.set_random_seed(0)
    given = arrays(options)
    kind = system("dman")
    config = load_config(kind.Config, None, [*SETTINGS, f"network.dropout={options.dropout}"])
    stored = {"encoder": "vgg16", "fingerprint": "", "image_size": [224, 224], "resize": "squash"}
    mean, variance = (values.tolist() for values in given["standardisation"])
    facts = Facts(
        vocabularies={"tags": [f"tag{word}" for word in range(options.words)], "labels": ["label"]},
        features={**stored, "shape": [options.regions, options.features]},
        measured={"mean": mean, "variance": variance},
    )
    made = kind(config, facts, 0)
    stage = Stage(
        name="train",
        model=siamese(made.build(), SIDES, "words"),
        objective=made.objective,  # type: ignore[attr-defined]
        batches=lambda epoch, skip: tf.data.Dataset.from_tensors((given["inputs"], given["targets"])).repeat(),
        steps=lambda epoch: options.steps,
        terms=("triplet_loss", "word_loss"),
        epochs=1,
        optimizer=lambda: make_optimizer(config.training.optimizer, [options.steps]),
    )
    for variable, value in zip(stage.model.trainable_variables, given.pop("weights"), strict=True):
        variable.assign(value)
    return stage_answers(stage, options.steps, parts_steps=1)


def peer(options: argparse.Namespace, compiled: bool) -> Answers:
    """The same in PyTorch."""
    import torch
    from dman_torch import Training

    torch.manual_seed(0)
    torch.set_num_threads(options.cores)
    training = Training(**arrays(options), dropout=options.dropout, learning_rate=LEARNING_RATE, compiled=compiled)
    return {
        "losses": lambda: [training.step() for _ in range(CHECKED_STEPS)],
        "round": lambda: [training.step() for _ in range(options.steps)][-1],
        "parts": lambda: parts((training.forward, training.gradient, training.step), 1),
    }


def counted(options: argparse.Namespace) -> tuple[float, float]:
    """Floating-point operations that a step needs, and bytes of large arrays that it must move.

    Operations: a matrix product forward, and one backward for each of its factors that is not data. Bytes: parameters
    are read forward and backward, gradients written, and the update reads gradient, momentum and weight and writes the
    last two; the inputs of each layer are written, read forward and backward, and their gradients written and read.
    """
    rows, words, inner = 2 * options.batch, options.words, (options.features, *UNITS)
    attention = options.regions * options.features * words
    kernels = [words * size * unit for size, unit in zip(inner, UNITS, strict=False)]
    operations = 2.0 * rows * (2 * 2 * attention + 3 * sum(kernels))
    parameters = options.features * words + sum(kernels)
    activations = rows * words * sum(inner)
    return operations, 4.0 * (8 * parameters + 5 * activations)


def compare(options: argparse.Namespace) -> None:
    sides = [Side("ours"), Side("pytorch", options.peer_python)]
    try:
        if not options.no_compile:
            sides.append(Side("torch.compile", options.peer_python))
            sides[-1].ask("round")
    except RuntimeError as error:
        sides = sides[:2]
        print("torch.compile doesn't work here:", str(error).strip().splitlines()[-1])
    machine = Side("machine")
    for side in sides[:2]:
        side.ask("round")
    found = take_turns([*sides, machine], "round", options.rounds)
    shape = f"{options.regions} × {options.features}, {options.words} words, {options.batch} + {options.batch} posts"
    print_steps(f"DMAN training step, {shape}", sides, found, options.steps, counted(options))
    print_parts(sides[:2])
    print(
        "cost grows linearly in the words, the posts of a batch and the features; in the regions only the attention does"
    )
    print_machine(options.cores, {name: text for side in sides for name, text in side.versions.items()})
    for side in (*sides, machine):
        side.close()


def main() -> None:
    made = parser(__doc__, cores=2)
    add_arguments(made, words=1000, steps=10)
    made.add_argument("--batch", type=int, default=32, help="anchors; as many positives (default: %(default)s)")
    made.add_argument("--features", type=int, default=512, help="of a region (default: %(default)s)")
    made.add_argument("--regions", type=int, default=49, help="default: %(default)s")
    made.add_argument("--dropout", type=float, default=0.2, help="default: %(default)s")
    made.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    options = made.parse_args()
    if options.side == "ours":
        serve(options.cores, ("tensorflow", "keras"), lambda: ours(options))
    elif options.side == "machine":
        serve(options.cores, (), machine_answers)
    elif options.side:
        serve(options.cores, ("torch",), lambda: peer(options, compiled=options.side == "torch.compile"))
    else:
        check(options.peer_python, ["--dropout", "0"], TOLERANCE)
        if not options.check:
            compare(options)


if __name__ == "__main__":
    main()
