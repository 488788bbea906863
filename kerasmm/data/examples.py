"""A split of a data set as a `tf.data.Dataset` of named tensors, for one's own training loop."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from kerasmm.console import UserError, nearest
from kerasmm.data import batches
from kerasmm.data.manifest import FILE_NAME
from kerasmm.data.resizing import RESIZE, is_resize
from kerasmm.data.shared_decoder import decode_shared

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset

MULTI_HOT = ("tags", "labels", "keywords")
LISTS = ("sentences", "links")
_STORED = {"id": "post/id", "image": "image/encoded", "features": "image/features"}
"""Fields that the records call otherwise."""
FIELDS = ("id", "text", "user", "time", "image", "features", *MULTI_HOT, *LISTS)
USUAL = ("id", "text", "tags", "labels")


def examples(
    dataset: Dataset,
    split: str = "train",
    fields: Sequence[str] | None = None,
    *,
    image_size: tuple[int, int] | None = None,
    resize: str = "squash",
    batch_size: int = 32,
    shuffle: bool = False,
    seed: int = 0,
    drop_remainder: bool = False,
) -> tf.data.Dataset:
    """What `Dataset.examples` returns; it is described there."""
    _check_values(image_size, resize, batch_size)
    records, chosen = dataset.records(split), _fields(dataset, split, fields, image_size)
    rows = _rows(len(records), batch_size, seed if shuffle else None, drop_remainder)
    read, parse = batches.reader(records), _parser(dataset, chosen, image_size, resize)
    return batches.made_of(rows, lambda some: parse(read(some)))


def _check_values(image_size: tuple[int, int] | None, resize: str, batch_size: int) -> None:
    if not isinstance(batch_size, int) or batch_size < 1:
        raise UserError(f"`batch_size` must be a positive integer. Received: batch_size={batch_size!r}")
    if not is_resize(resize):
        raise UserError(f"`resize` must be one of {RESIZE}. Received: resize={resize!r}")
    if image_size is not None and not (len(image_size) == 2 and all(side > 0 for side in image_size)):
        raise UserError(f"`image_size` must be height and width in pixels. Received: image_size={image_size!r}")


def _fields(
    dataset: Dataset, split: str, asked: Sequence[str] | None, image_size: tuple[int, int] | None
) -> tuple[str, ...]:
    """The fields to read; refuses what the split doesn't have."""
    counts = dataset.manifest.fields.get(split, {})
    there = [name for name in FIELDS if counts.get(_STORED.get(name, name))]
    there = [name for name in there if name not in MULTI_HOT or name in dataset.manifest.vocabularies]
    if asked is None:
        picture = "features" if image_size is None else "image"
        return tuple(name for name in (*USUAL, picture) if name in there)
    if isinstance(asked, str):
        raise UserError(f'`fields` must be a sequence of names, e.g. ["{asked}"]. Received: fields={asked!r}')
    for name in asked:
        if name not in FIELDS:
            raise UserError(f"`fields`: unknown field {name!r}; there are: {', '.join(FIELDS)}.{nearest(name, FIELDS)}")
        if name not in there:
            raise UserError(
                f"{dataset.folder / FILE_NAME}: split {split!r} has no {name!r} to read (it has: {', '.join(there)})"
            )
    if "image" in asked and image_size is None:
        raise UserError("`image_size` is missing: 'image' is decoded to one size, e.g. image_size=(224, 224)")
    return tuple(asked)


def _rows(size: int, batch_size: int, seed: int | None, drop_remainder: bool) -> tf.data.Dataset:
    """Batches of row numbers; with a seed in a new order each time that they are gone through."""
    if seed is None:
        return batches.row_batches(np.arange(size), batch_size, drop_remainder)
    epochs = itertools.count()
    stop = size - size % batch_size if drop_remainder else size

    def drawn() -> Iterator[np.ndarray]:
        order = batches.epoch_order(size, seed, next(epochs))
        return (order[start : start + batch_size] for start in range(0, stop, batch_size))

    rows = tf.TensorSpec((batch_size if drop_remainder else None,), tf.int64)
    made = tf.data.Dataset.from_generator(drawn, output_signature=rows)
    return made.apply(tf.data.experimental.assert_cardinality(-(-stop // batch_size)))


def _parser(
    dataset: Dataset, fields: Sequence[str], image_size: tuple[int, int] | None, resize: str
) -> Callable[[tf.Tensor], batches.Tensors]:
    """Serialized posts `(n,)` → tensors by field."""
    words = {name: dataset.vocabulary(name) for name in MULTI_HOT if name in fields}
    tables = {name: batches.word_table(known) for name, known in words.items()}
    shape = dataset.manifest.features.shape if dataset.manifest.features else ()
    # What a post doesn't have is nothing: no words, no letters, a grey picture, features that are zero.
    spec: dict[str, object] = {
        name: tf.io.FixedLenFeature((), tf.string, "") for name in ("id", "image", "text", "user")
    }
    spec |= {name: tf.io.RaggedFeature(tf.string, row_splits_dtype=tf.int64) for name in (*MULTI_HOT, *LISTS)}
    spec["time"] = tf.io.FixedLenFeature((), tf.int64, 0)
    spec["features"] = tf.io.FixedLenFeature((), tf.string, bytes(2 * int(np.prod(shape))))

    def tensors(name: str, parsed: Mapping[str, tf.Tensor]) -> batches.Tensors:
        stored = parsed[_STORED.get(name, name)]
        if name in tables:
            return {name: batches.multi_hot(stored, tables[name], len(words[name]))}
        if name == "image":
            assert image_size is not None
            pixels, valid = decode_shared(stored, image_size, resize)
            return {"image": pixels, "has_image": valid}
        if name == "features":
            return {"features": batches.Picture(features_shape=shape).tensor(stored)}
        return {name: stored}

    def parse(serialized: tf.Tensor) -> batches.Tensors:
        parsed = tf.io.parse_example(serialized, {_STORED.get(name, name): spec[name] for name in fields})
        return {key: value for name in fields for key, value in tensors(name, parsed).items()}

    return parse
