"""LHNE: the linear heterogeneous network embedding."""

from __future__ import annotations

from typing import Any, ClassVar

from kerasmm.evaluation.baselines.hne import HNE


class LHNE(HNE):
    """HNE without hidden layers: x̃ = Uᵀx of a picture, z̃ = Vᵀz of a text.

    The objective, the links and the training are those of `HNE`.

    Args:
        seed: Seeds the weights, the dropout, the held-out tenth and the batches.
        **setting: `dimensions`, `text_weight`, `cross_weight`, `regularisation`, `linked_texts` and `epochs` of `HNE`.

    Reference:
        Chang, Han, Tang, Qi, Aggarwal and Huang (2015), "Heterogeneous Network Embedding via Deep Architectures", KDD.
    """

    name: ClassVar[str] = "lhne"
    title: ClassVar[str] = "LHNE"
    grid: ClassVar[tuple[dict[str, Any], ...]] = (
        {"dimensions": 64},
        {"dimensions": 128},
        {"dimensions": 128, "linked_texts": False},
    )

    def __init__(self, seed: int = 0, **setting: Any) -> None:
        super().__init__(seed, image_units=(), text_units=(), **setting)
