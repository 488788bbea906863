"""How CMEM's paper measures: labels of a pair, ranked (section 4.2), and the tweets that images find (5.2.3).

Beside it, chance and the baselines of its tables.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import UserError
from kerasmm.evaluation.tables import Rows, Table, under
from kerasmm.systems.cmem.tables import LABEL_BASELINES, RETRIEVAL_BASELINES, cmem_tables, retrieval_rows
from kerasmm.systems.protocol import Evaluator, Protocol

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.evaluation.baselines.labels.label_baseline import LabelBaseline
    from kerasmm.evaluation.baselines.tweets.topics import Topics
    from kerasmm.systems.cmem.system import CMEM

REGULARISATIONS = {"cca": 0.0, "rcca_100": 100.0, "rcca_1000": 1000.0}
"""Rows of table 2 beside CMEM."""


class CMEMProtocol(Protocol):
    """CMEM's protocol; one-sided models take part in the ranking of labels only."""

    system: CMEM
    baselines = {
        **LABEL_BASELINES,
        **{name: title for name, title in RETRIEVAL_BASELINES.items() if name.endswith("_lda")},
    }
    text_baselines = frozenset(LABEL_BASELINES)
    beside = {"frequency": LABEL_BASELINES["frequency"]}
    compared = {"R@10": "connotations", "coverage": "connotations, smaller is better"}

    def __init__(self, system: CMEM) -> None:
        super().__init__(system)
        # Three baselines of an evaluation look at the same topics.
        self._topics: weakref.WeakKeyDictionary[Evaluator, Topics] = weakref.WeakKeyDictionary()

    @property
    def monitor(self) -> str:
        """R@10; where there are hardly more connotations than 10, R@1."""
        return "R@10" if len(self.system.vocabularies["labels"]) > 20 else "R@1"

    @property
    def title(self) -> str:
        network = self.system.config.network
        if network.inputs != "both":
            return {"image": "image-only", "text": "tweet-only"}[network.inputs]
        return f"CMEM-{self.system.config.loss.name}-{network.dimension}"

    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        posts = evaluator.outputs(evaluator.split)
        return _annotation(posts["labels"], posts["scores"]) | self.system.flat_pairs(posts)

    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        from kerasmm.evaluation.annotation import precision_recall
        from kerasmm.evaluation.cross_modal import mean_rank_figures

        posts = evaluator.outputs(evaluator.split)
        figures = self.validate(evaluator) | precision_recall(posts["labels"], posts["scores"])
        figures |= under("frequency", self.evaluate_baseline(evaluator, "frequency"))
        if self.system.config.network.inputs == "both":
            figures |= mean_rank_figures(posts["image"], posts["tweet"], seed=evaluator.seed)
            if "features" in posts:
                for name, regularisation in REGULARISATIONS.items():
                    found = self._canonical(evaluator, regularisation, lambda split: evaluator.outputs(split)["state"])
                    figures |= under(f"{name}_state", found)
        return figures

    def evaluate_baseline(self, evaluator: Evaluator, name: str) -> dict[str, float]:
        from kerasmm.evaluation.annotation import precision_recall

        if name in LABEL_BASELINES:
            labels = evaluator.outputs(evaluator.split)["labels"]
            scores = self._label_baseline(evaluator, name).scores(_texts(evaluator, evaluator.split))
            return _annotation(labels, scores) | precision_recall(labels, scores)
        if name in self.baselines:
            return self._canonical(
                evaluator, REGULARISATIONS[name.removesuffix("_lda")], lambda split: self._shares(evaluator, split)
            )
        return super().evaluate_baseline(evaluator, name)

    @classmethod
    def comparison(cls, rows: Rows) -> list[Table]:
        return cmem_tables(rows)

    def plots(self, figures: dict[str, float], folder: Path) -> None:
        _plots({self.title: [figures]}, folder)

    @classmethod
    def comparison_plots(cls, rows: Rows, folder: Path) -> None:
        super().comparison_plots(rows, folder)
        _plots(rows, folder)

    # === Baselines (section 5.2) ===

    def _label_baseline(self, evaluator: Evaluator, name: str) -> LabelBaseline:
        """A baseline that ranks labels, fitted to the training posts."""
        from kerasmm.evaluation.baselines.labels.frequency import Frequency
        from kerasmm.evaluation.baselines.labels.tweet_regression import choose_tweet_regression

        texts, labels = _texts(evaluator, "train"), evaluator.outputs("train")["labels"]
        if name == "frequency":
            return Frequency().fit(texts, labels)
        validation = _texts(evaluator, "validation"), evaluator.outputs("validation")["labels"]
        return choose_tweet_regression(texts, labels, *validation, quiet=evaluator.quiet)

    def _shares(self, evaluator: Evaluator, split: str) -> np.ndarray:
        """Topics `(n, 50)` of the tweets of a split, by LDA on those of training."""
        from kerasmm.evaluation.baselines.tweets.topics import Topics

        if evaluator not in self._topics:
            self._topics[evaluator] = Topics(seed=evaluator.seed).fit(_texts(evaluator, "train"))
        return self._topics[evaluator].transform(_texts(evaluator, split))

    def _canonical(
        self, evaluator: Evaluator, regularisation: float, tweets: Callable[[str], np.ndarray]
    ) -> dict[str, float]:
        """Mean ranks by (regularised) CCA of picture features and what `tweets` gives for a split.

        Raises:
            UserError: When the data set holds no image features, or its pictures or tweets are all alike.
        """
        from kerasmm.evaluation.baselines.chosen import stored_features
        from kerasmm.evaluation.baselines.tweets.canonical import CanonicalRetrieval
        from kerasmm.evaluation.cross_modal import mean_rank_figures

        train, asked = (
            stored_features(evaluator.dataset, evaluator.outputs(split)) for split in ("train", evaluator.split)
        )
        try:
            fitted = CanonicalRetrieval(regularisation).fit(train, tweets("train"))
        except ValueError as error:
            raise UserError(f"{evaluator.dataset.folder}: {error}") from error
        return mean_rank_figures(fitted.images(asked), fitted.texts(tweets(evaluator.split)), seed=evaluator.seed)


def _texts(evaluator: Evaluator, split: str) -> list[str]:
    """What each post of a split says."""
    return [text.decode() for text in evaluator.outputs(split)["text"].tolist()]


def _annotation(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """Figures of a ranking of labels for each post, beside chance."""
    from kerasmm.evaluation.annotation import annotation_figures, random_figures

    return annotation_figures(labels, scores) | under("chance", random_figures(labels))


def _plots(rows: Rows, folder: Path) -> None:
    from kerasmm.systems.cmem.plots import plot_mean_ranks, plot_precision_recall

    plot_precision_recall({name: found[0] for name, found in rows.items()}, folder / "precision_recall.png")
    plot_mean_ranks(retrieval_rows(rows), folder / "mean_ranks.png")
