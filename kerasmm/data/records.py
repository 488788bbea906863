"""Random access to the posts of one split: byte offsets of every record and the row of every id.

TFRecord is a stream format: `length (8) | crc (4) | data | crc (4)`. One pass over a shard checks its SHA-256, which says
more than the checksums of records, notes where each record starts and hashes its id, so that any post can be read by row
or by id with a single `pread`. A record that is no post is left out and counted; lengths that can't be are fatal.
Held in memory: 36 bytes a post (offset, length, shard, hash of the id and its row), whatever the post's size.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from kerasmm.console import UserError
from kerasmm.data.manifest import Shard, check_file, sha256_of
from kerasmm.data.post import Post
from kerasmm.files.reading import is_regular

_HEADER = struct.Struct("<QI")
_FOOTER_BYTES = 4
MAX_RECORD_BYTES = 1 << 28


def id_hash(post_id: bytes) -> int:
    """64-bit hash of a post id: what the row lookup keeps instead of the string."""
    return int.from_bytes(hashlib.blake2b(post_id, digest_size=8).digest(), "little")


class Records:
    """The records of one split, by row.

    Args:
        folder: The data set's folder.
        shards: The split's shards in reading order.
        verify: Compare each shard's SHA-256 with the manifest while indexing it.
        features_shape: Of the posts' stored features.

    Attributes:
        left_out: How many records are no posts (see `Post.from_bytes`); they have no row.
        why_left_out: Which is the first of them, and why.

    Raises:
        UserError: For a missing, short or damaged shard, named in the message, or where no record is a post.
    """

    def __init__(
        self,
        folder: Path,
        shards: Sequence[Shard],
        verify: bool = True,
        features_shape: tuple[int, ...] | None = None,
    ) -> None:
        self.folder, self.shards, self.features_shape = folder, list(shards), features_shape
        self.left_out, self.why_left_out = 0, ""
        starts, lengths, hashes, owner = [], [], [], []
        for number, shard in enumerate(self.shards):
            start, length, hashed = self._index(shard, verify)
            starts.append(start)
            lengths.append(length)
            hashes.append(hashed)
            owner.append(np.full(len(start), number, "int32"))
        empty: list[np.ndarray] = [np.zeros(0, "int64")]
        self._starts = np.concatenate(starts or empty)
        self._lengths = np.concatenate(lengths or empty)
        self._owner = np.concatenate(owner or empty)
        id_hashes = np.concatenate(hashes or [np.zeros(0, "uint64")])
        self._by_hash = np.argsort(id_hashes, kind="stable")
        self._hashes = id_hashes[self._by_hash]
        if self.left_out and not len(self):
            raise UserError(f"{folder}: none of {self.left_out} records is a post; {self.why_left_out}")
        self._files = [os.open(folder / shard.name, os.O_RDONLY) for shard in self.shards]

    def __len__(self) -> int:
        return len(self._starts)

    def __del__(self) -> None:
        for file in getattr(self, "_files", []):
            os.close(file)

    def read(self, rows: np.ndarray) -> list[bytes]:
        """The serialized posts at `rows`, in that order."""
        return [
            os.pread(self._files[self._owner[row]], int(self._lengths[row]), int(self._starts[row]))
            for row in rows.tolist()
        ]

    def _index(self, shard: Shard, verify: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Start, length and hashed id of each post of a shard."""
        path = self.folder / shard.name
        check_file(self.folder, shard, sha256_of(path) if verify and is_regular(path) else None)
        starts, lengths, hashes, number = [], [], [], 0
        for number, (start, data) in enumerate(_records(path), 1):
            try:
                post = Post.from_bytes(data, self.features_shape)
            except ValueError as error:
                self.left_out += 1
                self.why_left_out = self.why_left_out or f"{path}: record {number}: {error}"
                continue
            starts.append(start)
            lengths.append(len(data))
            hashes.append(id_hash(post.id.encode()))
        if number != shard.records:
            raise UserError(f"{path}: holds {number} records, the manifest says {shard.records}; build it again")
        return np.array(starts, "int64"), np.array(lengths, "int64"), np.array(hashes, "uint64")

    def rows_of(self, ids: Sequence[bytes]) -> np.ndarray:
        """The row of each id, or -1 where the split has no such post."""
        if not len(self):
            return np.full(len(ids), -1, "int64")
        wanted = np.fromiter((id_hash(post_id) for post_id in ids), "uint64", len(ids))
        place = np.minimum(np.searchsorted(self._hashes, wanted), len(self) - 1)
        return np.where(self._hashes[place] == wanted, self._by_hash[place], -1).astype("int64")


def _records(path: Path) -> Iterator[tuple[int, bytes]]:
    """`(start of data, data)` of each record of a TFRecord file."""
    with path.open("rb") as file:
        position = 0
        while header := file.read(_HEADER.size):
            if len(header) < _HEADER.size:
                raise UserError(f"{path}: ends inside a record header at byte {position}; build the data set again")
            length = _HEADER.unpack(header)[0]
            if length > MAX_RECORD_BYTES:
                raise UserError(
                    f"{path}: record at byte {position} claims {length} bytes; the shard is damaged, build it again"
                )
            data = file.read(length)
            footer = file.read(_FOOTER_BYTES)
            if len(data) < length or len(footer) < _FOOTER_BYTES:
                raise UserError(f"{path}: ends inside the record at byte {position}; build the data set again")
            yield position + _HEADER.size, data
            position += _HEADER.size + length + _FOOTER_BYTES
