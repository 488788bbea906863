"""What a Protocol is: how a paper measures its model and what it is compared with, and the tables and plots of it.

An evaluation hands it the outputs of the model (`Evaluator`); the figures come from functions of `kerasmm.evaluation`.
"""

from __future__ import annotations

import abc
import dataclasses
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from kerasmm.console import UserError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.evaluation.tables import Rows, Table
    from kerasmm.systems.system import System

FEW_QUERIES = 10
"""With fewer, one query more or less decides which epoch is the best."""

Arrays = dict[str, "np.ndarray"]


def queries(figures: Mapping[str, float], name: str) -> int:
    """How many queries a figure is the mean of, where the figures say it; else none.

    Example:

    >>> queries({"search/mAP": 0.5, "search/queries": 3.0}, "search/mAP"), queries({"right": 0.5}, "right")
    (3, 0)
    """
    return int(figures.get(f"{name.rpartition('/')[0]}/queries", 0))


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which of several ways an export goes, since it did best on posts that training didn't see.

    Args:
        chosen: Name of the way.
        figures: By way, the figure that chose.
        titles: By way, what it is, for people.
        on: What the figure is.
    """

    chosen: str
    figures: dict[str, float]
    titles: dict[str, str]
    on: str

    def said(self, signature: str) -> str:
        """A line for people.

        Example:

        >>> Choice("b", {"a": 0.5, "b": 0.75}, {"a": "a", "b": "the better"}, "mAP of 9 queries").said("search_by_tags")
        'search_by_tags ranks by the better (mAP of 9 queries: a 50.0%, b 75.0%)'
        """
        figures = ", ".join(f"{name} {value:.1%}" for name, value in self.figures.items())
        return f"{signature} ranks by {self.titles[self.chosen]} ({self.on}: {figures})"


class Evaluator(typing.Protocol):
    """What an evaluation gives to a protocol: the outputs of splits."""

    split: str
    """The one to report on."""
    seed: int
    """Seeds what the protocol draws."""
    quiet: bool
    """No progress bars."""
    dataset: Dataset
    model: keras.Model | None
    """What the outputs are of; None where baselines alone are measured."""
    settings: dict[str, dict[str, Any]]
    """By baseline, the setting that was chosen; a protocol adds what it chooses."""

    def outputs(self, split: str, kind: str = "posts") -> Arrays:
        """What `System.outputs` gave for a whole split; computed once.

        Strings, `id` and where there are any `text`, are arrays of bytes; the others may be memory maps.

        Raises:
            UserError: When the split has no rows of the kind.
        """


class Protocol(abc.ABC):
    """How one paper measures. Sub-classes are the `protocol.py` of the papers' folders.

    Args:
        system: The system whose outputs are measured.
    """

    baselines: ClassVar[dict[str, str]] = {}
    """Rows of the paper's tables that are baselines: key → title."""
    text_baselines: ClassVar[frozenset[str]] = frozenset()
    """Those of them that need no picture features."""
    compared: ClassVar[dict[str, str]] = {}
    """What the plot of a comparison shows, where its rows have it: key of a figure → what it is measured on."""
    compared_weights: ClassVar[tuple[str, ...]] = ()
    """Names of a run's other weights that are rows of their own there; see `System.other_weights`."""

    def __init__(self, system: System) -> None:
        self.system = system

    other_monitors: ClassVar[tuple[str, ...]] = ()
    """Validation metrics that may take the place of `monitor`; see `monitored`."""
    beside: ClassVar[dict[str, str]] = {}
    """Baselines that `evaluate` measures beside the model: the prefix of their figures → title."""

    @property
    @abc.abstractmethod
    def monitor(self) -> str:
        """The validation metric that picks the best model, larger is better."""

    def monitored(self, figures: Mapping[str, float]) -> str:
        """`monitor`; where it is of fewer than `FEW_QUERIES` queries, that of `other_monitors` which has most.

        Args:
            figures: As `validate` gives them, with `…/queries` beside each `…/mAP`; the same metric for all epochs, since the
                queries of a split are the same.
        """
        # The first of equals, and of those that have enough.
        return max((self.monitor, *self.other_monitors), key=lambda name: min(queries(figures, name), FEW_QUERIES))

    def served(self, name: str) -> str:
        """The figure of `evaluate` that says of a validation metric what an export would have; see `choose`."""
        return name

    def ahead(self, figures: Mapping[str, float]) -> list[str]:
        """A line for each of `beside`, and for chance, that does better than the model by the metric that picks it."""
        name = self.monitored(figures)
        ours = figures.get(self.served(name))
        head, _, last = name.rpartition("/")
        theirs = {title: figures.get(f"{prefix}/{name}") for prefix, title in self.beside.items()}
        theirs["chance"] = figures.get(f"{head}/chance/{last}" if head else f"chance/{last}")
        if ours is None:
            return []
        return [
            f"{title} is ahead of {self.title}: {name} {value:.1%} to {ours:.1%}"
            for title, value in theirs.items()
            if value is not None and value > ours
        ]

    @property
    @abc.abstractmethod
    def title(self) -> str:
        """What the paper's tables call this configuration."""

    @abc.abstractmethod
    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        """The validation metrics after an epoch; holds `monitor`."""

    def choose(self, evaluator: Evaluator) -> dict[str, Choice]:
        """By signature, what it answers by where there are several ways; asked of the best weights on the validation split."""
        return {}

    @abc.abstractmethod
    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        """The paper's protocol: flat figures."""

    def evaluate_baseline(self, evaluator: Evaluator, name: str) -> dict[str, float]:
        """The paper's protocol for one of `baselines`; keys as in `evaluate`."""
        raise UserError(f"{self.system.name} has no baseline {name!r}")

    def table(self, figures: dict[str, float]) -> list[Table]:
        """The paper's tables of the figures of one run."""
        return self.comparison({self.title: [figures]})

    @classmethod
    @abc.abstractmethod
    def comparison(cls, rows: Rows) -> list[Table]:
        """The paper's tables of several rows, each measured with one or more seeds."""

    def plots(self, figures: dict[str, float], folder: Path) -> None:  # noqa: B027  (a paper may draw nothing)
        """Draws the figures of one run into a folder that is there."""

    @classmethod
    def comparison_plots(cls, rows: Rows, folder: Path) -> None:
        """Draws several rows into a folder that is there; `comparison.png` of what `compared` names."""
        from kerasmm.drawing.plots import plot_comparison

        plot_comparison(rows, cls.compared, folder / "comparison.png", cls.compared_weights)
