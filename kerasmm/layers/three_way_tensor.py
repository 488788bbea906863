"""The three-way tensor product of tags, images and users."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

AXES = ("tag", "image", "user")


@keras.saving.register_keras_serializable(package="kerasmm")
class ThreeWayTensor(keras.layers.Layer):
    """Asks, of two of a tag, an image and a user, for the third: the tensor W of user-specific hashtags.

    Formula. Equation 3 of the paper scores a triplet of a tag h, an image f and a user u by

        s = Σ_d Σ_f Σ_e W_dfe h_d f_f u_e

    which is linear in each: s is the inner product of one of the three with a query of the other two,

        toward "tag"      q_d = Σ_f Σ_e W_dfe f_f u_e      W^(k) f of equations 4 and 5
        toward "image"    q_f = Σ_d Σ_e W_dfe h_d u_e
        toward "user"     q_e = Σ_d Σ_f W_dfe h_d f_f

    So K tags cost a query and one matrix product, `queries @ tags.T`, and so do the images or the users of a batch.

    W is read as a matrix of D rows and F · E columns, never transposed. Toward a tag it is multiplied with the outer
    product of image and user; else a tag is multiplied with it, and what comes out, `(F, E)`, with the user or the image.
    A query costs D F E multiplications and additions, and as many for each of two gradients, where equation 3 costs them
    for every tag; memory is F · E numbers a row and W, where the users' matrices W^(k) of equation 4 would take D · F.
    `toward="each"` gives all three queries at the cost of two: those toward image and user share the tag's product.

    The initialiser is asked for a matrix `(F · E, D)`, so that Glorot's fans are those of a query toward a tag.

    Args:
        tag: D, size of a tag's embedding; positive.
        image: F, of an image's.
        user: E, of a user's.
        kernel_initializer: Initialiser of W.
        regularizer: Optional regulariser of W.
        **kwargs: `keras.layers.Layer`'s own.

    Call arguments:
        first: The image `(n, F)` toward a tag, else the tag `(n, D)`.
        second: The image `(n, F)` toward a user or each, else the user `(n, E)`. A single row of either goes with every
            row of the other.
        toward: `"tag"`, `"image"`, `"user"`, or `"each"`.
        third: The user `(n, E)` toward each.

    Returns:
        The queries: `(n, D)`, `(n, F)` or `(n, E)`; toward each all three in this order.

    Raises:
        ValueError: If a size is not positive, `toward` is another word, an input has another size, or there is a `third`
            one where `toward` isn't `"each"`, or none where it is.

    Example:

    >>> layer = ThreeWayTensor(tag=4, image=3, user=2)
    >>> queries = layer(ops.ones((5, 3)), ops.ones((5, 2)), toward="tag")
    >>> ops.shape(ops.matmul(queries, ops.ones((4, 7))))  # scores of five images and their users with seven tags
    (5, 7)

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", section 3.2.
    """

    def __init__(
        self,
        tag: int,
        image: int,
        user: int,
        kernel_initializer: Any = "glorot_uniform",
        regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        for name, size in (("tag", tag), ("image", image), ("user", user)):
            if size < 1:
                raise ValueError(f"`{name}` must be positive. Received: {name}={size}")
        self.tag, self.image, self.user = tag, image, user
        self.kernel_initializer = keras.initializers.get(kernel_initializer)
        self.regularizer = keras.regularizers.get(regularizer)

    def build(
        self,
        first_shape: tuple[int | None, ...] | None = None,
        second_shape: tuple[int | None, ...] | None = None,
        third_shape: tuple[int | None, ...] | None = None,
    ) -> None:
        def drawn(shape: tuple[int, ...], dtype: Any = None) -> Any:
            matrix = self.kernel_initializer((self.image * self.user, self.tag), dtype=dtype)
            return ops.reshape(ops.transpose(matrix), shape)

        self.kernel = self.add_weight(
            name="kernel", shape=(self.tag, self.image, self.user), initializer=drawn, regularizer=self.regularizer
        )

    def call(self, first: Any, second: Any, toward: str = "tag", third: Any = None) -> Any:
        given = self._given(toward)
        self._check(given, (first, second, third), toward)
        matrix = ops.reshape(self.kernel, (self.tag, self.image * self.user))
        if toward == "tag":
            return self._toward_tag(matrix, first, second)
        of_tag = ops.reshape(ops.matmul(first, matrix), (-1, self.image, self.user))
        if toward == "image":
            return _toward_image(of_tag, second)
        if toward == "user":
            return _toward_user(of_tag, second)
        return self._toward_tag(matrix, second, third), _toward_image(of_tag, third), _toward_user(of_tag, second)

    def _toward_tag(self, matrix: Any, image: Any, user: Any) -> Any:
        # The batch comes last, so that only small matrices are transposed, never W or the products.
        image, user = ops.transpose(image), ops.transpose(user)
        products = ops.expand_dims(image, 1) * ops.expand_dims(user, 0)
        return ops.transpose(ops.matmul(matrix, ops.reshape(products, (self.image * self.user, -1))))

    def _given(self, toward: str) -> tuple[str, ...]:
        """What the inputs are."""
        if toward == "each":
            return AXES
        if toward not in AXES:
            raise ValueError(f"`toward` must be one of {(*AXES, 'each')}. Received: toward={toward!r}")
        return tuple(axis for axis in AXES if axis != toward)

    def _check(self, given: tuple[str, ...], inputs: tuple[Any, ...], toward: str) -> None:
        there = tuple(one for one in inputs if one is not None)
        if len(there) != len(given):
            raise ValueError(f"toward={toward!r} takes {', '.join(given)}. Received: {len(there)} inputs")
        for axis, one in zip(given, there, strict=True):
            size = getattr(self, axis)
            if len(one.shape) != 2 or one.shape[1] not in (None, size):
                raise ValueError(f"`{axis}` must have shape (batch, {size}). Received: shape={tuple(one.shape)}")

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "tag": self.tag,
            "image": self.image,
            "user": self.user,
            "kernel_initializer": keras.initializers.serialize(self.kernel_initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }


def _toward_image(of_tag: Any, user: Any) -> Any:
    """The tag's product `(n, F, E)` with the user `(n, E)`."""
    return ops.squeeze(ops.matmul(of_tag, ops.expand_dims(user, 2)), 2)


def _toward_user(of_tag: Any, image: Any) -> Any:
    """The tag's product `(n, F, E)` with the image `(n, F)`."""
    return ops.squeeze(ops.matmul(ops.expand_dims(image, 1), of_tag), 1)
