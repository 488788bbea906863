"""One vector a user, and the mean of all for a user that training never saw."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="kerasmm")
class UserVectors(keras.layers.Layer):
    """Looks the vectors of users up; a user without one gets the mean user.

    Formula: u(k) = U_k for k = 0 … users - 1, and 1/users Σ_j U_j for k < 0.

    Args:
        users: Number of users; positive.
        dimension: E, size of a vector; positive.
        initializer: Initialiser of the vectors.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        ids: Integers of any shape, below 0 for an unknown user.

    Returns:
        The shape of `ids` and E.

    Raises:
        ValueError: If a size is not positive.

    Example:

    >>> layer = UserVectors(users=3, dimension=2)
    >>> ops.shape(layer(ops.array([0, 2, -1])))
    (3, 2)

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 3.2.
    """

    def __init__(self, users: int, dimension: int, initializer: Any = "random_normal", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for name, size in (("users", users), ("dimension", dimension)):
            if size < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={size}")
        self.supports_masking = True
        self.users, self.dimension = users, dimension
        self.initializer = keras.initializers.get(initializer)

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.embeddings = self.add_weight(
            name="embeddings", shape=(self.users, self.dimension), initializer=self.initializer
        )

    def call(self, ids: Any) -> Any:
        own = ops.take(self.embeddings, ops.maximum(ids, 0), axis=0)
        return ops.where(ops.expand_dims(ids >= 0, -1), own, ops.mean(self.embeddings, axis=0))

    def compute_output_shape(self, shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*shape, self.dimension)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "users": self.users,
            "dimension": self.dimension,
            "initializer": keras.initializers.serialize(self.initializer),
        }
