"""Hands a protocol the outputs of a model; see `kerasmm.systems.protocol.Evaluator`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasmm.console import UserError, progress
from kerasmm.data.dataset import Dataset
from kerasmm.data.growing_arrays import GrowingArrays
from kerasmm.systems.protocol import Arrays
from kerasmm.systems.system import System

if TYPE_CHECKING:
    import keras

STRINGS = ("id", "text")
"""Outputs that are no numbers."""


class Evaluation:
    """The outputs of one model, kept for figures on one split.

    Numbers are kept in memory-mapped files in a temporary folder, so that what is in memory grows with the split by its
    strings alone.

    Args:
        system: The system.
        model: Its model; None to evaluate baselines only.
        dataset: A data set with the model's vocabularies.
        split: The split to report on.
        seed: Seeds what the protocol draws.
        quiet: No progress bar.
        settings: By baseline, what was chosen before; what a protocol chooses is added here.
    """

    def __init__(
        self,
        system: System,
        model: keras.Model | None,
        dataset: Dataset,
        split: str,
        seed: int = 0,
        quiet: bool = True,
        settings: dict[str, dict[str, Any]] | None = None,
    ) -> None:
        self.system, self.model, self.dataset, self.split = system, model, dataset, split
        self.seed, self.quiet = seed, quiet
        self.settings: dict[str, dict[str, Any]] = {} if settings is None else settings
        self._folder = tempfile.TemporaryDirectory(prefix="kerasmm-evaluation-")
        self._outputs: dict[tuple[str, str], Arrays] = {}

    def outputs(self, split: str, kind: str = "posts") -> Arrays:
        """Outputs of a whole split, by name: strings as arrays of bytes, numbers as memory maps.

        Raises:
            ValueError: For a kind that the system doesn't embed.
            UserError: When the split has no rows of the kind.
        """
        if kind not in self.system.kinds:
            raise ValueError(f"`kind` must be one of {self.system.kinds}. Received: kind={kind!r}")
        if (split, kind) not in self._outputs:
            grown = GrowingArrays(Path(self._folder.name) / str(len(self._outputs)))
            strings: dict[str, list[bytes]] = {}
            # How many sentences there are is known when the last one came.
            total = len(self.dataset.records(split)) if kind == "posts" else None
            with progress(self.quiet) as bar:
                task = bar.add_task(f"embed {kind} of {split}", total=total, note="")
                for batch in self.system.outputs(self.model, self.dataset, split, kind):
                    for name in STRINGS:
                        if name in batch:
                            strings.setdefault(name, []).extend(batch[name].tolist())
                    grown.append({name: values for name, values in batch.items() if name not in STRINGS})
                    bar.advance(task, len(batch["id"]))
            if not strings.get("id"):
                raise UserError(f"{self.dataset.folder}: split {split!r} has no {kind} to evaluate on")
            self._outputs[split, kind] = {name: np.array(own, object) for name, own in strings.items()} | grown.mapped()
        return self._outputs[split, kind]
