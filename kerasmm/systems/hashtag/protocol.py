"""How hashtag's paper measures: whether one of a post's own tags stands among the best (section 4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kerasmm.evaluation.tables import Rows, Table
from kerasmm.systems.protocol import Arrays, Evaluator, Protocol

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

    from kerasmm.systems.hashtag.system import Hashtag


class HashtagProtocol(Protocol):
    """Accuracy at 1 and 10 (eq. 7); all variants are measured by the same."""

    system: Hashtag
    monitor = "A@10"
    compared = {"A@10": "tagging"}

    @property
    def title(self) -> str:
        network = self.system.config.network
        first = {"mcll": "MCLL", "ncsl": {"ppmi": "NCSL-PPMI", "multi_sense": "NCSL-MS"}[network.tag_vectors]}
        name = first[network.agnostic] if network.projection else "ImageNet"
        return {"tensor": f"Tensor ({name})", "mlp": f"MLP ({name})", "none": name}[network.user_model]

    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        return self.evaluate(evaluator)

    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        from kerasmm.evaluation.tagging import best_ranks, hit_figures

        posts, model = evaluator.outputs(evaluator.split), evaluator.model
        assert model is not None
        truth = own_tags(posts, len(self.system.vocabularies["tags"]))
        ranks = best_ranks(lambda rows: self.system.all_scores(model, posts, rows), truth)
        return hit_figures(ranks, truth)

    @classmethod
    def comparison(cls, rows: Rows) -> list[Table]:
        from kerasmm.systems.hashtag.tables import hashtag_tables

        return hashtag_tables(rows)


def own_tags(posts: Arrays, tags: int) -> csr_matrix:
    """The tags of posts, of `System.outputs`, as a sparse `(n, K)` of ones."""
    import numpy as np
    from scipy.sparse import csr_matrix

    ids = np.asarray(posts["tags"])
    there = ids >= 0
    ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
    return csr_matrix((np.ones(int(ends[-1]), "float32"), ids[there], ends), shape=(len(ids), tags))
