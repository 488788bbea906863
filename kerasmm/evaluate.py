"""`python -m kerasmm.evaluate`: evaluates a trained run by its paper's protocol; tables, flat JSON, plots."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import Parser, UserError, guarded
from kerasmm.files.writing import make_folder, refuse_special

if TYPE_CHECKING:
    import argparse

    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import Run


ANOTHER = "another_dataset"
"""Key of the figures that were taken on another data set than that of the run: 1; else it isn't there."""


def parser() -> Parser:
    """The command line."""
    made = Parser(
        prog="python -m kerasmm.evaluate",
        description="Evaluates a trained run by its paper's protocol, beside baselines and chance.",
        example="python -m kerasmm.evaluate --run runs/dman --split test --json figures.json --plots plots",
    )
    made.add_argument("--run", type=Path, required=True, help="folder of a trained run")
    made.add_argument(
        "--data",
        type=Path,
        help="data set (default: the one that the run was trained on); said where it is another one",
    )
    made.add_argument("--split", default="test", help="split to report on (default: test)")
    made.add_argument("--json", type=Path, help="write the figures here too, as one flat object")
    made.add_argument("--plots", type=Path, metavar="DIR", help="write plots here")
    made.add_quiet()
    return made


def evaluate_run(
    run: Run, dataset: Dataset, split: str, quiet: bool = False, plots: Path | None = None, keep: bool = True
) -> dict[str, float]:
    """Evaluates a run, prints its tables and, with `keep`, writes `evaluation.json` and the model card into its folder."""
    from kerasmm.evaluation.tables import print_tables, write_json
    from kerasmm.runs.evaluation import Evaluation
    from kerasmm.runs.model_card import write_model_card
    from kerasmm.runs.run import FIGURES, check_vocabularies, read_run
    from kerasmm.terminal import Terminal

    protocol = run.system.protocol
    check_vocabularies(run.system, dataset)
    dataset.records(split)
    figures = protocol.evaluate(Evaluation(run.system, run.model, dataset, split, run.system.seed, quiet))
    for name in run.system.other_weights:
        run.load_weights(name)
        other = Evaluation(run.system, run.model, dataset, split, run.system.seed, quiet)
        figures |= {f"{name}/{key}": value for key, value in protocol.evaluate(other).items()}
    if run.system.other_weights:
        run.load_weights()
    tables, ahead = protocol.table(figures), protocol.ahead(figures)
    if not quiet:
        # Files and pipes have no width of their own; the papers' tables need this much.
        console = Terminal(width=None if sys.stdout.isatty() else 110)
        print_tables(tables, console)
        for signature, choice in run.system.choices.items():
            console.print(f"An export's {choice.said(signature)}.")
        for line in ahead:
            console.print(f"{line}.", style="yellow")
    if keep:
        write_json(figures, run.folder / FIGURES)
        manifest = dataset.manifest.model_dump(mode="json")
        write_model_card(run.folder, run.system, read_run(run.folder)[1], manifest, tables, split, ahead)
    if plots:
        from kerasmm.drawing.plots import plot_training
        from kerasmm.runs.ending import monitored

        make_folder(plots)
        protocol.plots(figures, plots)
        plot_training(run.folder / "metrics.csv", plots / "training.png", monitored(run.folder))
    return figures


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    from kerasmm.data.dataset import Dataset
    from kerasmm.evaluation.tables import write_json
    from kerasmm.runs.run import BEST, check_vocabularies, open_run, read_run, require_trained
    from kerasmm.runs.same_data import check_data

    made, content = read_run(arguments.run)
    dataset = Dataset(arguments.data or Path(content["data"]))
    check_vocabularies(made, dataset)
    another = check_data(arguments.run, content, dataset, arguments.data is not None, arguments.quiet)
    for weights in (BEST, *made.other_weights):
        require_trained(arguments.run, weights)
    dataset.records(arguments.split)
    _check_outputs(arguments)
    run = open_run(arguments.run)
    own = arguments.data is None and arguments.split == "test"
    figures = evaluate_run(run, dataset, arguments.split, arguments.quiet, arguments.plots, keep=own)
    if arguments.json:
        # The figures of a data set that may hold training posts must not pass for those of the test split.
        write_json({**figures, ANOTHER: 1.0} if another else figures, arguments.json)
    return 0


def _check_outputs(arguments: argparse.Namespace) -> None:
    """Refuses what can't be written, before anything is computed."""
    if arguments.json:
        refuse_special(arguments.json)
    if arguments.plots and arguments.plots.exists() and not arguments.plots.is_dir():
        raise UserError(f"--plots {arguments.plots}: expected a folder, this is a file")


if __name__ == "__main__":
    sys.exit(guarded(main))
