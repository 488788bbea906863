"""Text: sentences to words and characters and their ids in the graph, and word vectors."""

from __future__ import annotations

from typing import Any

from kerasmm.lazy import lazily

_WHERE = {
    "END": "sentences",
    "OFFSET": "sentences",
    "PADDING": "sentences",
    "UNKNOWN": "sentences",
    "character_ids": "characters",
    "clean_text": "characters",
    "count_characters": "characters",
    "single_spaced": "normalisation",
    "split_words": "sentences",
    "word_ids": "sentences",
    "VectorFile": "vector_files",
    "ConceptVectors": "concept_vectors",
    "concept_key": "concept_vectors",
    "normalise": "normalisation",
    "read_concept_vectors": "concept_vectors",
    "read_word_vectors": "word_vectors",
    "train_word_vectors": "word_vectors",
}

__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    return lazily(__name__, _WHERE, name)


def __dir__() -> list[str]:
    return __all__
