"""Features from elsewhere: a file of vectors by post id, as open_clip, SigLIP or anything else computed them, laid out for
every worker to look one up. Vectors are `(n, d)`, or `(n, regions, d)` for maps.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import numpy as np

from data_prep.work.chunks import Work
from data_prep.write.vector_file import ENDINGS, read_vectors
from kerasmm.console import UserError
from kerasmm.data.manifest import FROM_FILE, Features, sha256_of
from kerasmm.data.post import FEATURES_DTYPE

_VALUES, _KEYS, _ROWS = "vectors.npy", "vector_keys.npy", "vector_rows.npy"
_FIRST_ID = "vector_first_id.txt"
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
    ids, vectors = read_vectors(path, work.folder)
    try:
        keys = b"".join(map(_key, ids))
    except UnicodeEncodeError as error:
        raise UserError(f"{path}: the id {ascii(error.object)} is not valid Unicode") from None
    pairs = np.frombuffer(keys, [("a", "<u8"), ("b", "<u8")])
    rows = np.argsort(pairs, order=("a", "b"), kind="stable")
    pairs = pairs[rows]
    if (twice := np.flatnonzero(pairs[1:] == pairs[:-1])).size:
        raise UserError(f"{path}: the id {ids[rows[twice[0]]]!r} stands there twice")
    _write_values(path, ids, vectors, work.folder / _VALUES)
    np.save(work.folder / _KEYS, pairs)
    np.save(work.folder / _ROWS, rows)
    (work.folder / _FIRST_ID).write_text(ids[0], encoding="utf-8", newline="")
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


class Vectors:
    """Looks vectors up that `prepare_vectors` laid out, in whichever process.

    Args:
        folder: The work folder.

    Attributes:
        first_id: An id of the file, to show what they look like.
    """

    def __init__(self, folder: Path) -> None:
        self._values = np.load(folder / _VALUES, mmap_mode="r", allow_pickle=False)
        self._keys = np.load(folder / _KEYS, allow_pickle=False)
        self._first = np.ascontiguousarray(self._keys["a"])
        self._rows = np.load(folder / _ROWS, allow_pickle=False)
        self.first_id = (folder / _FIRST_ID).read_text(encoding="utf-8")

    @classmethod
    def of(cls, work: Work) -> Vectors:
        """Those of a build, opened once a process."""
        # Another build may have had a folder of this name, and the same process.
        status = (work.folder / _ROWS).stat()
        return _opened(work.folder, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))

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
def _opened(folder: Path, stamp: tuple[int, ...]) -> Vectors:
    return Vectors(folder)
