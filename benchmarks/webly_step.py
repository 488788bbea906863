"""A training step of webly's first stage: ours against plain PyTorch, with the same sentences, loss and optimiser.

    python benchmarks/webly_step.py
    python benchmarks/webly_step.py --negatives sum --steps 5 --rounds 7 --peer-python ../torch/bin/python --growth

Ours is what `kerasmm.fit --model webly --config configs/webly/resnet152.yaml` runs: the System's network and objective, the
Trainer's compiled step, batches of sentences of like length. The peer is `webly_torch.py`, as the public VSE++ trains: sentences in random
batches, sorted in each, packed. A round is the same sentences on both sides; `pytorch, bucketed` has our batches too, so that
what the layer gains and what the batches gain are told apart. Sentences of a round are sorted as an epoch's are, `--pool`
batches together: fewer `--steps` sort fewer. Before anything is timed, both train three steps from the same weights on the
same batches, and must have the same losses.
"""

from __future__ import annotations

import argparse
import functools
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from side_by_side import Side, middle, parser, print_machine, print_table, ratios, serve, take_turns
from training_step import (
    CHECKED_STEPS,
    Answers,
    add_arguments,
    check,
    machine_answers,
    over,
    parts,
    print_parts,
    print_steps,
    stage_answers,
)
from webly_sentences import FIRST_WORD, TAG_DIMENSION, TAGS, WORD_DIMENSION, padding, weights, write_sentences

TOLERANCES = {"float32": 2e-4, "mixed_bfloat16": 0.05}
"""Relative difference of the losses. Adam's first steps are as long for a slope of rounding errors as for a true one."""

CONFIGURATION = Path(__file__).parents[1] / "configs" / "webly" / "resnet152.yaml"
SIZES = {"dimension": "dimension", "gru_units": "units", "pooling": "pooling"}
"""Keys of the configuration's `network` that options set."""

PEERS = {"pytorch": "random", "pytorch, bucketed": "bucketed"}
LAYERS = (
    "sentence/word_vectors",
    "sentence/gru",
    "sentence/sentence_embedding_1",
    "image/image_embedding_1",
    "tags/tag_vectors",
    "tags/tag_embedding_1",
)
GROWTH = {
    "half the batch": lambda options: ["--batch", options.batch // 2],
    "twice the batch": lambda options: ["--batch", options.batch * 2],
    "twice the words a sentence": lambda options: ["--lengths", *(2 * number for number in options.lengths)],
    "a tenth of the vocabulary": lambda options: ["--words", max(options.words // 10, 2 * FIRST_WORD)],
    "four times the vocabulary": lambda options: ["--words", options.words * 4],
}


def ours(options: argparse.Namespace) -> Answers:
    """The step as `kerasmm.fit` compiles it."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasmm.models import webly_branch
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config
    from kerasmm.systems.optimizer import make_optimizer
    from kerasmm.systems.system import Facts, Stage

    keras.utils.set_random_seed(0)
    keras.config.set_dtype_policy(options.precision)
    drawn = np.load(options.drawn)
    kind = system("webly")
    settings = [
        *(f"network.{name}={getattr(options, size)}" for name, size in SIZES.items()),
        f"network.word_dimension={WORD_DIMENSION}",
        f"loss.negatives={options.negatives}",
        f"training.batch_size={options.batch}",
        "training.optimizer.schedule=constant",
    ]
    config = load_config(kind.Config, CONFIGURATION, settings)
    stored = {"encoder": "resnet152@pooled", "fingerprint": "", "image_size": [224, 224], "resize": "crop"}
    facts = Facts(
        vocabularies={
            "words": [f"word{word}" for word in range(options.words - FIRST_WORD)],
            "tags": [f"tag{tag}" for tag in range(TAGS)],
        },
        features={**stored, "shape": [options.features]},
        measured={"tag_dimension": TAG_DIMENSION},
    )
    made = kind(config, facts, 0)
    model = made.build()
    for layer in LAYERS:
        branch, name = layer.split("/")
        webly_branch(model, branch).get_layer(name).set_weights(weights(drawn, layer))

    rows, features, tags = drawn["bucketed"], tf.constant(drawn["features"]), tf.constant(drawn["tags"])
    sentences = tf.RaggedTensor.from_row_lengths(drawn["words"], drawn["lengths"])

    def batch(numbers: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        words = tf.gather(sentences, numbers).to_tensor(0)
        inputs = {"features": tf.gather(features, numbers), "words": words, "tags": tf.gather(tags, numbers)}
        # Every sentence is of another picture and has other tags: the peer knows nothing of two that belong together.
        hardest = tf.fill(tf.shape(numbers), int(options.negatives == "hardest"))
        return inputs, {"picture": numbers, "tag_text": numbers, "hardest": hardest}

    stage = Stage(
        name="clean",
        model=model,
        objective=functools.partial(made.objective, sentence_weight=1.0, tag_weight=1.0),  # type: ignore[attr-defined]
        batches=lambda epoch, skip: tf.data.Dataset.from_tensor_slices(rows[skip:]).map(batch).prefetch(4),
        steps=lambda epoch: options.steps,
        terms=("sentence_loss", "tag_loss"),
        epochs=1,
        optimizer=lambda: make_optimizer(config.training.optimizer, [options.steps]),
        clip_norm=config.training.optimizer.clip_norm,
    )
    return stage_answers(stage, options.steps, options.steps)


def peer(options: argparse.Namespace, order: str) -> Answers:
    """The same in PyTorch, with batches made before."""
    import numpy as np
    import torch
    from webly_torch import Training, collate

    torch.set_num_threads(options.cores)
    drawn = dict(np.load(options.drawn))
    initial = {layer: weights(drawn, layer) for layer in LAYERS}
    training = Training(initial, options.negatives, options.pooling, options.precision != "float32")
    batches, checked = ([(collate(drawn, rows),) for rows in drawn[name]] for name in (order, "bucketed"))

    def measured() -> list[float]:
        works = (training.forward, training.gradient, training.step)
        return parts([over(batches, work) for work in works], options.steps)

    return {
        "losses": lambda: [training.step(*batch) for batch in checked[:CHECKED_STEPS]],
        "round": over(batches, training.step),
        "parts": measured,
    }


def counted(options: argparse.Namespace, words: int) -> tuple[float, float]:
    """Floating-point operations that a step needs, and bytes of large arrays that it must move.

    Operations: a matrix product forward, and one backward for each of its factors that is trained or comes from what is;
    no padding. Bytes: Adam reads gradient, both moments and weight, and writes the last three; a gradient is written and
    read once for its norm; a kernel is read forward and backward; of each word, gates, the state's part of the candidate and
    the state itself are written and read again, then the slopes of the gates' inputs and of that part.

    Args:
        options: Sizes.
        words: Of all sentences of a batch, without padding.
    """
    rows, units, dimension = options.batch, options.units, options.dimension
    gru = words * 3 * units * (WORD_DIMENSION + units)
    linear = rows * dimension * (3 * units + 2 * options.features + 2 * TAG_DIMENSION)
    similarity = 2 * 3 * rows * rows * dimension
    kernels = 3 * units * (WORD_DIMENSION + units) + dimension * (units + options.features + TAG_DIMENSION)
    parameters = options.words * WORD_DIMENSION + kernels
    return 2.0 * (3 * gru + linear + similarity), 4.0 * (9 * parameters + 2 * kernels + 18 * words * units)


def compare(options: argparse.Namespace, drawn: Any, passed: Sequence[str]) -> None:
    sides = [Side("ours", arguments=passed)]
    sides += [Side(name, options.peer_python, passed) for name in PEERS]
    machine = Side("machine")
    for side in sides:
        side.ask("round")
    found = take_turns([*sides, machine], "round", options.rounds)
    mean = drawn["lengths"].mean()
    print_steps(
        f"webly training step, {options.batch} sentences of {mean:.1f} steps, {options.units} units, {options.words} words, "
        f"{options.negatives}, {options.precision}",
        sides,
        found,
        options.steps,
        counted(options, int(mean * options.batch)),
    )
    shares = {order: f"{100 * padding(drawn, order):.0f} %" for order in ("bucketed", "random")}
    print(f"padding: {shares['bucketed']} of the steps in batches of like length, {shares['random']} in random ones")
    print_parts(sides[:2])
    for side in (*sides, machine):
        side.close()
    print_machine(options.cores, {name: text for side in sides for name, text in side.versions.items()})


def grow(options: argparse.Namespace, folder: Path) -> None:
    """Prints how the cost of a step grows, and what dense updates of word vectors cost."""
    rows, updates = [], {}
    for name, change in {"as given": lambda options: [], **GROWTH}.items():
        changed = [str(argument) for argument in change(options)]
        passed = draw(folder, changed)[1]
        sides = [Side("ours", arguments=passed), Side("pytorch", options.peer_python, passed)]
        for side in sides:
            side.ask("round")
        found = take_turns(sides, "round", options.rounds)
        for side in sides:
            side.close()
        seconds, cpu = (
            [middle([row[key] for row in found[side.name]]) / options.steps for side in sides]
            for key in ("seconds", "cpu")
        )
        ratio = f"{middle(ratios(found['ours'], found['pytorch'])):.2f}"
        rows.append([name, *(f"{used:.3f}" for used in seconds), ratio, *(f"{used:.3f}" for used in cpu)])
        if changed[:1] == ["--words"]:
            updates[int(changed[1])] = cpu
    columns = ["", "ours, s", "pytorch, s", "× ours", "ours, CPU s", "pytorch, CPU s"]
    print_table("how the cost of a step grows", columns, rows)
    (few, least), (many, most) = sorted(updates.items())
    own, theirs = (1000 * 1000 * (more - less) / (many - few) for less, more in zip(least, most, strict=True))
    print(f"1,000 words more, with dense updates of their vectors: {own:.1f} ms of CPU ours, {theirs:.1f} ms pytorch")


def draw(folder: Path, changed: Sequence[str] = ()) -> tuple[Mapping[str, Any], list[str]]:
    """Draws a round, and says what a side must be given to read it."""
    import numpy as np

    passed = [*changed, "--drawn", str(folder / "drawn.npz")]
    side = Side("draw", arguments=passed)
    side.ask("write")
    side.close()
    return dict(np.load(folder / "drawn.npz")), passed


def arguments() -> argparse.ArgumentParser:
    made = parser(__doc__, cores=2)
    add_arguments(made, words=10_000, steps=20)
    made.add_argument("--batch", type=int, default=128, help="sentences (default: %(default)s)")
    made.add_argument("--units", type=int, default=1024, help="of the GRU (default: %(default)s)")
    made.add_argument("--dimension", type=int, default=1024, help="of the joint space (default: %(default)s)")
    made.add_argument("--features", type=int, default=2048, help="of a picture (default: %(default)s)")
    made.add_argument(
        "--lengths",
        type=float,
        nargs=4,
        default=[11.8, 4, 3, 30],
        metavar=("MEAN", "DEVIATION", "LEAST", "MOST"),
        help="words of a sentence, before its end (default: %(default)s)",
    )
    made.add_argument("--pool", type=int, default=20, help="batches sorted by length together (default: %(default)s)")
    made.add_argument("--negatives", choices=("sum", "hardest"), default="hardest", help="default: %(default)s")
    made.add_argument("--pooling", choices=("last", "mean", "max"), default="last", help="default: %(default)s")
    made.add_argument("--precision", choices=tuple(TOLERANCES), default="float32", help="default: %(default)s")
    made.add_argument("--growth", action="store_true", help="also measure how the cost grows")
    made.add_argument("--drawn", help=argparse.SUPPRESS)
    return made


def main() -> None:
    made = arguments()
    options = made.parse_args()
    if options.steps < CHECKED_STEPS:
        made.error(f"--steps: {options.steps} is less than the {CHECKED_STEPS} that are checked")
    if options.side == "ours":
        serve(options.cores, ("tensorflow", "keras"), lambda: ours(options))
    elif options.side == "machine":
        serve(options.cores, (), machine_answers)
    elif options.side == "draw":
        serve(options.cores, (), lambda: {"write": lambda: write_sentences(options.drawn, options)})
    elif options.side:
        serve(options.cores, ("torch",), lambda: peer(options, PEERS[options.side]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            drawn, passed = draw(Path(folder))
            check(options.peer_python, passed, TOLERANCES[options.precision])
            if options.check:
                return
            compare(options, drawn, passed)
            if options.growth:
                grow(options, Path(folder))


if __name__ == "__main__":
    main()
