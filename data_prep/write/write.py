"""Writing: pictures, features and links join their posts, which become TFRecord shards, one a chunk and split."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np

from data_prep.config import BuildConfig
from data_prep.draft import Draft, Reject
from data_prep.links.given_links import NOTE
from data_prep.links.links import PACKED, Pools, draw_links
from data_prep.split.plan import LEFT_OUT, TRAIN, Plan, assigned
from data_prep.work.chunks import Ticker, Work
from data_prep.write.features import encode_once
from data_prep.write.vectors import Vectors, is_vector_file
from kerasmm.console import UserError
from kerasmm.data.manifest import Shard, sha256_of
from kerasmm.data.post import Post

_MAX_BATCH_BYTES = 1 << 26
"""Bytes of pictures that wait together for the encoder."""


class Write(beam.PTransform):
    """Numbers of selected chunks → `shards/SPLIT/NNNNN.tfrecord`, and a note of what each holds.

    Args:
        work: The work folder.
        config: The build configuration.
        plan: The split.
        pooled: The labels that have pools; from these links are drawn for a post without links that lead somewhere.
    """

    def __init__(self, work: Work, config: BuildConfig, plan: Plan, pooled: list[str]) -> None:
        super().__init__()
        self._dofn = _WriteChunk(work, config, plan, pooled)

    def expand(self, numbers: beam.PCollection[int]) -> beam.PCollection[None]:
        return numbers | beam.ParDo(self._dofn)


class _WriteChunk(beam.DoFn):
    def __init__(self, work: Work, config: BuildConfig, plan: Plan, pooled: list[str]) -> None:
        self._work, self._config, self._plan, self._pooled = work, config, plan, pooled
        self._pools: Pools | None = None

    def setup(self) -> None:
        self._pools = Pools.open(self._work.folder / PACKED) if self._pooled else None
        self._numbers = {label: number for number, label in enumerate(self._pooled)}

    def process(self, number: int) -> None:
        notes: dict[str, dict[str, Any]] = {}
        self._animations: Counter[str] = Counter()
        with _Shards(self._work, number) as shards, Ticker(self._work, "write", number) as tick:
            for post, split in self._posts(number):
                shards.write(split, post.to_bytes())
                note = notes.setdefault(split, {"fields": Counter(), "sums": Counter()})
                note["fields"].update(post.fields())
                note["sums"].update({"tags": len(post.tags), "labels": len(post.labels), "links": len(post.links)})
                tick()
            self._list_left_out(number, tick)
        for split, note in notes.items():
            note["shard"] = shards.described(split)
            if self._animations[split]:
                note["sums"]["animations"] = self._animations[split]
        self._work.write_note("written", number, notes)

    def _list_left_out(self, number: int, tick: Ticker) -> None:
        if self._plan.train is None:
            return

        def left_out() -> Iterator[Reject]:
            for draft, split in assigned(self._work, self._plan, number):
                if split == LEFT_OUT:
                    tick()
                    yield Reject(draft.post.id, "split", "beyond the wanted number of posts", bad=False)

        self._work.write_rejects("split", number, left_out())

    def _posts(self, number: int) -> Iterator[tuple[Post, str]]:
        if self._config.features.encoder is None:
            yield from self._joined(number)
            return
        if is_vector_file(self._config.features.encoder):
            vectors = Vectors.of(self._work)
            for post, split in self._joined(number):
                yield dataclasses.replace(post, features=vectors[post.id]), split
            return
        known: dict[bytes, np.ndarray] = {}
        for batch in self._batches(number):
            known = encode_once(
                [post.image for post, _ in batch if post.image is not None], known, self._config.features
            )
            for post, split in batch:
                yield (post if post.image is None else dataclasses.replace(post, features=known[post.image])), split

    def _batches(self, number: int) -> Iterator[list[tuple[Post, str]]]:
        batch: list[tuple[Post, str]] = []
        pictures: set[bytes | None] = set()
        held = 0
        for post, split in self._joined(number):
            batch.append((post, split))
            pictures.add(post.image)
            held += len(post.image or b"")
            if len(pictures) == self._config.features.batch or held > _MAX_BATCH_BYTES:
                yield batch
                batch, pictures, held = [], set(), 0
        if batch:
            yield batch

    def _joined(self, number: int) -> Iterator[tuple[Post, str]]:
        """Posts with their pictures and links."""
        given: dict[str, list[int]] = self._work.note(NOTE, number, {})
        for index, (draft, split) in enumerate(assigned(self._work, self._plan, number)):
            if split == LEFT_OUT:
                continue
            self._animations[split] += bool(draft.animated)
            links = [draft.post.links[place] for place in given.get(str(index), [])] or self._drawn(draft.post, split)
            links = links[: self._config.links.most]
            yield dataclasses.replace(draft.post, image=_picture(draft), links=tuple(links)), split

    def _drawn(self, post: Post, split: str) -> list[str]:
        if self._pools is None or split != TRAIN:
            return []
        own = [self._numbers[label] for label in post.labels]
        return draw_links(self._pools, post.id, own, self._config.links.most, self._config.seed)


def _picture(draft: Draft) -> bytes | None:
    if draft.picture is None:
        return None
    content = Path(draft.picture).read_bytes()
    if hashlib.sha256(content).hexdigest() != draft.digest:
        raise UserError(f"{draft.picture}: changed while the data set was being built; build it again")
    return content


class _Shards:
    """The open TFRecord files of one chunk, one a split."""

    def __init__(self, work: Work, number: int) -> None:
        self._work, self._number = work, number
        self._writers: dict[str, Any] = {}
        self._records: Counter[str] = Counter()

    def __enter__(self) -> _Shards:
        return self

    def __exit__(self, *_: object) -> None:
        for writer in self._writers.values():
            writer.close()

    def write(self, split: str, record: bytes) -> None:
        import tensorflow as tf

        if split not in self._writers:
            path = self._work.path(f"shards/{split}", self._number, "tfrecord")
            path.parent.mkdir(parents=True, exist_ok=True)
            self._writers[split] = tf.io.TFRecordWriter(str(path))
        self._writers[split].write(record)
        self._records[split] += 1

    def described(self, split: str) -> dict[str, Any]:
        """Size, SHA-256 and number of records of a finished file."""
        path = self._work.path(f"shards/{split}", self._number, "tfrecord")
        shard = Shard(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path), records=self._records[split])
        return shard.model_dump()
