"""A picture's features with a bias that depends on its tweet."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasmm.layers.cloned_initializer import cloned


@keras.saving.register_keras_serializable(package="kerasmm")
class TweetBias(keras.layers.Layer):
    """Adds a tweet-dependent bias to the embedding of an image.

    Formula (equation 1 of the paper):

        g(Φ(I), Ψ(T)) = W_Iᵀ Φ(I) + W_Tᵀ Ψ(T)

    Neither term has a bias of its own, so that the embedding of one modality is what the layer gives with zeros in the
    other's place. Weights: `image_kernel` `(I, d)` and `text_kernel` `(T, d)`.

    Args:
        dimension: d, positive.
        kernel_initializer: Initialiser of both kernels.
        regularizer: Optional regulariser of both kernels.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        image: Φ(I), `(batch, I)`.
        text: Ψ(T), `(batch, T)`. A single row of either goes with every row of the other.

    Returns:
        `(batch, d)`.

    Raises:
        ValueError: If `dimension` is not positive, or the last axis of either input is not known.

    Example:

    >>> embedding = TweetBias(4)(ops.ones((2, 5)), ops.ones((2, 3)))
    >>> ops.shape(embedding)
    (2, 4)

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data", section
        3.1.3.
    """

    def __init__(
        self, dimension: int, kernel_initializer: Any = "glorot_uniform", regularizer: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if dimension < 1:
            raise ValueError(f"`dimension` must be positive. Received: dimension={dimension}")
        self.dimension = dimension
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.regularizer = keras.regularizers.get(regularizer)

    def build(self, image_shape: tuple[int | None, ...], text_shape: tuple[int | None, ...]) -> None:
        kernels = []
        for name, shape in (("image", image_shape), ("text", text_shape)):
            if shape[-1] is None:
                raise ValueError(f"The last axis of `{name}` must be known. Received: shape={shape}")
            kernels.append(
                self.add_weight(
                    name=f"{name}_kernel",
                    shape=(shape[-1], self.dimension),
                    initializer=cloned(self.kernel_initializer),
                    regularizer=self.regularizer,
                )
            )
        self.image_kernel, self.text_kernel = kernels

    def call(self, image: Any, text: Any) -> Any:
        return ops.matmul(image, self.image_kernel) + ops.matmul(text, self.text_kernel)

    def compute_output_shape(
        self, image_shape: tuple[int | None, ...], text_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        rows = text_shape[0] if image_shape[0] == 1 else image_shape[0]
        return rows, self.dimension

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "dimension": self.dimension,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }
