"""Functional models, one a file: functions of sizes and encoders that return a `keras.Model`."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "begin_second_stage": "hashtag_model",
    "cmem": "cmem_model",
    "cmem_branch": "cmem_model",
    "deep_cca": "deep_cca_model",
    "dman": "dman_model",
    "fully_connected": "fully_connected_model",
    "hashtag": "hashtag_model",
    "hashtag_part": "hashtag_model",
    "hashtag_scores": "hashtag_model",
    "hne": "hne_model",
    "hne_decisions": "hne_model",
    "in_second_stage": "hashtag_model",
    "siamese": "siamese_model",
    "tag_table": "hashtag_model",
    "webly": "webly_model",
    "webly_branch": "webly_model",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
