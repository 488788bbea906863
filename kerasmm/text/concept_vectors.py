"""Vectors of concepts, e.g. of Wikipedia's titles: wiki2vec's and wikipedia2vec's files, read as a stream."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from kerasmm.console import UserError, progress
from kerasmm.text.vector_files import VectorFile

PREFIXES = ("DBPEDIA_ID/", "ENTITY/")
"""Before a title, in wiki2vec's and in wikipedia2vec's files; words have none."""


@dataclasses.dataclass(frozen=True)
class ConceptVectors:
    """What a file had of some titles.

    Args:
        vectors: `(n, d)` float32, zeros where the file has none.
        found: `(n,)`, whether it has one.
        duplicates: How many further vectors it had of a title; the first one is taken.
        notices: What else is to be said of the file, e.g. how many lines were no vector.
    """

    vectors: np.ndarray
    found: np.ndarray
    duplicates: int
    notices: tuple[str, ...] = ()


def concept_key(title: str) -> str:
    """What two spellings of a title have in common: no prefix, spaces for underscores, NFKC, case folded.

    Example:

    >>> concept_key("DBPEDIA_ID/Stock_market") == concept_key("stock market")
    True
    """
    for prefix in PREFIXES:
        title = title.removeprefix(prefix)
    return " ".join(unicodedata.normalize("NFKC", title.replace("_", " ")).casefold().split())


def read_concept_vectors(path: Path, titles: Sequence[str], dimension: int, quiet: bool = True) -> ConceptVectors:
    """Reads the vectors of titles; what is in memory doesn't grow with the file.

    A vector of a title (`DBPEDIA_ID/Title`, `ENTITY/Title`) goes before one of the word that is spelled like it.

    Args:
        path: See `kerasmm.text.vector_files.VectorFile`.
        titles: Whose vectors are wanted.
        dimension: What the vectors must have.
        quiet: No progress bar.

    Raises:
        UserError: When the file can't be read, is in another format or has another dimension.
    """
    rows: dict[str, list[int]] = {}
    for row, title in enumerate(titles):
        rows.setdefault(concept_key(title), []).append(row)
    vectors, rank = np.zeros((len(titles), dimension), "float32"), np.zeros(len(titles), int)
    duplicates = 0
    with VectorFile(path) as file, progress(quiet) as bar:
        if file.width != dimension:
            raise UserError(
                f"{path}:1: has vectors of {file.width} dimensions, `network.dimension` is {dimension}; set "
                f"network.dimension={file.width} or give another file"
            )
        task = bar.add_task(file.path.name, total=file.promised, note="")
        for name, values in file:
            bar.advance(task)
            places = rows.get(concept_key(name))
            if not places or (vector := file.numbers(values)) is None:
                continue
            kind = 2 if name.startswith(PREFIXES) else 1
            duplicates += int(rank[places[0]] == kind)
            if kind > rank[places[0]]:
                vectors[places], rank[places] = vector, kind
    return ConceptVectors(vectors, rank > 0, duplicates, tuple(file.notices()))
