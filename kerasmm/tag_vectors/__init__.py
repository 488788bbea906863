"""Embeddings of tags, learnt from which tags posts have together."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "count_cooccurrences": "cooccurrence",
    "MultiSenseVectors": "multi_sense",
    "multi_sense_vectors": "multi_sense",
    "ppmi_matrix": "ppmi",
    "ppmi_vectors": "ppmi",
    "singular_vectors": "ppmi",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
