"""What an exported model answers: a `Signatures` a paper, which an export makes with what it gives (`Services`)."""

from __future__ import annotations

import abc
import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from kerasmm.systems.signature_inputs import INPUTS, Input, specs

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasmm.systems.system import Arrays

__all__ = ["INPUTS", "Input", "Services", "Signature", "Signatures", "branch", "never_empty", "specs", "unit_rows"]

BY_VECTOR = {"image": "vector", "images": "vectors"}
"""Inputs that are pictures, and what stands in their place where the features of the posts came from elsewhere."""


@dataclasses.dataclass(frozen=True)
class Signature:
    """One answer of an exported model.

    Args:
        inputs: Name and spec of each input; dimension 0 is the batch and is free.
        answer: Called with the inputs by name, returns the outputs by name; each has the batch as dimension 0. Where there is
            an output `valid`, an export empties the rows of the others where it is False.
    """

    inputs: Mapping[str, tf.TensorSpec]
    answer: Callable[..., dict[str, tf.Tensor]]


class Services(Protocol):
    """What an export gives to the signatures of a system. All of it lives in the SavedModel."""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What of `System.kinds` is indexed: posts without sentences leave no sentence to find."""

    def decode(self, encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Picture bytes `(n,)` → pixels `(n, h, w, 3)` as in training, and `valid` `(n,)`."""

    def lookup(self, vocabulary: str, words: tf.Tensor, as_written: bool = False) -> tf.Tensor:
        """Words of any shape → their ids in a vocabulary, -1 where unknown; normalised as in data preparation, or just
        `as_written`, as names are."""

    def words(self, vocabulary: str, ids: tf.Tensor) -> tf.Tensor:
        """Ids of any shape → the words of a vocabulary."""

    def search(
        self, queries: tf.Tensor, k: tf.Tensor, kind: str = "posts", ranking: str = "inner"
    ) -> dict[str, tf.Tensor]:
        """Queries `(n, d)`, `k` `(n,)` → `ids` and `scores` `(n, max k)` by inner product with what is indexed of a kind, filled
        up with `""` and 0 where a row wants fewer; their `texts` too, where `System.outputs` has them. `ranking` is one of
        `kerasmm.serving.indexes.exact.RANKINGS`."""

    @property
    def classify(self) -> Callable[[tf.Tensor], dict[str, tf.Tensor]] | None:
        """`vectors` `(n, d)` as `outputs` gives them → `labels` and `scores` `(n, C)`, best first, by the common classifier
        on the training split; None where `Signatures.classifies` is False or its posts have no labels."""


class Signatures(abc.ABC):
    """What the SavedModel of a paper's system answers.

    Args:
        system: The system.
        model: What its `from_pixels` gave.
        services: What the export gives.
    """

    classifies: ClassVar[bool] = False
    """Whether an export learns the common classifier of labels on the training posts, for `services.classify`."""

    def __init__(self, system: Any, model: keras.Model, services: Services) -> None:
        self.system, self.model, self.services = system, model, services

    @property
    def by_vector(self) -> bool:
        """Whether a picture is given by its vector, since the features of the posts came from elsewhere."""
        return bool(self.system.pictures.elsewhere)

    def picture(self, given: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Picture bytes `(n,)` → pixels, or vectors `(n, …)` → those, and `valid` `(n,)`; a vector that isn't finite is zeros."""
        if not self.by_vector:
            return self.services.decode(given)
        import tensorflow as tf

        axes = list(range(1, given.shape.rank))
        finite = tf.reduce_all(tf.math.is_finite(given), axis=axes)
        return tf.where(tf.reshape(finite, (-1, *[1] * len(axes))), given, 0.0), finite

    def of_pictures(self, found: dict[str, Signature], renamed: Mapping[str, str]) -> dict[str, Signature]:
        """Signatures that take `image`, or `images`; by vector, they take `vector` or `vectors` in its place, and some have
        another name."""
        if not self.by_vector:
            return found
        return {renamed.get(name, name): self._by_vector(one) for name, one in found.items()}

    def _by_vector(self, one: Signature) -> Signature:
        import tensorflow as tf

        shape = self.system.pictures.stored["shape"]
        inputs = {
            BY_VECTOR.get(key, key): tf.TensorSpec((*spec.shape, *shape), tf.float32) if key in BY_VECTOR else spec
            for key, spec in one.inputs.items()
        }
        pictures = {given: name for name, given in BY_VECTOR.items()}

        def answer(**asked: tf.Tensor) -> dict[str, tf.Tensor]:
            return one.answer(**{pictures.get(key, key): tensor for key, tensor in asked.items()})

        return Signature(inputs, answer)

    @classmethod
    def index_vectors(cls, outputs: Arrays) -> np.ndarray:
        """The vectors that go into the index of an export, of `System.outputs`; similarity is the inner product."""
        vectors: np.ndarray = outputs["vectors"].astype("float32")
        return vectors

    @classmethod
    def index_scales(cls, outputs: Arrays) -> np.ndarray | None:
        """What the inner product with each indexed vector is multiplied by for the rankings `scaled` and `rank_sum` of
        `Services.search`, `(n,)`; None where nothing is ranked by them."""
        return None

    @classmethod
    def missing(cls, system: Any, model: keras.Model) -> dict[str, str]:
        """Signatures that exports of the paper have and that of this model has not: why, in a few words each."""
        return {}

    @abc.abstractmethod
    def answered(self) -> dict[str, Signature]:
        """Signatures by name; `serving_default` is what a request without a name gets."""


def unit_rows(vectors: np.ndarray) -> np.ndarray:
    """Vectors `(n, d)` of length 1, as float32; one of zeros stays as it is."""
    import numpy as np

    vectors = vectors.astype("float32")
    normalised: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return normalised


def branch(model: keras.Model, name: str) -> keras.Model:
    """The part of a model from its input to its output of one name, e.g. from pixels to the image's vector."""
    import keras

    return keras.Model({name: model.input[name]}, {name: model.output[name]})


def never_empty(
    network: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]], inputs: dict[str, tf.Tensor]
) -> dict[str, tf.Tensor]:
    """Runs a network on a batch that may have no rows.

    Convolutions of an empty batch fail on oneDNN kernels: one row of zeros ("" for a text) runs along and is cut off.

    Args:
        network: Inputs by name → outputs by name.
        inputs: Pixels, texts …, `(n, …)` each.
    """
    import tensorflow as tf

    rows = tf.shape(next(iter(inputs.values())))[0]
    more = tf.cast(rows == 0, tf.int32)

    def longer(given: tf.Tensor) -> tf.Tensor:
        # No `tf.pad`: oneDNN makes one kernel of it and a convolution, which then sees the empty batch after all.
        return tf.concat([given, tf.zeros(tf.concat([[more], tf.shape(given)[1:]], 0), given.dtype)], 0)

    padded = {name: longer(given) for name, given in inputs.items()}
    return {name: output[:rows] for name, output in network(padded).items()}
