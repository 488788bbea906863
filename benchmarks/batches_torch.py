"""Batches of linked posts through a torch DataLoader, from the same TFRecord files: written as one would.

A map-style dataset seeks to a record by its offset, parses the `tf.train.Example` with the protobuf runtime (in C) and
gives arrays; the collate function stacks them and draws the negatives.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from torch.utils.data import DataLoader, Dataset

Item = tuple[np.ndarray, ...]


def example_class() -> Any:
    """`tf.train.Example`, declared here so that no TensorFlow is needed to read one."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="example.proto", package="records", syntax="proto3")

    def message(name: str, *fields: tuple[str, int, bool, str]) -> Any:
        made = file.message_type.add(name=name)
        for label, kind, repeated, type_name in fields:
            made.field.add(
                name=label, number=1, type=kind, label=field.LABEL_REPEATED if repeated else field.LABEL_OPTIONAL
            )
            if type_name:
                made.field[-1].type_name = f".records.{type_name}"
        return made

    message("BytesList", ("value", field.TYPE_BYTES, True, ""))
    message("Feature", ("bytes_list", field.TYPE_MESSAGE, False, "BytesList"))
    features = message("Features", ("feature", field.TYPE_MESSAGE, True, "Features.Entry"))
    entry = features.nested_type.add(name="Entry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    entry.field.add(
        name="value", number=2, type=field.TYPE_MESSAGE, label=field.LABEL_OPTIONAL, type_name=".records.Feature"
    )
    message("Example", ("features", field.TYPE_MESSAGE, False, "Features"))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("records.Example"))


class Posts(Dataset):
    """Anchors with a random linked post each.

    Args:
        shards: TFRecord files.
        shape: Regions and features.
        vocabularies: Words of the tags and of the labels.
    """

    def __init__(self, shards: Sequence[Path], shape: tuple[int, int], vocabularies: Sequence[Sequence[str]]) -> None:
        self.shards, self.shape = list(shards), shape
        self.places = [place for number, shard in enumerate(self.shards) for place in _places(number, shard)]
        self.tags, self.labels = ({word.encode(): i for i, word in enumerate(words)} for words in vocabularies)
        self._files: list[Any] | None = None
        self._example: Any = None
        self._rows = {self._read(row)["post/id"].bytes_list.value[0]: row for row in range(len(self.places))}
        # Open files and classes made at run time don't travel to workers.
        self._files, self._example = None, None

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, row: int) -> Item:
        post = self._read(row)
        links = [self._rows[link] for link in post["links"].bytes_list.value if link in self._rows]
        drawn = links[int(torch.randint(len(links), ()))] if links else row
        other = self._read(drawn)
        return (
            np.array([row, drawn]),
            self._regions(post),
            self._regions(other),
            _multi_hot(post["tags"].bytes_list.value, self.tags),
            _multi_hot(other["tags"].bytes_list.value, self.tags),
            _multi_hot(post["labels"].bytes_list.value, self.labels),
            np.array(links, "int64"),
        )

    def _read(self, row: int) -> Any:
        if self._files is None:
            self._files = [shard.open("rb") for shard in self.shards]
            self._example = example_class()
        shard, start, length = self.places[row]
        self._files[shard].seek(start)
        return self._example.FromString(self._files[shard].read(length)).features.feature

    def _regions(self, post: Any) -> np.ndarray:
        stored = np.frombuffer(post["image/features"].bytes_list.value[0], "<f2")
        return stored.reshape(self.shape).astype("float32")


def _places(number: int, shard: Path) -> Iterator[tuple[int, int, int]]:
    with shard.open("rb") as file:
        while header := file.read(12):
            length = struct.unpack("<QI", header)[0]
            yield number, file.tell(), length
            file.seek(length + 4, 1)


def _multi_hot(words: Sequence[bytes], ids: dict[bytes, int]) -> np.ndarray:
    row = np.zeros(len(ids), "float32")
    row[[ids[word] for word in words if word in ids]] = 1.0
    return row


class Collate:
    """Stacks items; draws `negatives` posts of the batch that share no label with the anchor and aren't linked."""

    def __init__(self, negatives: int) -> None:
        self.negatives = negatives

    def __call__(self, items: Sequence[Item]) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        *columns, links = zip(*items, strict=True)
        rows, anchor, positive, tags, other_tags, labels = (torch.from_numpy(np.stack(column)) for column in columns)
        linked = torch.from_numpy(np.stack([np.isin(rows[:, 0].numpy(), ids) for ids in links]))
        eligible = ~((labels @ labels.T > 0) | linked | torch.eye(len(items), dtype=torch.bool))
        noise, places = (torch.rand(len(items), len(items)) + eligible).topk(self.negatives)
        there = noise >= 1.0
        positive_target = torch.where(rows[:, 1] != rows[:, 0], 1.0, -1.0)[:, None]
        targets = {
            "anchor": tags,
            "positive": other_tags,
            "negatives": torch.where(there, places, 0).int(),
            "triplets": torch.cat([positive_target, torch.where(there, 0.0, -1.0)], 1),
        }
        return {"anchor": anchor, "positive": positive}, targets


def loader(posts: Posts, rows: Sequence[int], batch: int, negatives: int, workers: int) -> DataLoader:
    """Batches of these rows, in this order."""
    return DataLoader(
        posts,
        batch_size=batch,
        sampler=rows,
        num_workers=workers,
        collate_fn=Collate(negatives),
        drop_last=True,
        persistent_workers=workers > 0,
    )
