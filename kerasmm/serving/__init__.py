"""Exports: what an exported model holds, how it is checked, and what stands in front of it."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "ExactIndex": "indexes.exact",
    "ExportServices": "services",
    "PostStore": "posts",
    "VocabularyTable": "vocabulary",
    "check_export": "check",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
