"""`python -m kerasmm.draw`: draws photos beside what trained runs find for them, on a sheet for print."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import MOST_SEED, Parser, UserError, console, guarded, whole

if TYPE_CHECKING:
    import argparse

    import keras

    from kerasmm.data.post import Post
    from kerasmm.systems.sheets import Sheet
    from kerasmm.systems.system import System


def sheets() -> dict[str, tuple[Sheet, list[str]]]:
    """The sheets that there are, by name, each with the systems whose papers have it."""
    from kerasmm.systems import names, system

    found: dict[str, tuple[Sheet, list[str]]] = {}
    for model in names():
        for sheet in system(model).sheets:
            found.setdefault(sheet.name, (sheet(), []))[1].append(model)
    return dict(sorted(found.items()))


def parser() -> Parser:
    """The command line."""
    known = sheets()
    made = Parser(
        prog="python -m kerasmm.draw",
        description="Draws photos of a split beside what trained runs find for them. Each sheet has options of its own:\n"
        "`python -m kerasmm.draw SHEET --help`.",
        example="\n  ".join(f"python -m kerasmm.draw {name} {sheet.example}" for name, (sheet, _) in known.items()),
    )
    chosen = made.add_subparsers(dest="sheet", metavar="SHEET", required=True, title="sheets")
    for name, (sheet, models) in known.items():
        own = chosen.add_parser(
            name,
            help=f"{sheet.shows} ({', '.join(models)})",
            description=sheet.description,
            example=f"python -m kerasmm.draw {name} {sheet.example}",
        )
        _add_runs(own, sheet)
        _add_data(own, sheet)
        if not sheet.finds:
            _add_photos(own)
        sheet.add_arguments(own)
        own.add_quiet()
    return made


def _add_runs(parser: Parser, sheet: Sheet) -> None:
    if sheet.compares:
        parser.add_argument(
            "--run", action="append", required=True, metavar="FOLDER[=TITLE]",
            help="a trained run, and how the sheet calls it (default: its row of the paper's table); repeatable",
        )  # fmt: skip
    else:
        parser.add_argument("--run", type=Path, required=True, help="folder of a trained run")


def _add_data(parser: Parser, sheet: Sheet) -> None:
    parser.add_argument("--data", type=Path, help="data set (default: the one that the run was trained on)")
    parser.add_argument("--split", default="test", help=f"{sheet.split_help} (default: test)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="the sheet: .png, .pdf, .svg")


def _add_photos(parser: Parser) -> None:
    parser.add_argument("--posts", nargs="+", metavar="ID", help="photos to show, by the ids of their posts")
    parser.add_argument("-n", type=whole(), default=6, help="how many random photos, without --posts (default: 6)")
    parser.add_argument("--seed", type=whole(most=MOST_SEED), default=0, help="seeds which photos (default: 0)")


def main(argv: list[str]) -> int:
    """Parses, calls and prints."""
    arguments = parser().parse_args(argv)
    sheet, _ = sheets()[arguments.sheet]
    _check_photos(arguments, sheet)
    sheet.check(arguments)
    runs = _runs(arguments.run if sheet.compares else [arguments.run], sheet)
    sheet.check_runs(runs, arguments)
    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import check_vocabularies
    from kerasmm.runs.same_data import check_data
    from kerasmm.systems.sheets import Photos, shown_posts

    dataset = Dataset(arguments.data or _shared_data(runs))
    for run in runs:
        check_vocabularies(run.system, dataset)
        check_data(run.folder, run.content, dataset, arguments.data is not None, arguments.quiet)
    if sheet.compares:
        _check_titles(runs)
    posts: dict[int, Post] = {}
    if not sheet.finds:
        posts = shown_posts(sheet, dataset, arguments.split, arguments.posts, arguments.n, arguments.seed)
    sheet.draw(runs, Photos(dataset, arguments.split, posts), arguments)
    console(arguments.quiet).print(f"wrote {arguments.output}", soft_wrap=True)
    return 0


# === Runs ===


@dataclasses.dataclass(frozen=True)
class TrainedRun:
    """A run as a sheet is given it; see `kerasmm.systems.sheets.Trained`.

    Args:
        folder: Of the run.
        system: As `run.json` describes it.
        data: The data set that it was trained on.
        given: The title that the command line gives it, or "".
        content: Its `run.json`.
    """

    folder: Path
    system: System
    data: Path
    given: str = ""
    content: Mapping[str, Any] = dataclasses.field(default_factory=dict, repr=False, compare=False)

    @property
    def title(self) -> str:
        """As given, else what the paper's tables call the run's configuration."""
        return self.given or self.system.protocol.title

    @property
    def weights(self) -> tuple[str, ...]:
        """Names of its weights, the best last."""
        from kerasmm.runs.run import BEST

        return (*self.system.other_weights, BEST)

    def open(self, weights: str = "best") -> tuple[System, keras.Model]:
        """The system and its model with weights of that name."""
        from kerasmm.runs.run import open_run

        run = open_run(self.folder, weights)
        return run.system, run.model


def _runs(asked: Sequence[str | Path], sheet: Sheet) -> list[TrainedRun]:
    from kerasmm.runs.run import read_run

    titles: dict[Path, str] = {}
    for one in asked:
        folder, title = _folder_and_title(one) if sheet.compares else (Path(one), "")
        if folder in titles:
            raise UserError(f"--run {folder}: given twice")
        titles[folder] = title
    read = {folder: read_run(folder) for folder in titles}
    return [
        TrainedRun(folder, system, Path(content["data"]), titles[folder], content)
        for folder, (system, content) in read.items()
    ]  # fmt: skip


def _folder_and_title(asked: str | Path) -> tuple[Path, str]:
    """The folder of a run and the title that it was given; the name of a folder may hold a sign of equality."""
    name, _, title = str(asked).partition("=")
    return (Path(asked), "") if Path(asked).is_dir() else (Path(name), title)


def _shared_data(runs: Sequence[TrainedRun]) -> Path:
    """The data set that all runs were trained on."""
    first = runs[0]
    for run in runs:
        if run.data.resolve() != first.data.resolve():
            raise UserError(
                f"{run.folder}: was trained on {run.data}, {first.folder} on {first.data}; say with --data which is shown"
            )
    return first.data


def _check_titles(runs: Sequence[TrainedRun]) -> None:
    titles = [run.title for run in runs]
    for run in runs:
        if titles.count(run.title) > 1:
            raise UserError(
                f"--run {run.folder}: another run is called {run.title!r}, too; give it a name, {run.folder}=NAME"
            )


# === Photos ===


def _check_photos(arguments: argparse.Namespace, sheet: Sheet) -> None:
    """Refuses what can't be drawn, before anything is read."""
    from kerasmm.drawing.sheet import check_sheet_path, check_sheet_size

    check_sheet_path(arguments.output)
    if sheet.finds:
        return
    if arguments.n < 1 or arguments.seed < 0:
        raise UserError(
            f"-n must be at least 1 and --seed at least 0. Received: -n {arguments.n} --seed {arguments.seed}"
        )
    check_sheet_size(len(arguments.posts or range(arguments.n)), 1)


if __name__ == "__main__":
    sys.exit(guarded(main))
