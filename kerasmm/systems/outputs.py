"""Runs a model over a split in batches, in reading order."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from kerasmm.data import batches
from kerasmm.data.dataset import Dataset
from kerasmm.data.sentences import sentence_batches
from kerasmm.systems.protocol import Arrays

if TYPE_CHECKING:
    import keras

BATCH = 64

Tensors = dict[str, tf.Tensor]


def model_outputs(
    model: keras.Model | None,
    dataset: Dataset,
    split: str,
    picture: batches.Picture,
    vocabularies: Mapping[str, Sequence[str]],
    wanted: Mapping[str, Callable[[Tensors], tf.Tensor]],
) -> Iterator[Arrays]:
    """Outputs of a one-input model, with what the posts hold.

    Args:
        model: From a picture to a dict of outputs; None gives what the posts hold and no outputs.
        dataset: The data set.
        split: One of its splits.
        picture: How pictures come into the model.
        vocabularies: Word lists by field; each comes as a multi-hot array of that name.
        wanted: What to return, by name, of the model's dict of outputs.

    Yields:
        Per batch: `id` (bytes), the multi-hot fields, the named outputs, and `features`, the mean over the regions,
        where the picture is stored features.
    """
    words = tuple((field, tuple(known)) for field, known in vocabularies.items())
    fields = _Fields(tuple(model.input) if model is not None else (), picture, words)
    yield from post_outputs(model, dataset, split, fields, wanted)


@dataclasses.dataclass(frozen=True)
class _Fields:
    """Serialized posts `(n,)` → the inputs, and multi-hot arrays of the vocabularies."""

    inputs: tuple[str, ...]
    picture: batches.Picture
    vocabularies: tuple[tuple[str, tuple[str, ...]], ...]

    @functools.cached_property
    def _tables(self) -> dict[str, tf.lookup.StaticHashTable]:
        # Not of the graph that asks for them first.
        with tf.init_scope():
            return {field: batches.word_table(words) for field, words in self.vocabularies}

    def __call__(self, serialized: tf.Tensor) -> tuple[Tensors, Tensors]:
        parsed = batches.parse(serialized, self.picture, ("post/id", *self._tables))
        found = {
            field: batches.multi_hot(parsed[field], self._tables[field], len(words))
            for field, words in self.vocabularies
        }
        found["id"] = parsed["post/id"].flat_values
        if self.picture.features_shape is not None:
            found["features"] = pooled(parsed["picture"], self.picture)
        return dict.fromkeys(self.inputs, parsed["picture"]), found


def pooled(features: tf.Tensor, picture: batches.Picture) -> tf.Tensor:
    """Stored features `(n, …, M)` → their mean over the regions, `(n, M)`."""
    assert picture.features_shape is not None
    regions = tf.reshape(features, (tf.shape(features)[0], -1, picture.features_shape[-1]))
    return tf.reduce_mean(regions, axis=1)


def post_outputs(
    model: keras.Model | None,
    dataset: Dataset,
    split: str,
    fields: Callable[[tf.Tensor], tuple[Tensors, Tensors]],
    wanted: Mapping[str, Callable[[Tensors], tf.Tensor]],
) -> Iterator[Arrays]:
    """Outputs of a model over the posts of a split, with what the posts hold.

    Args:
        model: From a dict of inputs to a dict of outputs; None gives what the posts hold and no outputs.
        dataset: The data set.
        split: One of its splits.
        fields: Serialized posts `(n,)` → the model's inputs, and what of the posts is kept; hashable. Equal ones are traced
            once a split.
        wanted: What to return, by name, of the model's dict of outputs.
    """
    predict = _graph(model) if model is not None else None
    for inputs, kept in _posts(dataset, split, fields):
        found = {name: value.numpy() for name, value in kept.items()}
        if predict is not None:
            outputs = predict(inputs)
            found |= {name: pick(outputs).numpy() for name, pick in wanted.items()}
        yield found


_POSTS: weakref.WeakKeyDictionary[Dataset, dict[Any, tf.data.Dataset]] = weakref.WeakKeyDictionary()


def _posts(dataset: Dataset, split: str, fields: Callable[[tf.Tensor], tuple[Tensors, Tensors]]) -> tf.data.Dataset:
    """What `fields` makes of the posts of a split, batch by batch."""
    made = _POSTS.setdefault(dataset, {})
    if (split, fields) not in made:
        records = dataset.records(split)
        read = batches.reader(records)
        rows = batches.row_batches(np.arange(len(records)), BATCH)
        made[split, fields] = batches.made_of(rows, lambda some: fields(read(some)))
    return made[split, fields]


_GRAPHS: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def _graph(model: keras.Model) -> Any:
    """The model as one graph. Traced once a model: the last, smaller batch doesn't make a second one."""
    if model not in _GRAPHS:
        specs = {name: tf.TensorSpec(given.shape, given.dtype) for name, given in model.input.items()}
        # The graph must not keep the model alive, or the table of graphs would never forget it.
        reference = weakref.ref(model)

        @tf.function(input_signature=[specs], autograph=False)
        def predict(inputs: Tensors) -> Tensors:
            outputs: Tensors = reference()(inputs, training=False)  # type: ignore[misc]
            return outputs

        _GRAPHS[model] = predict
    return _GRAPHS[model]


def sentence_outputs(
    model: keras.Model, dataset: Dataset, split: str, ids: Callable[[tf.Tensor], tf.Tensor]
) -> Iterator[Arrays]:
    """Embeddings of the sentences of a split.

    Args:
        model: From a dict of one input, ids `(n, steps)`, to a dict of one output.
        dataset: The data set.
        split: One of its splits.
        ids: Texts `(n,)` → ids, padded with 0.

    Yields:
        Per batch: `id`, `post`, `text` and `vectors`; see `System.outputs`.
    """
    predict = _graph(model)
    (name,), (answer,) = model.input, model.output
    for batch in sentence_batches(dataset.records(split)):
        found = {name: values.numpy() for name, values in batch.items()}
        if not len(found["text"]):
            continue
        steps = ids(batch["text"]).numpy()
        # Sentences of like length together: few steps go to padding.
        order = np.argsort((steps > 0).sum(axis=1), kind="stable")
        vectors = []
        for start in range(0, len(order), BATCH):
            some = steps[order[start : start + BATCH]]
            longest = int((some > 0).sum(axis=1).max())
            vectors.append(predict({name: tf.constant(some[:, :longest])})[answer].numpy())
        joined = np.concatenate(vectors)
        names = [b"%s#%d" % pair for pair in zip(found["id"], found["place"], strict=True)]
        yield {
            "id": np.array(names, object),
            "post": found["post"],
            "text": found["text"],
            "vectors": joined[np.argsort(order)],
        }


def picked_rows(outputs: Iterable[Arrays], name: str, rows: Sequence[int]) -> np.ndarray:
    """One output of the posts at `rows`, in their order; nothing else is kept, and nothing read past the last of them.

    Args:
        outputs: What `System.outputs` yields.
        name: Of the output.
        rows: Rows of the split.
    """
    kept: dict[int, np.ndarray] = {}
    start = 0
    for batch in outputs:
        output = batch[name]
        kept |= {row: output[row - start] for row in rows if start <= row < start + len(output)}
        start += len(output)
        if start > max(rows):
            break
    return np.stack([kept[row] for row in rows])
