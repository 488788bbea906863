"""`python -m kerasmm.export`: exports a trained run to a SavedModel that a stock TensorFlow Serving answers from."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, console, guarded, show

if TYPE_CHECKING:
    import argparse

    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import Run


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.export",
        description="Exports a trained run with its posts indexed, checks the export in a fresh process without the "
        "model's code, and prints its folder.",
        example="python -m kerasmm.export --run runs/dman --output saved_models/dman",
    )
    made.add_argument("--run", type=Path, help="folder of a trained run")
    made.add_argument("--data", type=Path, help="data set (default: the one that the run was trained on)")
    made.add_argument(
        "--output", type=Path, help="base folder of the versions (default: saved_models/<name of the run>)"
    )
    made.add_argument("--splits", nargs="+", metavar="SPLIT", help="index the posts of these splits (default: all)")
    made.add_argument(
        "--force", action="store_true", help="make a next version also where the folder holds another run or data set"
    )
    made.add_argument("--no-thumbnails", action="store_true", help="keep no small pictures of the posts")
    made.add_argument("--check", type=Path, metavar="DIR", help="only check an export, e.g. saved_models/dman/1")
    made.add_quiet()
    return made


def export_run(
    run: Run,
    dataset: Dataset,
    output: Path,
    *,
    splits: Sequence[str] | None = None,
    thumbnails: bool = True,
    force: bool = False,
    quiet: bool = False,
) -> Path:
    """Exports a run; in a process of its own where this one already uses a GPU, since an export is traced without.

    Args:
        run: An opened run.
        dataset: Whose posts are indexed; its vocabularies must be the run's.
        output: Base folder of the versions.
        splits: Which posts are indexed; all by default.
        thumbnails: Keep small pictures of the posts.
        force: Become the next version also where the newest one is of another run or data set.
        quiet: No progress bar.

    Returns:
        The folder of the new version.

    Raises:
        UserError: When the data set doesn't fit the run, a split is unknown, or the base folder holds another run or data set.
    """
    import tensorflow as tf

    from kerasmm.runs.run import check_vocabularies, trained_on
    from kerasmm.serving.base import origin_of
    from kerasmm.serving.check import newest
    from kerasmm.serving.export import export

    check_vocabularies(run.system, dataset)
    if not tf.config.list_logical_devices("GPU"):
        return export(
            run.system,
            run.model,
            dataset,
            output,
            splits=splits,
            thumbnails=thumbnails,
            origin=origin_of(run.folder, dataset.folder, dataset.manifest.source),
            force=force,
            trained_on=trained_on(run.folder),
            quiet=quiet,
        )
    command = [sys.executable, "-m", "kerasmm.export", "--run", str(run.folder), "--data", str(dataset.folder)]
    command += ["--output", str(output)] + (["--splits", *splits] if splits else [])
    command += [] if thumbnails else ["--no-thumbnails"]
    command += ["--force"] if force else []
    command += ["--quiet"] if quiet else []
    code = subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode
    if code:
        raise UserError(f"{run.folder}: the export ended with exit code {code}; the lines above say why")
    return newest(output)


def check(folder: Path, quiet: bool) -> None:
    """Checks an export and says what was checked.

    Raises:
        UserError: When the folder is no export, or the export has a problem.
    """
    from kerasmm.serving.check import check_export, newest

    version = newest(folder)
    report = check_export(version)
    if report["problems"]:
        raise UserError(f"{version}: {'; '.join(report['problems'])}")
    answered = ", ".join(report["signatures"])
    console(quiet).print(
        f"{version}: {report['ops']} ops, all allowed; answers as when it was made: {answered}", soft_wrap=True
    )


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    if arguments.check:
        if arguments.run or arguments.output:
            raise UserError("--check checks an export that is there; leave --run and --output away")
        check(arguments.check, arguments.quiet)
        return 0
    if not arguments.run:
        raise UserError("--run is missing, e.g. --run runs/dman (see `python -m kerasmm.export --help`)")
    path = _export(arguments)
    if not arguments.quiet:
        show(str(path))
    return 0


def check_first(
    vocabularies: Mapping[str, list[str]],
    folder: Path,
    dataset: Dataset,
    output: Path,
    *,
    splits: Sequence[str] | None = None,
    force: bool = False,
) -> None:
    """Refuses an export that would fail for its names, in no time: before the model is trained or even built.

    Args:
        vocabularies: Words of the run's model.
        folder: Folder of the run.
        dataset: Whose posts are to be indexed.
        output: Base folder of the versions.
        splits: Which posts are indexed.
        force: As `export_run` takes it.

    Raises:
        UserError: As `export_run` does.
    """
    from kerasmm.serving.base import check_base, chosen_splits, origin_of, refuse_another

    check_base(output)
    chosen_splits(dataset, splits)
    if not force:
        origin = origin_of(folder, dataset.folder, dataset.manifest.source)
        refuse_another(output, origin, vocabularies)


def _export(arguments: argparse.Namespace) -> Path:
    from kerasmm.data.dataset import open_dataset
    from kerasmm.runs.run import check_vocabularies, open_run, read_run, require_trained
    from kerasmm.runs.same_data import check_data

    made, content = read_run(arguments.run)
    require_trained(arguments.run)
    dataset = open_dataset(arguments.data or Path(content["data"]))
    check_vocabularies(made, dataset)
    check_data(arguments.run, content, dataset, arguments.data is not None, arguments.quiet)
    output = arguments.output or Path("saved_models") / arguments.run.absolute().name
    check_first(made.vocabularies, arguments.run, dataset, output, splits=arguments.splits, force=arguments.force)
    from kerasmm.serving.export import hide_gpus

    hide_gpus()
    return export_run(
        open_run(arguments.run),
        dataset,
        output,
        splits=arguments.splits,
        thumbnails=not arguments.no_thumbnails,
        force=arguments.force,
        quiet=arguments.quiet,
    )


if __name__ == "__main__":
    sys.exit(guarded(main))
