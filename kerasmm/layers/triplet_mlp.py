"""A multi-layer perceptron on tag, image and user, in place of their three-way tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasmm.layers.cloned_initializer import cloned

AXES = ("tag", "image", "user")


@keras.saving.register_keras_serializable(package="kerasmm")
class TripletMLP(keras.layers.Layer):
    """Scores triplets of a tag h, an image f and a user u: table 2's MLP. Each row's other two against every candidate.

    Formula, with the concatenation [h; f; u] and hidden layers 1 … L:

        x_1 = max(0, K_1ᵀ [h; f; u] + b_1),    x_l = max(0, K_lᵀ x_{l-1} + b_l),    s = kᵀ x_L + b

    The concatenation is never made: K_1ᵀ [h; f; u] is a sum of three products, one for each part of K_1, so that rows and
    candidates meet only after them. Of n rows and m candidates the first layer costs a sum of n + m small products; each
    further one, of U to V units, n m U V multiplications and additions, and n m V numbers are held: give candidates in
    parts where there are many.

    With `normalised` each of h, f and u is divided by the root of its mean square, √(1/D Σ_d h_d² + 10⁻⁶). Embeddings that were
    learned apart differ in length, and what is short is hardly seen by the first layer.

    The paper doesn't say how many layers and units; the default is two of the embeddings' 300. Weights: `kernel_0`
    `(D + F + E, units)`, `bias_0` and so on, the last with a single column.

    Args:
        units: Sizes of the hidden layers; each positive, at least one.
        normalised: Bring each embedding to a mean square of 1 first.
        kernel_initializer: Initialiser of the kernels.
        regularizer: Optional regulariser of the kernels.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        image: f, `(n, F)`.
        tag: h, `(m, D)`.
        user: u, `(n, E)`. A single row of it, or of the image, goes with every row of the other.
        across: Which of the three holds the m candidates: `"tag"`, as above; `"image"`, images `(m, F)` against tag
            `(n, D)` and user `(n, E)`; or `"user"`.

    Returns:
        `(n, m)` scores.

    Raises:
        ValueError: If `units` is empty or not positive, `across` is another word, or the last axis of an input is not known.

    Example:

    >>> layer = TripletMLP(units=(8,))
    >>> scores = layer(ops.ones((5, 3)), ops.ones((7, 4)), ops.ones((5, 2)))  # five images and their users, seven tags
    >>> ops.shape(scores)
    (5, 7)

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 4.2.
    """

    def __init__(
        self,
        units: Sequence[int] = (300, 300),
        normalised: bool = False,
        kernel_initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not units or min(units) < 1:
            raise ValueError(f"`units` must be positive, at least one. Received: units={tuple(units)}")
        self.units, self.normalised = list(units), normalised
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.regularizer = keras.regularizers.get(regularizer)

    def build(
        self,
        image_shape: tuple[int | None, ...],
        tag_shape: tuple[int | None, ...],
        user_shape: tuple[int | None, ...],
    ) -> None:
        sizes = []
        for name, shape in zip(AXES, (tag_shape, image_shape, user_shape), strict=True):
            if shape[-1] is None:
                raise ValueError(f"The last axis of `{name}` must be known. Received: shape={shape}")
            sizes.append(shape[-1])
        self.ends = [sum(sizes[: place + 1]) for place in range(3)]
        widths = [self.ends[-1], *self.units, 1]
        self.kernels, self.biases = [], []
        for place, shape in enumerate(zip(widths, widths[1:], strict=False)):
            self.kernels.append(
                self.add_weight(
                    name=f"kernel_{place}",
                    shape=shape,
                    initializer=cloned(self.kernel_initializer),
                    regularizer=self.regularizer,
                )
            )
            self.biases.append(self.add_weight(name=f"bias_{place}", shape=shape[1:], initializer="zeros"))

    def call(self, image: Any, tag: Any, user: Any, across: str = "tag") -> Any:
        if across not in AXES:
            raise ValueError(f"`across` must be one of {AXES}. Received: across={across!r}")
        if self.normalised:
            image, tag, user = (_normalised(one) for one in (image, tag, user))
        first = ops.split(self.kernels[0], self.ends[:-1], axis=0)
        parts = {
            name: ops.matmul(given, kernel) for name, given, kernel in zip(AXES, (tag, image, user), first, strict=True)
        }
        candidates = parts.pop(across)
        one, other = parts.values()
        rows = one + other + self.biases[0]
        hidden = ops.expand_dims(rows, 1) + ops.expand_dims(candidates, 0)
        # As a matrix, of which a product is one product.
        hidden = ops.relu(ops.reshape(hidden, (-1, self.units[0])))
        for kernel, bias in zip(self.kernels[1:-1], self.biases[1:-1], strict=True):
            hidden = ops.relu(ops.matmul(hidden, kernel) + bias)
        scores = ops.matmul(hidden, self.kernels[-1]) + self.biases[-1]
        return ops.reshape(scores, (ops.shape(rows)[0], ops.shape(candidates)[0]))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "normalised": self.normalised,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }


def _normalised(vectors: Any) -> Any:
    # A sum of squares overflows half precision.
    exact = ops.cast(vectors, "float32")
    return ops.cast(exact * ops.rsqrt(ops.mean(ops.square(exact), axis=-1, keepdims=True) + 1e-6), vectors.dtype)
