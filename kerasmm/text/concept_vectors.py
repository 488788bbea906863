"""Vectors of concepts, e.g. of Wikipedia's titles: wiki2vec's and wikipedia2vec's files, read as a stream."""

from __future__ import annotations

import dataclasses
import gzip
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np

from kerasmm.console import UserError, progress

PREFIXES = ("DBPEDIA_ID/", "ENTITY/")
"""Before a title, in wiki2vec's and in wikipedia2vec's files; words have none."""

MOST_BYTES = 1 << 20
"""Of a line, or of a word in a binary file."""

EXPECTED = (
    "expected a first line `words dimension`, then a title and its vector each, in word2vec's text or binary format"
)


@dataclasses.dataclass(frozen=True)
class ConceptVectors:
    """What a file had of some titles.

    Args:
        vectors: `(n, d)` float32, zeros where the file has none.
        found: `(n,)`, whether it has one.
        duplicates: How many further vectors it had of a title; the first one is taken.
        bad: How many lines were no vector.
    """

    vectors: np.ndarray
    found: np.ndarray
    duplicates: int
    bad: int


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
        path: Text, or binary where the name ends in `.bin`; either may be gzipped (`.gz`).
        titles: Whose vectors are wanted.
        dimension: What the vectors must have.
        quiet: No progress bar.

    Raises:
        UserError: When the file can't be read, is in another format or has another dimension.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such file; expected concept vectors")
    rows: dict[str, list[int]] = {}
    for row, title in enumerate(titles):
        rows.setdefault(concept_key(title), []).append(row)
    vectors, rank = np.zeros((len(titles), dimension), "float32"), np.zeros(len(titles), int)
    duplicates = bad = 0
    try:
        with _opened(path) as file, progress(quiet) as bar:
            count, width = _header(path, file.readline(MOST_BYTES))
            if width != dimension:
                raise UserError(
                    f"{path}:1: has vectors of {width} dimensions, `network.dimension` is {dimension}; set "
                    f"network.dimension={width} or give another file"
                )
            task = bar.add_task(path.name, total=count, note="")
            binary = path.name.removesuffix(".gz").endswith(".bin")
            for name, values in (_binary if binary else _text)(file, width):
                bar.advance(task)
                places = rows.get(concept_key(name)) if values is not None else ()
                if values is None:
                    bad += 1
                elif places:
                    vector = _numbers(values, width)
                    if vector is None:
                        bad += 1
                        continue
                    kind = 2 if name.startswith(PREFIXES) else 1
                    duplicates += int(rank[places[0]] == kind)
                    if kind > rank[places[0]]:
                        vectors[places], rank[places] = vector, kind
    except (OSError, EOFError) as error:
        raise UserError(f"{path}: can't be read ({error}); {EXPECTED}") from error
    return ConceptVectors(vectors, rank > 0, duplicates, bad)


def _opened(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _header(path: Path, line: bytes) -> tuple[int, int]:
    cells = line.split()
    if len(cells) != 2 or not all(cell.isdigit() and len(cell) < 12 for cell in cells) or not int(cells[1]):
        raise UserError(f"{path}:1: {EXPECTED}. Received: {line[:60]!r}")
    return int(cells[0]), int(cells[1])


def _text(file: BinaryIO, width: int) -> Iterator[tuple[str, bytes | list[bytes] | None]]:
    while line := file.readline(MOST_BYTES):
        name, _, values = line.strip().partition(b" ")
        if name:
            cells = values.split()
            yield name.decode("utf-8", "replace"), cells if len(cells) == width else None


def _binary(file: BinaryIO, width: int) -> Iterator[tuple[str, bytes | list[bytes] | None]]:
    while True:
        name = bytearray()
        while (byte := file.read(1)) not in (b" ", b"") and len(name) < MOST_BYTES:
            name += byte
        values = file.read(4 * width)
        if not byte and not name.strip():
            return
        if len(values) < 4 * width:
            yield "", None
            return
        yield bytes(name).decode("utf-8", "replace").lstrip("\n"), values


def _numbers(values: bytes | list[bytes], width: int) -> np.ndarray | None:
    """The vector, or None where something in it is no finite number."""
    try:
        vector = np.frombuffer(values, "<f4") if isinstance(values, bytes) else np.array(values, dtype="float32")
    except ValueError:
        return None
    return vector if vector.shape == (width,) and np.isfinite(vector).all() else None
