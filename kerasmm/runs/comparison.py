"""A paper's tables whole: a system, its ablations and its baselines, each with several seeds, under one protocol."""

from __future__ import annotations

import hashlib
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError, console
from kerasmm.data.dataset import Dataset
from kerasmm.evaluation.tables import Table, markdown, write_json
from kerasmm.files.json_file import read_json
from kerasmm.files.reading import is_regular
from kerasmm.files.writing import write_whole
from kerasmm.runs.run import FACTS, FIGURES
from kerasmm.systems.config import load_config

if TYPE_CHECKING:
    from kerasmm.runs.evaluation import Evaluation
    from kerasmm.runs.varied import Varied
    from kerasmm.systems.system import System

ABOUT, SETTINGS = "about.json", "settings.json"

Found = dict[str, list[dict[str, float]]]
"""Row → its figures, one mapping a seed."""


class Comparison:
    """Trains, fits and evaluates the rows of a comparison; what is in the folder already is not done again.

    Each configuration is trained in a process of its own, so that the memory of one doesn't add to the next. The
    setting of a baseline is chosen on the validation split with the first seed and kept for the others.

    Args:
        kind: The system's class.
        data: The data set's folder.
        output: Where runs, figures and tables go.
        config: YAML file that all configurations share.
        changes: `key=value` by row, each on top of the file; under `""` those of the baselines.
        varied: The setting that trained rows are repeated with; its values are no part of what a folder is held to, so that
            others may follow.
        keep_checkpoints: Keep what a run could be resumed from.
        quiet: Print nothing.

    Raises:
        UserError: When `output` holds a comparison of other settings, or the data set can't be read.
    """

    def __init__(
        self,
        kind: type[System],
        data: Path,
        output: Path,
        *,
        config: Path | None = None,
        changes: Mapping[str, Sequence[str]],
        varied: Varied,
        keep_checkpoints: bool = False,
        quiet: bool = False,
    ) -> None:
        self.kind, self.data, self.output = kind, data, output
        self.config, self.changes, self.varied = config, changes, varied
        self.keep_checkpoints, self.quiet = keep_checkpoints, quiet
        self.dataset = Dataset(data)
        self._latest: Evaluation | None = None
        about = {
            "model": kind.name,
            "data": {split: [shard.sha256 for shard in found] for split, found in self.dataset.manifest.splits.items()},
            "configurations": {
                row: load_config(kind.Config, config, list(own)).model_dump(mode="json") for row, own in changes.items()
            },
        }
        known = output / ABOUT
        if is_regular(known) and read_json(known, dict[str, Any], "comparison") != about:
            raise UserError(f"{known}: a comparison on other data or with other settings; name another --output")
        write_json(about, known)

    def run(self, rows: list[str], seeds: int) -> Found:
        """Figures of the rows, a varied one once for each value, done or read; seed by seed, so that a first table stands early.

        Raises:
            UserError: When a training refuses its input.
            RuntimeError: When a training fails.
        """
        without = {*self.kind.variants, *self.kind.Protocol.text_baselines}
        if self.dataset.manifest.features is None and set(rows) - without:
            # Said before the first training, which may take hours.
            raise UserError(
                f"{self.data}: holds no image features, which baselines learn from; build it with `--features`, or leave "
                f"them out with --rows {','.join(row for row in rows if row in without)}"
            )
        asked = {title: (row, own) for row in rows for title, own in self._repeated(row).items()}
        found: Found = {title: [] for title in asked}
        say = console(self.quiet)
        for seed in range(seeds):
            for title, (row, own) in asked.items():
                folder = self.output / f"{slug(title)}_seed{seed}"
                if not (folder / FIGURES).is_file():
                    started = time.monotonic()
                    if row in self.kind.variants:
                        self._train(title, [*self.changes[row], *own], folder, seed)
                    else:
                        self._fit(row, folder, seed)
                    say.print(f"{title}, seed {seed}: {time.monotonic() - started:.0f} s", soft_wrap=True)
                found[title].append(read_json(folder / FIGURES, dict[str, float], "file of figures"))
        return found

    def _repeated(self, row: str) -> dict[str, list[str]]:
        return self.varied.rows(row) if row in self.kind.variants else {row: []}

    def _train(self, title: str, changes: Sequence[str], folder: Path, seed: int) -> None:
        command = ["--run", str(folder), "--no-export", "--quiet"]
        if (folder / FACTS).is_file():
            command += ["--resume"]
        else:
            command += ["--model", self.kind.name, "--data", str(self.data), "--seed", str(seed)]
            command += ["--config", str(self.config)] if self.config else []
            command += [part for change in changes for part in ("--set", change)]
        code, errors = fit_aside(command)
        if code == 2:
            raise UserError(errors.strip().splitlines()[-1].removeprefix("error: "))
        if code:
            raise RuntimeError(f"{title}, seed {seed}: the training failed\n{errors[-4000:]}")
        if not self.keep_checkpoints:
            shutil.rmtree(folder / "checkpoints", ignore_errors=True)

    def _fit(self, row: str, folder: Path, seed: int) -> None:
        import keras

        keras.utils.set_random_seed(seed)
        path = self.output / SETTINGS
        kind = dict[str, dict[str, Any]]
        settings = read_json(path, kind, "file of settings") if is_regular(path) else {}
        evaluation = self._evaluation(seed)
        evaluation.settings = settings
        figures = evaluation.system.protocol.evaluate_baseline(evaluation, row)
        write_json(settings, path)
        write_json(figures, folder / FIGURES)

    def _evaluation(self, seed: int) -> Evaluation:
        """One for all baselines of a seed: the posts are read once."""
        from kerasmm.runs.evaluation import Evaluation

        if self._latest is None or self._latest.seed != seed:
            config = load_config(self.kind.Config, self.config, list(self.changes[""]))
            made = self.kind(config, self.kind.gather_facts(config, self.dataset), seed)
            self._latest = Evaluation(made, None, self.dataset, "test", seed, self.quiet)
        return self._latest


def fit_aside(arguments: Sequence[str]) -> tuple[int, str]:
    """Trains in a process of its own, so that no row leaves anything to the next; its exit code and its errors."""
    command = [sys.executable, "-m", "kerasmm.fit", *arguments]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stderr


def check_same_posts(datasets: Sequence[Dataset]) -> None:
    """Refuses data sets whose splits have other posts: their figures would be no comparison.

    Raises:
        UserError: When they differ; names the split.
    """
    first, *others = datasets
    for other in others:
        for split in ("train", "validation", "test"):
            ids = [hashlib.sha256(), hashlib.sha256()]
            for digest, dataset in zip(ids, (first, other), strict=True):
                for post in dataset.posts(split):
                    digest.update(f"{post.id}\0".encode())
            if ids[0].digest() != ids[1].digest():
                raise UserError(
                    f"{other.folder}: its split {split!r} has other posts than that of {first.folder}; build both with the "
                    "same options and --seed"
                )


def compared_rows(found: Found, kind: type[System], name: str) -> dict[str, tuple[str, list[dict[str, float]]]]:
    """Rows of one data set: key for `comparison.json` → title for tables, and figures.

    Args:
        found: What `Comparison.run` gave.
        kind: The system's class.
        name: Of the data set; "" where there is only one.
    """
    rows = {}
    for row, measured in found.items():
        after = f", {name}" if name and row not in kind.Protocol.text_baselines else ""
        rows[slug(row + after)] = (kind.Protocol.baselines.get(row, row) + after, measured)
    return rows


def write_comparison(
    kind: type[System], rows: Mapping[str, tuple[str, list[dict[str, float]]]], output: Path
) -> list[Table]:
    """Writes `comparison.json`, flat, `comparison.md` and plots, and returns the tables; `rows` as `compared_rows` has them."""
    flat: dict[str, float] = {}
    for row, (_, measured) in rows.items():
        for key in measured[0]:
            values = [one[key] for one in measured if key in one]
            flat[f"{row}/{key}"] = statistics.mean(values)
            if len(values) > 1:
                flat[f"{row}/{key}/sd"] = statistics.stdev(values)
        flat[f"{row}/seeds"] = len(measured)
    write_json(flat, output / "comparison.json")
    named = dict(rows.values())
    kind.Protocol.comparison_plots(named, output)
    tables = kind.Protocol.comparison(named)
    write_whole(output / "comparison.md", markdown(tables))
    return tables


def slug(row: str) -> str:
    """A row's name for files and keys: `DMAN_Triplet+Text` → `dman_triplet_text`."""
    return re.sub(r"[^a-z0-9]+", "_", row.lower()).strip("_")
