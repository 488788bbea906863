"""How webly's paper measures: images find sentences and sentences find images (section 4.1)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.evaluation.tables import Rows, Table
from kerasmm.systems.protocol import Evaluator, Protocol
from kerasmm.systems.webly.tables import STAGES, WAYS, webly_tables

if TYPE_CHECKING:
    from kerasmm.systems.webly.system import Webly

FOLDS = (5, 1000)
"""COCO's second protocol: the mean over folds of 1,000 images (section 4.1)."""


class WeblyProtocol(Protocol):
    """Retrieval both ways; VSE and VSE++ are measured by the same."""

    system: Webly
    monitor = "rsum"
    compared = {f"{direction}/R@1": title for direction, title in WAYS.items()}
    compared_weights = tuple(STAGES)

    @property
    def title(self) -> str:
        config = self.system.config
        loss = "VSE" if config.loss.negatives == "sum" else "VSEPP"
        return loss if config.web.data is None else f"{loss}_web"

    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        return self.evaluate(evaluator)

    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        import numpy as np

        from kerasmm.evaluation.retrieval import retrieval_figures

        images, sentences = evaluator.outputs(evaluator.split), evaluator.outputs(evaluator.split, "sentences")
        pairs = np.stack([sentences["post"], np.arange(len(sentences["post"]))], axis=1)
        folds = FOLDS if len(images["vectors"]) >= FOLDS[0] * FOLDS[1] else None
        return retrieval_figures(images["vectors"], sentences["vectors"], pairs, folds)

    @classmethod
    def comparison(cls, rows: Rows) -> list[Table]:
        return webly_tables(rows)

    def plots(self, figures: dict[str, float], folder: Path) -> None:
        from kerasmm.systems.webly.plots import plot_retrieval

        plot_retrieval(figures, folder / "retrieval.png")
