"""`python -m kerasmm.fit`: trains a system, evaluates and exports it."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import MOST_SEED, Parser, UserError, console, guarded, listed, whole
from kerasmm.named_configs import config_help, find_config

if TYPE_CHECKING:
    import argparse

    import tensorflow as tf

    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import Run
    from kerasmm.systems.system import System


def parser() -> Parser:
    """The command line."""
    from kerasmm.systems import names

    made = Parser(
        prog="python -m kerasmm.fit",
        description="Trains a system on a data set, evaluates it on the test split and exports it for serving. "
        "Without --data it builds and uses the embedded sample, a synthetic picture world.",
        example="python -m kerasmm.fit --model dman --data data/movielens --run runs/movielens --set training.epochs=5",
    )
    made.add_argument("--model", help=f"the system: {listed(names())}")
    made.add_argument("--config", type=Path, help=config_help())
    made.add_argument("--data", type=Path, help="folder that `python -m data_prep build` wrote")
    made.add_argument(
        "--run", type=Path, help="folder of the run (default: runs/<model>, or the next free runs/<model>-N)"
    )
    made.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="change one key; may be repeated")
    made.add_argument(
        "--list-settings", action="store_true", help="print every key with its value and meaning, and do nothing else"
    )
    made.add_argument("--resume", action="store_true", help="go on with the run, from its last checkpoint")
    made.add_argument("--strategy", default="auto", help="auto, single, mirrored or multi_worker (default: auto)")
    made.add_argument("--deterministic", action="store_true", help="the same seed gives the same weights; slower")
    made.add_argument(
        "--seed", type=whole(0, MOST_SEED), default=0, help="seeds weights, order and sampling (default: 0)"
    )
    made.add_argument("--output", type=Path, help="where the export goes (default: saved_models/<name of the run>)")
    made.add_argument(
        "--force", action="store_true", help="export also where that folder holds another run's or data set's versions"
    )
    made.add_argument("--no-export", action="store_true", help="train and evaluate only")
    made.add_argument("--no-evaluate", action="store_true", help="train only")
    made.add_quiet()
    return made


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    if arguments.list_settings:
        return _list_settings(arguments)
    command = "python -m kerasmm.fit " + shlex.join(argv)
    kind_name, folder = _which_run(arguments)
    _check_names(arguments, folder)
    say = console(arguments.quiet)
    if arguments.resume:
        made, dataset, new = *_resumed(folder, arguments), None
        _check_data(arguments, folder, dataset, made.vocabularies)
    else:
        from kerasmm.systems import system
        from kerasmm.systems.config import load_config

        kind = system(kind_name)
        arguments.config = find_config(kind_name, arguments.config)
        changes = list(arguments.set)
        if arguments.data is None:
            load_config(kind.Config, arguments.config, changes)
            changes = [*_samples(kind, arguments), *changes]
        config = load_config(kind.Config, arguments.config, changes)
        data = arguments.data or Path(kind.samples["data"][0])
        say.print(f"{kind_name} on {data}, run in {folder}", soft_wrap=True)
        from kerasmm.data.dataset import Dataset

        dataset = Dataset(data)
        _check_data(arguments, folder, dataset, {name: dataset.vocabulary(name) for name in kind.vocabulary_names})
        made = kind(config, kind.gather_facts(config, dataset), arguments.seed)
        new = {"deterministic": arguments.deterministic, "command": command}
    from kerasmm.runs.at_work import at_work

    # Workers of one cluster share a run.
    alone = nullcontext() if arguments.strategy == "multi_worker" else at_work(folder, arguments.quiet)
    with alone:
        run = _train(made, folder, dataset, new, arguments)
        if not arguments.no_evaluate:
            from kerasmm.evaluate import evaluate_run

            evaluate_run(run, dataset, "test", quiet=arguments.quiet, plots=folder)
    if not arguments.no_export:
        _export(run, dataset, arguments)
    return 0


def _list_settings(arguments: argparse.Namespace) -> int:
    """Prints the configuration that a run would have."""
    if not arguments.model:
        raise UserError("--list-settings lists those of a system: name it, e.g. --model dman")
    from kerasmm.settings_list import listed, print_settings
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config

    config = find_config(arguments.model, arguments.config)
    print_settings(listed(load_config(system(arguments.model).Config, config, arguments.set)))
    return 0


def _which_run(arguments: argparse.Namespace) -> tuple[str, Path]:
    """The system's name and the run's folder."""
    from kerasmm.systems import names, system

    if not arguments.model and not (arguments.resume and arguments.run):
        raise UserError(f"--model is missing, e.g. --model {names()[0]} (see `python -m kerasmm.fit --help`)")
    if arguments.model:
        system(arguments.model)
    if arguments.run:
        return arguments.model or "", arguments.run
    used = [Path("runs") / arguments.model, *(Path("runs") / f"{arguments.model}-{n}" for n in range(2, 10_000))]
    free = next(place for place, folder in enumerate(used) if not (folder / "run.json").exists())
    if arguments.resume:
        if not free:
            raise UserError(f"--resume: there is no run in {used[0]}; name one with --run")
        return arguments.model, used[free - 1]
    return arguments.model, used[free]


def _output(arguments: argparse.Namespace, folder: Path) -> Path:
    """Base folder of the export: a run has its own, as the command that exports it alone says too."""
    output: Path | None = arguments.output
    return output or Path("saved_models") / folder.absolute().name


def _check_names(arguments: argparse.Namespace, folder: Path) -> None:
    """Refuses what would fail for its name alone: before data are read, and hours before it is needed."""
    from kerasmm.runs.run import refuse_used
    from kerasmm.runs.strategy import check_cluster, check_name
    from kerasmm.serving.base import check_base

    check_name(arguments.strategy)
    check_cluster(arguments.strategy)
    if not arguments.resume:
        refuse_used(folder)
    if not arguments.no_export:
        check_base(_output(arguments, folder))


def _check_data(
    arguments: argparse.Namespace, folder: Path, dataset: Dataset, vocabularies: Mapping[str, list[str]]
) -> None:
    """Refuses a data set without the splits that are needed, and a base folder that another run exports to."""
    if not dataset.manifest.records("validation"):
        raise UserError(
            f"{dataset.folder}: no validation split to choose the best epoch by; build it with split.validation above 0"
        )
    if not arguments.no_evaluate and not dataset.manifest.records("test"):
        raise UserError(
            f"{dataset.folder}: no test split to evaluate on; build it with split.test above 0, or give --no-evaluate"
        )
    if not arguments.no_export:
        from kerasmm.export import check_first

        check_first(vocabularies, folder, dataset, _output(arguments, folder), force=arguments.force)


def _resumed(folder: Path, arguments: argparse.Namespace) -> tuple[System, Dataset]:
    """The system and the data set of a run that goes on."""
    from kerasmm.runs.run import read_run

    if arguments.config or arguments.set:
        raise UserError("--resume: a resumed run keeps its configuration; leave --config and --set away")
    made, content = read_run(folder)
    arguments.deterministic = bool(content.get("deterministic"))
    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import check_vocabularies
    from kerasmm.runs.same_data import refuse_another, refuse_others

    dataset = Dataset(arguments.data or Path(content["data"]))
    check_vocabularies(made, dataset)
    refuse_another(folder, content, dataset, "a training goes on with its own: name it with --data, or start a new run")
    refuse_others(folder, content)
    return made, dataset


def _samples(kind: type[System], arguments: argparse.Namespace) -> list[str]:
    """Builds the embedded samples the first time; what the configuration must say of them, as `key=value`."""
    from data_prep.__main__ import main as data_prep

    changes = []
    for key, (folder, *build) in kind.samples.items():
        if any(change.startswith(f"{key}=") for change in arguments.set):
            continue
        if not (Path(folder) / "dataset.json").exists():
            console(arguments.quiet).print(f"building the embedded sample (synthetic) in {folder}")
            code = data_prep(["build", *build, "--output", folder, *(["--quiet"] if arguments.quiet else [])])
            if code:
                raise UserError(f"{folder}: the embedded sample could not be built")
        if key != "data":
            changes.append(f"{key}={folder}")
    return changes


def _prepare(made: System, deterministic: bool) -> None:
    """Seeds and precision: before the first layer is made."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(made.seed)
    if deterministic:
        tf.config.experimental.enable_op_determinism()
    keras.config.set_dtype_policy(made.config.training.precision)


def _train(
    made: System, folder: Path, dataset: Dataset, new: dict[str, Any] | None, arguments: argparse.Namespace
) -> Run:
    """Trains to the end and opens what came out as a stranger would. `new` is what to note of a run that begins."""
    import keras

    from kerasmm.runs.evaluation import Evaluation
    from kerasmm.runs.loop import train
    from kerasmm.runs.run import Run, built, check_vocabularies, forget_untrained, open_run, write_choices, write_run
    from kerasmm.runs.strategy import make_strategy

    made.quiet = arguments.quiet
    check_vocabularies(made, dataset)
    _prepare(made, arguments.deterministic)
    strategy: tf.distribute.Strategy = make_strategy(arguments.strategy, made.config.training.batch_size)
    with strategy.scope():
        model = made.build() if new is not None else built(made, folder)
    if new is not None:
        write_run(folder, made, dataset, new)
    run = Run(folder, made, dataset.folder, model)

    def validate() -> dict[str, float]:
        return made.protocol.validate(Evaluation(made, model, dataset, "validation"))

    try:
        train(run, dataset, validate, strategy, arguments.quiet)
    except UserError:
        if new is not None:
            forget_untrained(folder)
        raise
    keras.config.set_dtype_policy("float32")
    trained = open_run(folder)
    choices = made.protocol.choose(Evaluation(made, trained.model, dataset, "validation"))
    trained.system.choices = choices
    write_choices(folder, choices)
    return trained


def _export(run: Run, dataset: Dataset, arguments: argparse.Namespace) -> None:
    from kerasmm.export import export_run

    output = _output(arguments, run.folder)
    path = export_run(run, dataset, output, force=arguments.force, quiet=arguments.quiet)
    if arguments.quiet:
        return
    say = console()
    say.print(f"\nexported to {path}; ask it:", soft_wrap=True)
    for question in _questions(run.system, str(output)):
        say.print(f"  python -m kerasmm.{question}", soft_wrap=True)


def _questions(made: System, export: str) -> list[str]:
    """What may be asked of an export; where the features came from elsewhere, no picture."""
    asked = made.questions(export)
    if not made.pictures.elsewhere:
        return asked
    vectors = [question.replace("--image PICTURE.jpg", "--vector VECTOR.npy") for question in asked]
    return [question for question in vectors if question.startswith("search") or "--vector" not in question]


if __name__ == "__main__":
    sys.exit(guarded(main))
