"""Hands a system the outputs of its model and the protocols; see `kerasmm.systems.system.Evaluator`."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasmm.console import UserError, progress
from kerasmm.data.boxes import BOXES_FILE, Box, read_boxes
from kerasmm.data.dataset import Dataset
from kerasmm.data.growing_arrays import GrowingArrays
from kerasmm.evaluation.baselines import Baseline, Views, find
from kerasmm.evaluation.pointing import pointing_figures
from kerasmm.evaluation.retrieval import retrieval_figures
from kerasmm.evaluation.search import neighbour_figures, search_figures
from kerasmm.systems.system import Arrays, System

if TYPE_CHECKING:
    import keras

    from kerasmm.evaluation.baselines.topics import Topics

STRINGS = ("id", "text")
"""Outputs that are no numbers: no figure is computed from them."""


class Evaluation:
    """Evaluates one model on one split.

    Outputs are kept in memory-mapped files in a temporary folder, so that what is in memory doesn't grow with the split.

    Args:
        system: The system.
        model: Its model; None to evaluate baselines only.
        dataset: A data set with the model's vocabularies.
        split: The split to report on.
        seed: Seeds the classifier of the protocol.
        quiet: No progress bar.
        settings: By baseline, what was chosen before; others are chosen on the validation split and added here.
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
        self._folder = tempfile.TemporaryDirectory(prefix="kerasmm-evaluation-")
        self._outputs: dict[tuple[str, str], Arrays] = {}
        self._ids: dict[tuple[str, str], list[str]] = {}
        self._texts: dict[str, list[str]] = {}
        self._topics: Topics | None = None
        self.settings: dict[str, dict[str, Any]] = {} if settings is None else settings
        self._boxes: dict[str, list[tuple[str, Box]]] | None = None

    def outputs(self, split: str, kind: str = "posts") -> Arrays:
        """Outputs of a whole split, by name; strings (ids, what sentences say) are left out.

        Raises:
            ValueError: For a kind that the system doesn't embed.
            UserError: When the split has no rows of the kind.
        """
        if kind not in self.system.kinds:
            raise ValueError(f"`kind` must be one of {self.system.kinds}. Received: kind={kind!r}")
        if (split, kind) not in self._outputs:
            grown = GrowingArrays(Path(self._folder.name) / str(len(self._outputs)))
            ids: list[str] = []
            texts: list[str] = []
            # How many sentences there are is known when the last one came.
            total = len(self.dataset.records(split)) if kind == "posts" else None
            with progress(self.quiet) as bar:
                task = bar.add_task(f"embed {kind} of {split}", total=total, note="")
                for batch in self.system.outputs(self.model, self.dataset, split, kind):
                    ids += [row_id.decode() for row_id in batch["id"].tolist()]
                    if kind == "posts":
                        texts += [text.decode() for text in batch.get("text", np.zeros(0, object)).tolist()]
                    grown.append({name: values for name, values in batch.items() if name not in STRINGS})
                    bar.advance(task, len(batch["id"]))
            if not ids:
                raise UserError(f"{self.dataset.folder}: split {split!r} has no {kind} to evaluate on")
            self._outputs[split, kind], self._ids[split, kind] = grown.mapped(), ids
            if kind == "posts":
                self._texts[split] = texts
        return self._outputs[split, kind]

    def classification(self, train: Arrays, test: Arrays) -> dict[str, float]:
        """Figures of the common classifier on `vectors`, or of given `scores`."""
        from kerasmm.evaluation.classification import classification_figures, classifier_scores

        scores = test.get("scores")
        if scores is None:
            scores = classifier_scores(train["vectors"], train["labels"], test["vectors"], self.seed)
        return classification_figures(test["labels"], scores)

    def search(self, queries: np.ndarray, vectors: np.ndarray, relevant: np.ndarray, distance: str) -> dict[str, float]:
        """Precision at k and mAP of queries."""
        return search_figures(queries, vectors, relevant, distance)

    def retrieval(
        self, images: np.ndarray, sentences: np.ndarray, pairs: np.ndarray, folds: tuple[int, int] | None = None
    ) -> dict[str, float]:
        """Ranks sentences for images and images for sentences."""
        return retrieval_figures(images, sentences, pairs, folds)

    @property
    def has_boxes(self) -> bool:
        """Whether the data set knows what words are about in its pictures."""
        return (self.dataset.folder / BOXES_FILE).is_file()

    def pointing(self, split: str, words: Sequence[str], grid: tuple[int, int]) -> dict[str, float]:
        """How often `looks` `(n, L)` points at a box of the word."""
        if self._boxes is None:
            self._boxes = read_boxes(self.dataset.folder)
        looks = self.outputs(split)["looks"]
        return pointing_figures(looks, self._ids[split, "posts"], self._boxes, words, grid)

    def neighbours(self, vectors: np.ndarray, labels: np.ndarray, distance: str) -> dict[str, float]:
        """Ranks posts for posts; right are those that share a label."""
        return neighbour_figures(vectors, labels, distance)

    def baseline(self, name: str, score: Callable[[Evaluation, Baseline], float]) -> Baseline:
        """A fitted baseline with the setting of its grid that has the largest `score`.

        Raises:
            UserError: For an unknown name, or a data set without stored image features.
        """
        kind, views = find(name), self._views
        settings = [self.settings[name]] if name in self.settings else list(kind.grid)
        if len(settings) > 1:
            # Before the bar below: a terminal shows one at a time.
            self.outputs("validation")
        scored = []
        with progress(self.quiet) as bar:
            task = bar.add_task(f"fit {name}", total=len(settings), note="")
            for setting in settings:
                fitted = kind(self.seed, **setting).fit(views)
                chosen = score(self, fitted) if len(settings) > 1 and kind.searches else 0.0
                scored.append((chosen, setting, fitted))
                bar.advance(task)
        # The first of equals: grids begin with the plainest setting.
        _, self.settings[name], best = max(scored, key=lambda one: one[0])
        return best

    def annotation(self, labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
        """Figures of a ranking of labels for each post, beside chance."""
        from kerasmm.evaluation.annotation import annotation_figures, random_figures

        chance = {f"chance/{key}": value for key, value in random_figures(labels).items()}
        return annotation_figures(labels, scores) | chance

    def precision_recall(self, labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
        """The average precision-recall curve of such a ranking."""
        from kerasmm.evaluation.annotation import precision_recall

        return precision_recall(labels, scores)

    def texts(self, split: str) -> list[str]:
        """What each post of a split says, in the order of `outputs`."""
        self.outputs(split)
        return self._texts[split]

    def label_baseline(self, name: str) -> np.ndarray:
        """Scores of labels: `frequency`, or the tweet-only `regression`.

        Raises:
            UserError: For another name.
        """
        from kerasmm.evaluation.baselines.frequency import Frequency
        from kerasmm.evaluation.baselines.tweet_regression import choose_tweet_regression

        labels, texts = self.outputs("train")["labels"], self.texts(self.split)
        if name == "frequency":
            return Frequency().fit(labels).scores(len(texts))
        if name == "regression":
            validation = self.texts("validation"), self.outputs("validation")["labels"]
            return choose_tweet_regression(self.texts("train"), labels, *validation, quiet=self.quiet).scores(texts)
        raise UserError(f"no baseline of labels {name!r}; there are frequency and regression")

    def tweet_retrieval(self, images: np.ndarray, tweets: np.ndarray) -> dict[str, float]:
        """Mean ranks of the tweets of a growing share of the images, beside chance."""
        from kerasmm.evaluation.cross_modal import mean_rank_figures

        return mean_rank_figures(images, tweets, seed=self.seed)

    def topics(self, split: str) -> np.ndarray:
        """Topics of the texts of a split, by LDA on those of training."""
        from kerasmm.evaluation.baselines.topics import Topics

        if self._topics is None:
            self._topics = Topics(seed=self.seed).fit(self.texts("train"))
        return self._topics.transform(self.texts(split))

    def canonical(self, regularisation: float, tweets: Callable[[str], np.ndarray]) -> dict[str, float]:
        """`tweet_retrieval` by (regularised) CCA.

        Raises:
            UserError: When the data set holds no image features, or its pictures or tweets are all alike.
        """
        from kerasmm.evaluation.baselines.canonical import CanonicalRetrieval

        train, posts = self._with_features("train"), self._with_features(self.split)
        try:
            fitted = CanonicalRetrieval(regularisation).fit(train["features"], tweets("train"))
        except ValueError as error:
            raise UserError(f"{self.dataset.folder}: {error}") from error
        return self.tweet_retrieval(fitted.images(posts["features"]), fitted.texts(tweets(self.split)))

    def _with_features(self, split: str) -> Arrays:
        posts = self.outputs(split)
        if "features" not in posts:
            raise UserError(
                f"{self.dataset.folder}: holds no image features, which baselines learn from; build it with `--features`"
            )
        return posts

    @functools.cached_property
    def _views(self) -> Views:
        train = self._with_features("train")
        records = self.dataset.records("train")
        indptr, columns = [0], []
        for post in self.dataset.posts("train"):
            rows = records.rows_of([link.encode() for link in post.links])
            columns.append(rows[rows >= 0])
            indptr.append(indptr[-1] + len(columns[-1]))
        return Views(train["features"], train["tags"], (np.array(indptr), np.concatenate(columns)))
