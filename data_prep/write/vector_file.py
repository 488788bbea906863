"""Files of vectors by post id, read into ids and an array that is mapped, none by unpickling.

`.npz` with the arrays `ids` and `vectors`; `.npy` of vectors, with the ids one a line in `NAME.ids`, `NAME.txt` or `ids.txt`
beside it; `.parquet` with the columns `id` and `vector`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from kerasmm.console import UserError
from kerasmm.data.npy import load_npy
from kerasmm.data.npz import UNREADABLE, open_npz, packed_header
from kerasmm.files.reading import read_text

ENDINGS = (".npz", ".npy", ".parquet")
_MOST_IDS = 1 << 32
_IDS, _VALUES = "ids.npy", "vectors.npy"
_MOST_VALUES, _BLOCK = 4, 1 << 24
"""Numbers a byte, in Parquet, and those beyond that."""


def read_vectors(path: Path, scratch: Path) -> tuple[list[str], np.ndarray]:
    """Ids, and vectors `(n, d)` or `(n, regions, d)` that are mapped, not read.

    Args:
        path: The file.
        scratch: A folder, for what must be unpacked.

    Raises:
        UserError: For a file of another form, or whose header says more than it has; other numbers of ids and vectors.
    """
    try:
        ids, vectors = _read(path, scratch)
    except UNREADABLE as error:
        first = str(error).strip().split("\n")[0]
        raise UserError(f"{path}: can't be read as vectors by id ({first})") from error
    _check(path, ids, vectors.shape, vectors.dtype)
    return ids, vectors


def _check(path: Path, ids: list[str], shape: tuple[int, ...], dtype: np.dtype) -> None:
    if len(shape) not in (2, 3) or not math.prod(shape) or dtype.kind != "f":
        raise UserError(f"{path}: expected floats (n, d) or (n, regions, d). Received: {dtype} {shape}")
    if len(ids) != shape[0]:
        raise UserError(f"{path}: has {shape[0]:,} vectors and {len(ids):,} ids; expected as many of both")


def _read(path: Path, scratch: Path) -> tuple[list[str], np.ndarray]:
    """Ids, and vectors that are mapped, not read."""
    ending = path.suffix.lower()
    if ending == ".npz":
        return _read_npz(path, scratch)
    if ending == ".parquet":
        return _read_parquet(path, scratch)
    beside = [path.with_suffix(".ids"), path.with_suffix(".txt"), path.with_name("ids.txt")]
    found = next((one for one in beside if one.is_file()), None)
    if found is None:
        raise UserError(f"{path}: no ids beside it; expected one a line in {', '.join(one.name for one in beside)}")
    lines = read_text(found, _MOST_IDS, "list of ids").split("\n")
    ids = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    return ids, load_npy(path, mapped=True)


def _read_npz(path: Path, scratch: Path) -> tuple[list[str], np.ndarray]:
    with open_npz(path) as archive:
        sizes = {member.filename: member.file_size for member in archive.infolist()}
        if not {_IDS, _VALUES} <= set(sizes):
            names = ", ".join(name.removesuffix(".npy") for name in sizes)
            raise UserError(f"{path}: expected the arrays `ids` and `vectors`. Received: {names or 'none'}")
        with archive.open(_IDS) as packed:
            shape, dtype = packed_header(packed, sizes[_IDS], "ids")
            if len(shape) != 1 or dtype.kind not in "USiu":
                raise UserError(f"{path}: `ids` must be strings or whole numbers (n,). Received: {dtype} {shape}")
            ids = _as_text(np.frombuffer(packed.read(shape[0] * dtype.itemsize), dtype))
        with archive.open(_VALUES) as packed:
            shape, dtype = packed_header(packed, sizes[_VALUES], "vectors")
            _check(path, ids, shape, dtype)
            left = packed.tell() + math.prod(shape) * dtype.itemsize
        # Unpacked, so that it can be mapped: read from the archive, all of it would be in memory.
        unpacked = scratch / "unpacked.npy"
        with archive.open(_VALUES) as packed, unpacked.open("wb") as file:
            while left and (block := packed.read(min(left, 1 << 20))):
                left -= file.write(block)
    return ids, load_npy(unpacked, mapped=True)


def _as_text(ids: np.ndarray) -> list[str]:
    return [one.decode() if isinstance(one, bytes) else str(one) for one in ids.tolist()]


def _read_parquet(path: Path, scratch: Path) -> tuple[list[str], np.ndarray]:
    try:
        import pyarrow as arrow
        from pyarrow import parquet
    except ImportError as error:
        raise UserError(f"{path}: reading Parquet needs the package pyarrow; or give .npz or .npy") from error

    def blocks(file: Any) -> Iterator[tuple[list[str], np.ndarray]]:
        for batch in file.iter_batches(batch_size=4096, columns=["id", "vector"]):
            vectors = [np.asarray(one, "float32") for one in batch.column("vector").to_pylist()]
            if len({one.shape for one in vectors}) > 1:
                raise UserError(f"{path}: vectors of several sizes: {sorted({one.shape for one in vectors})}")
            ids = batch.column("id").to_pylist()
            if None in ids:
                raise UserError(f"{path}: `id` is missing in a row; expected one in each")
            yield list(map(str, ids)), np.stack(vectors)

    try:
        file = parquet.ParquetFile(path)
        if not {"id", "vector"} <= set(file.schema_arrow.names):
            have = ", ".join(file.schema_arrow.names)
            raise UserError(f"{path}: expected the columns `id` and `vector`. Received: {have}")
        _check_columns(path, file.schema_arrow)
        groups = map(file.metadata.row_group, range(file.metadata.num_row_groups))
        values = max((group.column(i).num_values for group in groups for i in range(group.num_columns)), default=0)
        # Of runs of one number a few bytes hold billions.
        if values > _MOST_VALUES * path.stat().st_size + _BLOCK:
            raise UserError(f"{path}: declares {values:,} values in few bytes")
        ids: list[str] = []
        written: np.ndarray | None = None
        for some, vectors in blocks(file):
            if written is None:
                shape = (file.metadata.num_rows, *vectors.shape[1:])
                written = np.lib.format.open_memmap(scratch / "unpacked.npy", "w+", "<f4", shape)
            if vectors.shape[1:] != written.shape[1:]:
                raise UserError(f"{path}: vectors of several sizes: {written.shape[1:]} and {vectors.shape[1:]}")
            written[len(ids) : len(ids) + len(some)] = vectors
            ids += some
    except arrow.ArrowException as error:
        raise UserError(f"{path}: not readable as Parquet ({str(error).splitlines()[0]})") from error
    return ids, np.zeros((0, 0), "float32") if written is None else written


def _check_columns(path: Path, schema: Any) -> None:
    """Refuses what isn't an id, or isn't a list of numbers."""
    from pyarrow import types

    def stored(kind: Any) -> Any:
        return getattr(kind, "storage_type", kind)

    of_ids = schema.field("id").type
    of_ids = of_ids.value_type if types.is_dictionary(of_ids) else of_ids
    is_text = any(is_one(of_ids) for is_one in (types.is_string, types.is_large_string, types.is_string_view))
    if not is_text and not types.is_integer(of_ids):
        raise UserError(f"{path}: `id` must be strings or whole numbers. Received: {of_ids}")
    whole = kind = stored(schema.field("vector").type)
    while types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        kind = stored(kind.value_type)
    if kind is whole or not (types.is_floating(kind) or types.is_integer(kind)):
        raise UserError(f"{path}: `vector` must be lists of floats. Received: {str(whole)[:80]}")
