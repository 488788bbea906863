"""Keras losses, one a file; computed in float32, masked; `keras.ops` only."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "BidirectionalRankingLoss": "bidirectional_ranking_loss",
    "CanonicalCorrelationLoss": "canonical_correlation_loss",
    "HingeRankLoss": "hinge_rank_loss",
    "LSEPLoss": "lsep_loss",
    "LinkLoss": "link_loss",
    "PLSPLoss": "plsp_loss",
    "PairwiseRankingLoss": "pairwise_ranking_loss",
    "TripletTensorLoss": "triplet_tensor_loss",
    "WARPLoss": "warp_loss",
    "WeightedBinaryCrossentropy": "weighted_binary_crossentropy",
    "triplet_similarity": "similarity",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
