"""Heterogeneous network embedding: pictures and texts in one space, where linked ones are similar."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

PAIRS = {"image_image": ("image", "image"), "text_text": ("text", "text"), "image_text": ("image", "text")}
"""The three kinds of links, and what stands at their two ends."""
ACTIVATIONS = {"image": "relu", "text": "tanh"}


def hne(
    features: int,
    words: int,
    dimensions: int = 64,
    *,
    image_units: Sequence[int] = (512,),
    text_units: Sequence[int] = (),
    dropout: float = 0.5,
    image_dropout: float = 0.3,
    text_dropout: float = 0.5,
    regularisation: float = 0.0,
    feature_mean: np.ndarray | None = None,
    feature_variance: np.ndarray | None = None,
    seed: int = 0,
    name: str = "hne",
) -> keras.Model:
    """Embeds a picture and a text, each by its own branch.

    Formula:

        x̃ = Uᵀ p(x)    of a picture,    z̃ = Vᵀ q(z)    of a text

    where p and q are fully connected layers, with ReLU and with tanh, or nothing: then the branch is linear. (Texts of
    one word, which queries are, are unlike those of training; tanh bears that better than ReLU.) The last layers, U
    and V, have no bias. x holds stored features, standardised and divided by √features, so that a picture has a norm
    near 1; z the words of a text, scaled to norm 1 (a text without words stays zero).

    Args:
        features: M, the features of a picture.
        words: L, the size of the vocabulary.
        dimensions: r, of the common space.
        image_units: Units of the layers of p.
        text_units: Units of the layers of q.
        dropout: Rate after each layer of p and q, in [0, 1).
        image_dropout: Rate on the features.
        text_dropout: Rate on the words. A query is a single word; texts that lose words come near to it.
        regularisation: λ3, weighs ‖U‖² + ‖V‖².
        feature_mean: M means that standardise the features. None leaves them as they are.
        feature_variance: M positive variances; given exactly when `feature_mean` is.
        seed: Seeds the weights and the dropout.
        name: Name of the model.

    Returns:
        A functional model from `{"image": (B, M), "text": (B, L)}` to vectors `{"image": (B, r), "text": (B, r)}`.

    Raises:
        ValueError: For a size that is not positive, a wrong rate, or mean and variance of other sizes than M.

    Example:

    >>> model = hne(features=6, words=10, dimensions=4)
    >>> vectors = model({"image": ops.ones((2, 6)), "text": ops.ones((2, 10))})
    >>> [tuple(vectors[side].shape) for side in ("image", "text")]
    [(2, 4), (2, 4)]

    Reference:
        Chang et al. (2015), "Heterogeneous Network Embedding via Deep Architectures", KDD.
    """
    sizes = {"features": (features,), "words": (words,), "dimensions": (dimensions,)}
    for argument, values in {**sizes, "image_units": image_units, "text_units": text_units}.items():
        if any(value < 1 for value in values):
            raise ValueError(f"`{argument}` must be positive. Received: {argument}={tuple(values)}")
    for argument, rate in {"dropout": dropout, "image_dropout": image_dropout, "text_dropout": text_dropout}.items():
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"`{argument}` must lie in [0, 1). Received: {argument}={rate}")
    if (feature_mean is None) != (feature_variance is None):
        raise ValueError("`feature_mean` and `feature_variance` go together. Received only one of them.")

    # === Layers ===
    generator = np.random.default_rng(seed)

    def draw() -> int:
        return int(generator.integers(1 << 31))

    def drop(values: Any, rate: float) -> Any:
        return keras.layers.Dropout(rate, seed=draw())(values) if rate else values

    scale: dict[str, keras.layers.Layer] = {"text": keras.layers.UnitNormalization(name="unit_text")}
    if feature_mean is not None and feature_variance is not None:
        for argument, moments in {"feature_mean": feature_mean, "feature_variance": feature_variance}.items():
            if np.shape(moments) != (features,):
                raise ValueError(f"`{argument}` must have {features} values. Received: shape={np.shape(moments)}")
        variance = np.asarray(feature_variance, "float32") * features
        scale["image"] = keras.layers.Normalization(mean=feature_mean, variance=variance, name="standardise")

    # === Functional model ===
    inputs = {"image": keras.Input((features,), name="image"), "text": keras.Input((words,), name="text")}
    vectors = {}
    for side, units, rate in (("image", image_units, image_dropout), ("text", text_units, text_dropout)):
        hidden = scale[side](inputs[side]) if side in scale else inputs[side]
        hidden = drop(hidden, rate)
        for number, unit in enumerate(units, 1):
            initial = keras.initializers.HeNormal(seed=draw())
            layer = keras.layers.Dense(unit, ACTIVATIONS[side], kernel_initializer=initial, name=f"{side}_{number}")
            hidden = drop(layer(hidden), dropout)
        vectors[side] = keras.layers.Dense(
            dimensions,
            use_bias=False,
            kernel_initializer=keras.initializers.GlorotUniform(seed=draw()),
            kernel_regularizer=keras.regularizers.L2(regularisation) if regularisation else None,
            dtype="float32",
            name=f"{side}_embedding",
        )(hidden)
    return keras.Model(inputs, vectors, name=name)


def hne_decisions(base: keras.Model) -> keras.Model:
    """The decisions of every pair in a batch, for each of the three kinds of links.

    Formula:

        s(x_i, x_j) = x̃_iᵀ x̃_j    s(z_i, z_j) = z̃_iᵀ z̃_j    s(x_i, z_j) = x̃_iᵀ z̃_j    d = s - t

    with a bias t of each kind that is learnt with the rest. The vectors of a batch are computed once for all its pairs.

    Args:
        base: From `hne`.

    Returns:
        A model with the inputs of `base` and the outputs `image_image`, `text_text` and `image_text`, each `(B, B)`.

    Example:

    >>> model = hne_decisions(hne(features=6, words=10))
    >>> decisions = model({"image": ops.ones((3, 6)), "text": ops.ones((3, 10))})
    >>> {kind: tuple(values.shape) for kind, values in sorted(decisions.items())}
    {'image_image': (3, 3), 'image_text': (3, 3), 'text_text': (3, 3)}
    """
    vectors = base.output
    decisions = {
        kind: _Decision(dtype="float32", name=kind)([vectors[row], vectors[column]])
        for kind, (row, column) in PAIRS.items()
    }
    return keras.Model(base.input, decisions, name=f"{base.name}_decisions")


class _Decision(keras.layers.Layer):
    """Inner products of all pairs of two batches, minus a learnt bias."""

    def build(self, input_shape: Any) -> None:
        self.bias = self.add_weight(shape=(), initializer="zeros", name="bias")

    def call(self, inputs: Any) -> Any:
        rows, columns = inputs
        return ops.matmul(rows, ops.transpose(columns)) - self.bias

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, int | None]:
        return input_shape[0][0], input_shape[1][0]
