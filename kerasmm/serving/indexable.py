"""The posts of a data set that an export's model can embed, with the features that it reads."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasmm.console import UserError, console, progress
from kerasmm.data.dataset import Dataset
from kerasmm.data.manifest import Features, Manifest, Shard, sha256_of
from kerasmm.data.post import FEATURES_DTYPE

if TYPE_CHECKING:
    import tensorflow as tf

    from kerasmm.systems.system import System

READ = 32
"""Posts that are read, and pictures that are encoded, at a time."""


def indexable(
    dataset: Dataset, system: System, pictures: bool, leave_out: Collection[str], folder: Path, quiet: bool = False
) -> Dataset:
    """The data set itself where the model can embed all of its posts, else a copy of those that it can.

    The copy has features of the model's encoder where the data set has none or others, and no pictures besides.

    Args:
        dataset: The posts.
        system: Of the export.
        pictures: Whether its model needs a picture.
        leave_out: Ids of posts that aren't wanted.
        folder: For the copy, made where it is needed.
        quiet: No progress bar.

    Raises:
        UserError: When no post is left, or pictures can't be encoded as those of the model were.
    """
    manifest = dataset.manifest
    stored = system.pictures.stored if pictures else None
    here = manifest.features.model_dump(mode="json") if manifest.features else None
    field = "image/features" if stored and stored == here else "image/encoded"
    whole = all(manifest.fields.get(split, {}).get(field, 0) == manifest.records(split) for split in manifest.splits)
    if not leave_out and (not pictures or whole and (not stored or field == "image/features")):
        return dataset
    encode = None
    if stored and field == "image/encoded":
        console(quiet).print(f"{dataset.folder}: encoding pictures, since it has no features of {stored['encoder']}")
        encode = _encoder(system)
    splits, fields = {}, {}
    folder.mkdir(parents=True)
    with progress(quiet) as bar:
        task = bar.add_task("reading posts", total=sum(map(manifest.records, manifest.splits)), note="")
        for split in (name for name in manifest.splits if manifest.records(name)):
            kept = _kept(dataset, split, field if pictures else None, leave_out, lambda n: bar.advance(task, n))
            shard, counts = _written(folder / f"{split}.tfrecord", kept, bool(stored), encode)
            if shard.records:
                splits[split], fields[split] = [shard], counts
    if not splits:
        what = "with a picture " if pictures else ""
        raise UserError(f"{dataset.folder}: no post {what}is left to index")
    features = Features(**stored) if stored else None
    Manifest(source=manifest.source, splits=splits, fields=fields, features=features).write(folder)
    return Dataset(folder)


def _kept(
    dataset: Dataset, split: str, field: str | None, leave_out: Collection[str], advance: Callable[[int], object]
) -> Iterator[list[Any]]:
    """Examples of the posts that are wanted and have a field, some at a time."""
    import tensorflow as tf

    records = dataset.records(split)
    for start in range(0, len(records), READ):
        some = [
            tf.train.Example.FromString(one) for one in records.read(np.arange(start, min(start + READ, len(records))))
        ]
        advance(len(some))
        yield [
            one
            for one in some
            if (field is None or field in one.features.feature)
            and one.features.feature["post/id"].bytes_list.value[0].decode() not in leave_out
        ]


def _written(
    path: Path, examples: Iterator[list[Any]], stored: bool, encode: Callable[[list[bytes]], np.ndarray] | None
) -> tuple[Shard, dict[str, int]]:
    import tensorflow as tf

    records, counts = 0, dict[str, int]()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for some in examples:
            if encode and some:
                pictures = [one.features.feature["image/encoded"].bytes_list.value[0] for one in some]
                for one, vector in zip(some, encode(pictures), strict=True):
                    one.features.feature["image/features"].bytes_list.value[:] = [vector.tobytes()]
            for one in some:
                if stored:
                    # Features stand for it, and it is most of a record.
                    one.features.feature.pop("image/encoded", None)
                for name in one.features.feature:
                    counts[name] = counts.get(name, 0) + 1
                writer.write(one.SerializeToString(deterministic=True))
                records += 1
    return Shard(name=path.name, bytes=path.stat().st_size, sha256=sha256_of(path), records=records), counts


def _encoder(system: System) -> Callable[[list[bytes]], np.ndarray]:
    """Pictures → features in the type that data sets store."""
    import tensorflow as tf

    from kerasmm.data.images import decode_images

    encoder = system.pictures.encoder
    limit = np.finfo(FEATURES_DTYPE)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
    def features(encoded: tf.Tensor) -> tf.Tensor:
        return encoder.model(decode_images(encoded, encoder.image_size, encoder.resize)[0], training=False)

    def encode(encoded: list[bytes]) -> np.ndarray:
        return np.clip(features(encoded).numpy(), limit.min, limit.max).astype(FEATURES_DTYPE)

    return encode
