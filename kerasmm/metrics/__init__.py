"""Keras metrics, one a file; computed in float32, masked; `keras.ops` only."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "Coverage": "coverage",
    "HammingLossAtK": "hamming_loss_at_k",
    "HitRateAtK": "hit_rate_at_k",
    "MeanAveragePrecision": "mean_average_precision",
    "MeanRank": "mean_rank",
    "MedianRank": "median_rank",
    "MultiLabelAccuracyAtK": "multi_label_accuracy_at_k",
    "PrecisionAtK": "precision_at_k",
    "RecallAtK": "recall_at_k",
    "RetrievalRecallAtK": "retrieval_recall_at_k",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
