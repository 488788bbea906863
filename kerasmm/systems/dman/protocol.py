"""How DMAN's paper measures: classification of an embedding (section 4.3), search by words (4.4), and pointing.

Beside it the baselines of its tables, by the same protocol on the same posts.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.evaluation.tables import Rows, Table, part, under
from kerasmm.systems.dman.rankings import RANKINGS
from kerasmm.systems.dman.tables import dman_tables
from kerasmm.systems.protocol import Arrays, Choice, Evaluator, Protocol

if TYPE_CHECKING:
    import numpy as np

    from kerasmm.evaluation.baselines.baseline import Baseline, Views
    from kerasmm.systems.dman.system import DMAN


SUFFIXES = {"cosine": "", "euclidean": "_literal", "inner": "_score", "ranks": "_ranks"}
"""What a distance adds to the names of the figures of search."""


class DMANProtocol(Protocol):
    """DMAN's protocol; its ablations and baselines are measured by the same."""

    system: DMAN
    baselines = {
        "hne": "HNE",
        "lhne": "LHNE",
        "dcca": "DCCA",
        "kcca": "KCCA",
        "cca": "CCA",
        "ridge": "Ridge",
        "features": "Features",
    }
    compared = {
        "classification/mAP": "multi-label classification",
        "search/mAP": "label words as queries",
        "tag_search/mAP": "every word as a query",
    }

    other_monitors = ("tag_search/mAP",)
    beside = {"ridge": "ridge, pooled"}

    def __init__(self, system: DMAN) -> None:
        super().__init__(system)
        # All baselines of an evaluation learn from the same.
        self._views: weakref.WeakKeyDictionary[Evaluator, Views] = weakref.WeakKeyDictionary()

    @property
    def monitor(self) -> str:
        """Search by label words, with few of them by every word; without words, what the links stand for."""
        return "neighbours/mAP" if self.system.config.network.base == "embedding" else "search/mAP"

    def served(self, name: str) -> str:
        choice = self.system.choices.get("search_by_tags")
        suffix = SUFFIXES[RANKINGS[choice.chosen][0]] if choice else ""
        return f"{name.removesuffix('/mAP')}{suffix}/mAP" if name.endswith("search/mAP") else name

    @property
    def title(self) -> str:
        """The row of the paper's tables that this configuration is."""
        base = self.system.config.network.base
        return next(name for name, own in self.system.variants.items() if own["network.base"] == base)

    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        from kerasmm.evaluation.search import neighbour_figures

        posts = evaluator.outputs(evaluator.split)
        if self.system.config.network.base == "embedding":
            return under("neighbours", neighbour_figures(posts["vectors"], posts["labels"], "cosine"))
        figures = self._search(posts, self._one_hot(), "cosine")
        # For those who ask for it by name where no label is a word.
        figures.setdefault("search/mAP", figures.get("tag_search/mAP", 0.0))
        return figures | self._pointing(evaluator)

    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        train, test = evaluator.outputs("train"), evaluator.outputs(evaluator.split)
        figures = self._classification(train, test, evaluator.seed)
        if self.system.config.network.base != "embedding":
            for distance in SUFFIXES:
                figures |= self._search(test, self._one_hot(), distance)
        if "features" in train:
            figures |= under("ridge", self.evaluate_baseline(evaluator, "ridge"))
        return figures | self._pointing(evaluator)

    def choose(self, evaluator: Evaluator) -> dict[str, Choice]:
        """What tags are searched by: the ranking with the largest mAP over every word as a query."""
        from kerasmm.evaluation.search import search_figures

        posts = evaluator.outputs(evaluator.split)
        queries = self._queries(posts).get("tag_search")
        if queries is None or self.system.config.network.base == "embedding":
            return {}
        words, relevant = queries
        figures = {
            by: search_figures(self._one_hot()[words], posts["vectors"], relevant, distance)["mAP"]
            for by, (distance, _) in RANKINGS.items()
        }
        # The first of equals: the cosine, which posts are compared by elsewhere.
        chosen = max(figures, key=lambda by: figures[by])
        titles = {by: title for by, (_, title) in RANKINGS.items()}
        on = f"mAP with {len(words):,} words as queries on the {evaluator.split} split"
        return {"search_by_tags": Choice(chosen, figures, titles, on)}

    def evaluate_baseline(self, evaluator: Evaluator, name: str) -> dict[str, float]:
        baseline = self._fitted(evaluator, name)
        train, test = evaluator.outputs("train"), evaluator.outputs(evaluator.split)
        learnt, found = ({**posts, "vectors": baseline.images(posts["features"])} for posts in (train, test))
        scores = baseline.label_scores(train["labels"], test["features"])
        if scores is not None:
            found["scores"] = scores
        figures = self._classification(learnt, found, evaluator.seed)
        if baseline.searches:
            words = baseline.words(self._one_hot())
            figures |= self._search(found, words, "euclidean")
            own = self._search(found, words, baseline.distance)
            # Under the plain name whatever the distance: it is the one that the baseline is meant for.
            figures |= {key.replace("_score/", "/"): value for key, value in own.items()}
        return figures

    def table(self, figures: dict[str, float]) -> list[Table]:
        return self.comparison({row: [found] for row, found in self._rows(figures).items()})

    @classmethod
    def comparison(cls, rows: Rows) -> list[Table]:
        return dman_tables(rows)

    def plots(self, figures: dict[str, float], folder: Path) -> None:
        from kerasmm.systems.dman.plots import plot_search

        plot_search(self._rows(figures), folder / "search.png")

    def _rows(self, figures: dict[str, float]) -> dict[str, dict[str, float]]:
        """The rows that an evaluation has, by title."""
        return {self.title: figures, self.beside["ridge"]: part(figures, "ridge")}

    # === Parts ===

    def _classification(self, train: Arrays, test: Arrays, seed: int) -> dict[str, float]:
        """Figures of the common classifier on `vectors`, or of given `scores`."""
        from kerasmm.evaluation.classification import classification_figures, classifier_scores

        if not test["labels"].any():
            return {}
        scores = test.get("scores")
        if scores is None:
            scores = classifier_scores(train["vectors"], train["labels"], test["vectors"], seed)
        return under("classification", classification_figures(test["labels"], scores))

    def _queries(self, posts: Arrays) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Ids of query words, and the posts that each is right for: label words (4.4), and every word."""
        import numpy as np

        places = {word: place for place, word in enumerate(self.system.vocabularies["tags"])}
        pairs = [(places[w], c) for c, w in enumerate(self.system.vocabularies["labels"]) if w in places]
        found = {
            "search": (np.array([p for p, _ in pairs], int), posts["labels"][:, [c for _, c in pairs]].T > 0),
            "tag_search": (np.arange(len(places)), posts["tags"].T > 0),
        }
        return {name: (q[r.any(1)], r[r.any(1)]) for name, (q, r) in found.items() if r.any()}

    def _search(self, posts: Arrays, words: np.ndarray, distance: str) -> dict[str, float]:
        """Figures of search; `words` `(L, d)` says where the query of each word lies among the posts' `vectors`."""
        from kerasmm.evaluation.search import search_figures

        figures: dict[str, float] = {}
        for name, (query, relevant) in self._queries(posts).items():
            figures |= under(
                f"{name}{SUFFIXES[distance]}", search_figures(words[query], posts["vectors"], relevant, distance)
            )
        return figures

    def _one_hot(self) -> np.ndarray:
        """Queries of the paper: a word's own entry is one, the others zero."""
        import numpy as np

        return np.eye(len(self.system.vocabularies["tags"]), dtype="float32")

    def _pointing(self, evaluator: Evaluator) -> dict[str, float]:
        """How often a word looks at a box of it, where the data set has boxes."""
        from kerasmm.data.boxes import read_boxes
        from kerasmm.evaluation.pointing import pointing_figures

        posts = evaluator.outputs(evaluator.split)
        if "looks" not in posts:
            return {}
        grid = self.system.pictures.encoder.grid
        assert grid is not None
        ids = [post_id.decode() for post_id in posts["id"]]
        boxes = read_boxes(evaluator.dataset.folder)
        return under("pointing", pointing_figures(posts["looks"], ids, boxes, self.system.vocabularies["tags"], grid))

    def _fitted(self, evaluator: Evaluator, name: str) -> Baseline:
        """A baseline, fitted to the training posts; its setting is chosen by the same figure as DMAN's epochs are."""
        from kerasmm.evaluation.baselines.chosen import chosen_baseline, training_views

        def score(baseline: Baseline, posts: Mapping[str, np.ndarray]) -> float:
            embedded = {**posts, "vectors": baseline.images(posts["features"])}
            figures = self._search(embedded, baseline.words(self._one_hot()), baseline.distance)
            found = {key.replace("_score/", "/"): value for key, value in figures.items()}
            return found.get(self.monitored(found), 0.0)

        if evaluator not in self._views:
            self._views[evaluator] = training_views(evaluator.dataset, evaluator.outputs("train"))
        return chosen_baseline(
            name,
            self._views[evaluator],
            lambda: evaluator.outputs("validation"),
            score,
            evaluator.settings,
            evaluator.seed,
            evaluator.quiet,
        )
