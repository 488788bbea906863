"""Features from elsewhere: a file of vectors by post id, as open_clip, SigLIP or anything else computed them.

Three forms are read, none by unpickling: `.npz` with the arrays `ids` and `vectors`; `.npy` of vectors, with the ids one a line
in `NAME.ids`, `NAME.txt` or `ids.txt` beside it; `.parquet` with the columns `id` and `vector`. Vectors are `(n, d)`, or
`(n, regions, d)` for maps.
"""

from __future__ import annotations

import functools
import hashlib
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from data_prep.work.chunks import Work
from kerasmm.console import UserError
from kerasmm.data.manifest import FROM_FILE, Features, sha256_of
from kerasmm.data.post import FEATURES_DTYPE

ENDINGS = (".npz", ".npy", ".parquet")
_VALUES, _KEYS, _ROWS = "vectors.npy", "vector_keys.npy", "vector_rows.npy"
_KEY_BYTES = 16
_READ_BYTES = 1 << 24


def is_vector_file(encoder: str | None) -> bool:
    """Whether `--features` names a file of vectors, not an encoder."""
    return encoder is not None and encoder.lower().endswith(ENDINGS)


def _key(post_id: str) -> bytes:
    return hashlib.blake2b(post_id.encode(), digest_size=_KEY_BYTES).digest()


def prepare_vectors(path: Path, work: Work) -> Features:
    """Checks a file of vectors, and lays it out in the work folder, where every worker can look one up.

    In memory are a block of vectors and 24 bytes a post.

    Returns:
        What the manifest says of them.

    Raises:
        UserError: For a file that isn't there or of another form, ids of another number or twice, vectors of another shape or
            that aren't finite.
    """
    if not path.is_file():
        raise UserError(f"features.encoder: {path}: no such file of vectors")
    work.folder.mkdir(parents=True, exist_ok=True)
    try:
        ids, vectors = _read(path, work.folder)
    except (ValueError, OSError, zipfile.BadZipFile, EOFError) as error:
        first = str(error).strip().split("\n")[0]
        raise UserError(f"{path}: can't be read as vectors by id ({first})") from error
    if vectors.ndim not in (2, 3) or not vectors.size or vectors.dtype.kind != "f":
        raise UserError(f"{path}: expected floats (n, d) or (n, regions, d). Received: {vectors.dtype} {vectors.shape}")
    if len(ids) != len(vectors):
        raise UserError(f"{path}: has {len(vectors):,} vectors and {len(ids):,} ids; expected as many of both")
    pairs = np.frombuffer(b"".join(map(_key, ids)), [("a", "<u8"), ("b", "<u8")])
    rows = np.argsort(pairs, order=("a", "b"), kind="stable")
    pairs = pairs[rows]
    if (twice := np.flatnonzero(pairs[1:] == pairs[:-1])).size:
        raise UserError(f"{path}: the id {ids[rows[twice[0]]]!r} stands there twice")
    _write_values(path, ids, vectors, work.folder / _VALUES)
    np.save(work.folder / _KEYS, pairs)
    np.save(work.folder / _ROWS, rows)
    shape = tuple(int(side) for side in vectors.shape[1:])
    # Pictures aren't read, so no size is theirs.
    return Features(
        encoder=f"{FROM_FILE}{path.name}", fingerprint=sha256_of(path), image_size=(0, 0), resize="squash", shape=shape
    )


def _write_values(path: Path, ids: list[str], vectors: np.ndarray, to: Path) -> None:
    limit = np.finfo(FEATURES_DTYPE)
    written = np.lib.format.open_memmap(to, "w+", FEATURES_DTYPE, vectors.shape)
    step = max(1, _READ_BYTES // (8 * int(np.prod(vectors.shape[1:]))))
    for start in range(0, len(vectors), step):
        some = np.asarray(vectors[start : start + step], "float32")
        finite = np.isfinite(some).reshape(len(some), -1).all(axis=1)
        if not finite.all():
            raise UserError(f"{path}: the vector of {ids[start + int(np.argmin(finite))]!r} is not finite")
        written[start : start + step] = np.clip(some, limit.min, limit.max)
    written.flush()


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
    lines = found.read_text(encoding="utf-8").split("\n")
    ids = [line.removesuffix("\r") for line in (lines[:-1] if lines[-1] == "" else lines)]
    return ids, np.load(path, mmap_mode="r", allow_pickle=False)


def _read_npz(path: Path, scratch: Path) -> tuple[list[str], np.ndarray]:
    with np.load(path, allow_pickle=False) as arrays:
        names = arrays.files
        if not {"ids", "vectors"} <= set(names):
            raise UserError(f"{path}: expected the arrays `ids` and `vectors`. Received: {', '.join(names) or 'none'}")
        ids = _as_text(path, arrays["ids"])
    # Unpacked, so that it can be mapped: read from the archive, all of it would be in memory.
    unpacked = scratch / "unpacked.npy"
    with zipfile.ZipFile(path) as archive, archive.open("vectors.npy") as packed, unpacked.open("wb") as file:
        shutil.copyfileobj(packed, file, 1 << 20)
    return ids, np.load(unpacked, mmap_mode="r", allow_pickle=False)


def _as_text(path: Path, ids: np.ndarray) -> list[str]:
    if ids.ndim != 1 or ids.dtype.kind not in "USiu":
        raise UserError(f"{path}: `ids` must be strings or whole numbers (n,). Received: {ids.dtype} {ids.shape}")
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
            yield [str(one) for one in batch.column("id").to_pylist()], np.stack(vectors)

    try:
        file = parquet.ParquetFile(path)
        if not {"id", "vector"} <= set(file.schema_arrow.names):
            have = ", ".join(file.schema_arrow.names)
            raise UserError(f"{path}: expected the columns `id` and `vector`. Received: {have}")
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


class Vectors:
    """Looks vectors up that `prepare_vectors` laid out, in whichever process.

    Args:
        folder: The work folder.
    """

    def __init__(self, folder: Path) -> None:
        self._values = np.load(folder / _VALUES, mmap_mode="r", allow_pickle=False)
        self._keys = np.load(folder / _KEYS, allow_pickle=False)
        self._first = np.ascontiguousarray(self._keys["a"])
        self._rows = np.load(folder / _ROWS, allow_pickle=False)

    @classmethod
    def of(cls, work: Work) -> Vectors:
        """Those of a build, opened once a process."""
        return _opened(work.folder)

    def _row(self, post_id: str) -> int | None:
        key = np.frombuffer(_key(post_id), self._keys.dtype)[0]
        place = int(np.searchsorted(self._first, key["a"]))
        while place < len(self._keys) and self._first[place] == key["a"]:
            if self._keys[place] == key:
                return int(self._rows[place])
            place += 1
        return None

    def __contains__(self, post_id: str) -> bool:
        return self._row(post_id) is not None

    def __getitem__(self, post_id: str) -> np.ndarray:
        row = self._row(post_id)
        if row is None:
            raise KeyError(post_id)
        return np.array(self._values[row])


@functools.lru_cache(maxsize=2)
def _opened(folder: Path) -> Vectors:
    return Vectors(folder)
