"""How hashtag's paper measures: tags that are foreseen (section 4.2), and pictures that a tag finds (4.3)."""

from __future__ import annotations

import functools
import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import UserError
from kerasmm.evaluation.tables import Rows, Table, part, under
from kerasmm.systems.protocol import Evaluator, Protocol

if TYPE_CHECKING:
    import numpy as np
    from scipy.sparse import csr_matrix

    from kerasmm.systems.hashtag.system import Hashtag
    from kerasmm.systems.hashtag.taggings import Taggings

FREQUENCIES = {"frequency": "Global frequency", "user_frequency": "User-specific frequency"}
"""Rows of table 2 that only count."""


class HashtagProtocol(Protocol):
    """Accuracy at 1 and 10 (eq. 7), precision at 10 of models without users (eq. 8); beside them what only counts."""

    system: Hashtag
    baselines = FREQUENCIES
    text_baselines = frozenset(FREQUENCIES)
    beside = {"user_frequency": FREQUENCIES["user_frequency"]}
    compared = {"A@1": "tagging", "A@10": "tagging", "P@10": "tags as queries, without users"}
    compared_weights = ("agnostic",)

    def __init__(self, system: Hashtag) -> None:
        super().__init__(system)
        # All baselines of an evaluation count the same.
        self._read: weakref.WeakKeyDictionary[Evaluator, dict[str, Taggings]] = weakref.WeakKeyDictionary()

    @property
    def monitor(self) -> str:
        """A@10; where there are hardly more tags than 10, A@1."""
        return "A@10" if len(self.system.vocabularies["tags"]) > 20 else "A@1"

    @property
    def title(self) -> str:
        network = self.system.config.network
        first = {"mcll": "MCLL", "ncsl": {"ppmi": "NCSL-PPMI", "multi_sense": "NCSL-MS"}[network.tag_vectors]}
        name = first[network.agnostic] if network.projection else "ImageNet"
        return {"tensor": f"Tensor ({name})", "mlp": f"MLP ({name})", "none": name}[network.user_model]

    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        from kerasmm.evaluation.tagging import hit_figures

        return hit_figures(*self._ranks(evaluator))

    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        ranks, truth = self._ranks(evaluator)
        figures = self._tagging(evaluator, ranks, truth) | self._search(evaluator, truth)
        figures |= self._new_users(evaluator, ranks, truth)
        for name in FREQUENCIES:
            if name != "user_frequency" or self._has_users(evaluator):
                figures |= under(name, self.evaluate_baseline(evaluator, name))
        return figures

    def evaluate_baseline(self, evaluator: Evaluator, name: str) -> dict[str, float]:
        from kerasmm.evaluation.baselines.tags.user_frequency import UserFrequency
        from kerasmm.evaluation.tagging import best_ranks

        if name not in FREQUENCIES:
            return super().evaluate_baseline(evaluator, name)
        personal = name == "user_frequency"
        if personal and not self._has_users(evaluator):
            raise UserError(
                f"{evaluator.dataset.folder}: its training posts name no users, whose tags could be counted"
            )
        train, asked = (self._taggings(evaluator, split) for split in ("train", evaluator.split))
        users = int(train.owners.max(initial=-1)) + 1
        fitted = UserFrequency(personal).fit(train.tags, train.owners, users)
        ranks = best_ranks(lambda rows: fitted.scores(asked.owners[rows]), asked.tags)
        return self._tagging(evaluator, ranks, asked.tags)

    def table(self, figures: dict[str, float]) -> list[Table]:
        return self.comparison({row: [found] for row, found in self._rows(figures).items()})

    @classmethod
    def comparison(cls, rows: Rows) -> list[Table]:
        from kerasmm.systems.hashtag.tables import hashtag_tables

        return hashtag_tables(rows)

    def plots(self, figures: dict[str, float], folder: Path) -> None:
        _plots({row: [found] for row, found in self._rows(figures).items()}, folder)

    @classmethod
    def comparison_plots(cls, rows: Rows, folder: Path) -> None:
        super().comparison_plots(rows, folder)
        _plots(rows, folder)

    def _rows(self, figures: dict[str, float]) -> dict[str, dict[str, float]]:
        """The rows that an evaluation has, by title."""
        return {self.title: figures, **{title: part(figures, name) for name, title in FREQUENCIES.items()}}

    # === Parts ===

    def _ranks(self, evaluator: Evaluator) -> tuple[np.ndarray, csr_matrix]:
        """The rank of each post's best tag, and the posts' tags."""
        from kerasmm.evaluation.tagging import best_ranks
        from kerasmm.systems.hashtag.taggings import of_ids

        posts, model = evaluator.outputs(evaluator.split), evaluator.model
        assert model is not None
        truth = of_ids(posts["tags"], len(self.system.vocabularies["tags"]))
        return best_ranks(functools.partial(self.system.all_scores, model, posts), truth), truth

    def _tagging(self, evaluator: Evaluator, ranks: np.ndarray, truth: csr_matrix) -> dict[str, float]:
        """Accuracy, and where there are users by how many training posts a post's own has (figure 5)."""
        import numpy as np

        from kerasmm.evaluation.tagging import hit_figures, hits_by_posts

        figures = hit_figures(ranks, truth)
        if self._has_users(evaluator):
            train, asked = (self._taggings(evaluator, split).owners for split in ("train", evaluator.split))
            counts = np.bincount(train[train >= 0], minlength=int(asked.max(initial=0)) + 1)
            figures |= hits_by_posts(ranks, np.where(asked >= 0, counts[asked], 0))
        return figures

    def _search(self, evaluator: Evaluator, truth: csr_matrix) -> dict[str, float]:
        """Pictures that tags find, of a model whose weights know no users (figures 9 and 10)."""
        import numpy as np

        from kerasmm.evaluation.tagging import precision_figures
        from kerasmm.models import in_second_stage, tag_table

        model = evaluator.model
        assert model is not None
        if in_second_stage(model):
            return {}
        vectors, table = evaluator.outputs(evaluator.split)["vectors"], np.asarray(tag_table(model))
        frequency = np.asarray(self._taggings(evaluator, "train").tags.sum(axis=0)).ravel()
        return precision_figures(lambda tags: table[tags] @ np.asarray(vectors).T, truth, frequency)

    def _new_users(self, evaluator: Evaluator, ranks: np.ndarray, truth: csr_matrix) -> dict[str, float]:
        """Users whom training didn't see; where all were trained on, what those would have had."""
        from kerasmm.models import in_second_stage
        from kerasmm.systems.hashtag.fitted_users import UserFit
        from kerasmm.systems.hashtag.new_users import as_they_are, asked_rows, fitted
        from kerasmm.systems.hashtag.users import known_users

        model, share = evaluator.model, self.system.config.user_specific.left_out
        assert model is not None
        if not in_second_stage(model) or not self._has_users(evaluator):
            return {}
        train, asked = (self._taggings(evaluator, split) for split in ("train", evaluator.split))
        rows = asked_rows(train, asked, known_users(evaluator.dataset), share)
        if not share:
            return as_they_are("trained", rows, ranks, truth)
        figures = as_they_are("mean", rows, ranks, truth)
        if rows and self.system.config.network.user_model == "tensor":
            pictures = evaluator.outputs("train"), evaluator.outputs(evaluator.split)
            for name, way in (("fitted", "ridge"), ("stepped", "steps")):
                figures |= fitted(model, train, pictures, asked, rows, evaluator.seed, UserFit(way), name)
        return figures

    def _has_users(self, evaluator: Evaluator) -> bool:
        return bool(evaluator.dataset.manifest.fields.get("train", {}).get("user"))

    def _taggings(self, evaluator: Evaluator, split: str) -> Taggings:
        """Read once a split. Users are those of the data set, also where the model has none."""
        from kerasmm.systems.hashtag.posts import Posts
        from kerasmm.systems.hashtag.taggings import taggings
        from kerasmm.systems.hashtag.users import known_users

        read = self._read.setdefault(evaluator, {})
        if split not in read:
            system = self.system
            users = known_users(evaluator.dataset) if self._has_users(evaluator) else []
            posts = Posts(system.pictures.picture, system.posts.picture_input, system.vocabularies["tags"], users)
            read[split] = taggings(evaluator.dataset.records(split), posts)
        return read[split]


def _plots(rows: Rows, folder: Path) -> None:
    from kerasmm.systems.hashtag.plots import plot_by_place, plot_by_posts

    plot_by_posts(rows, folder / "by_posts.png")
    plot_by_place(rows, folder / "by_place.png")
