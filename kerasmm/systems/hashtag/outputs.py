"""What hashtag embeds of a split's posts."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import tensorflow as tf

from kerasmm.models import hashtag_part, in_second_stage
from kerasmm.systems.hashtag.posts import NONE, most_tags
from kerasmm.systems.outputs import Tensors, pooled, post_outputs
from kerasmm.systems.protocol import Arrays

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.hashtag.posts import Posts


class PostOutputs:
    """Runs a model over posts.

    Args:
        posts: What parses them.
    """

    def __init__(self, posts: Posts) -> None:
        self.posts = posts
        # One for each model, so that its graph is traced once.
        self._parts: weakref.WeakKeyDictionary[keras.Model, keras.Model] = weakref.WeakKeyDictionary()
        self._most_tags: dict[tuple[Path, str], int] = {}

    def __call__(self, model: keras.Model | None, dataset: Dataset, split: str) -> Iterator[Arrays]:
        """Per batch `id`, `image` and `vectors` as `kerasmm.models.hashtag` gives them, `user` `(n,)` and `tags` `(n, most)`
        as ids, -1 for a user that training never saw and behind a post's tags; `features`, where they are stored.
        """
        key = dataset.folder, split
        if key not in self._most_tags:
            self._most_tags[key] = most_tags(self.posts, dataset.records(split))
        part = self._part(model) if model is not None else None
        fields = _Fields(self.posts, tuple(part.input) if part is not None else (), self._most_tags[key])
        # Where users aren't trained, a tag finds pictures by what finds tags, of unit length for equation 2.
        specific = model is not None and in_second_stage(model)
        picks = {"image": "image" if specific else "vectors", "vectors": "vectors"}
        wanted = {name: functools.partial(_picked, pick) for name, pick in picks.items()}
        yield from post_outputs(part, dataset, split, fields, wanted)

    def _part(self, model: keras.Model) -> keras.Model:
        if model not in self._parts:
            self._parts[model] = hashtag_part(model, "image", "vectors")
        return self._parts[model]


@dataclasses.dataclass(frozen=True)
class _Fields:
    """Serialized posts `(n,)` → what the model takes of them, and what is kept beside its outputs."""

    posts: Posts
    inputs: tuple[str, ...]
    most: int

    def __call__(self, serialized: tf.Tensor) -> tuple[Tensors, Tensors]:
        found = self.posts.parsed(serialized)
        given = {self.posts.picture_input: found["picture"], "user": found["user"]}
        behind = [[0, 0], [0, self.most - tf.shape(found["tags"])[1]]]
        tags = tf.pad(found["tags"], behind, constant_values=NONE)
        kept = {"id": found["id"], "user": found["user"], "tags": tags}
        if self.posts.picture.features_shape is not None:
            kept["features"] = pooled(found["picture"], self.posts.picture)
        return {name: given[name] for name in self.inputs}, kept


def _picked(name: str, outputs: Tensors) -> tf.Tensor:
    return outputs[name]
