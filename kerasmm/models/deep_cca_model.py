"""Deep canonical correlation analysis: a network for each of two views."""

from __future__ import annotations

from collections.abc import Sequence

import keras


def deep_cca(
    features: int,
    words: int,
    *,
    dimensions: int = 64,
    hidden: Sequence[int] = (512,),
    dropout: float = 0.0,
    feature_mean: Sequence[float] | None = None,
    feature_variance: Sequence[float] | None = None,
    seed: int | None = None,
    name: str = "deep_cca",
) -> keras.Model:
    """Two multilayer perceptrons to spaces of the same size, trained with `kerasmm.losses.CanonicalCorrelationLoss`.

    Each branch is its hidden layers with ReLU, dropout before each, and a linear layer. The branches share nothing: a
    picture or a set of words is embedded alone by the layer of its name, `model.get_layer("images")` or `"words"`.

    Args:
        features: M, pooled image features.
        words: L, the size of the tag vocabulary.
        dimensions: d of both outputs.
        hidden: Units of the hidden layers of each branch; none makes it linear.
        dropout: Rate in [0, 1).
        feature_mean: M means that standardise the features. None leaves the features as they are.
        feature_variance: M variances; given exactly when `feature_mean` is.
        seed: Seeds initial weights and dropout.
        name: Name of the model.

    Returns:
        A functional model from `{"features": (B, M), "tags": (B, L)}` to `{"images": (B, d), "words": (B, d)}`, float32.

    Raises:
        ValueError: For sizes that aren't positive, a wrong rate, or mean and variance of other sizes than M.

    Example:

    >>> model = deep_cca(features=4, words=10, dimensions=3, hidden=(8,))
    >>> outputs = model({"features": keras.ops.ones((2, 4)), "tags": keras.ops.ones((2, 10))})
    >>> tuple(outputs["images"].shape), tuple(outputs["words"].shape)
    ((2, 3), (2, 3))

    Reference:
        Andrew, Arora, Bilmes and Livescu (2013), "Deep Canonical Correlation Analysis"; Yan and Mikolajczyk (2015),
        "Deep Correlation for Matching Images and Text".
    """
    sizes = {"features": features, "words": words, "dimensions": dimensions, "hidden": min(hidden, default=1)}
    for argument, size in sizes.items():
        if size < 1:
            raise ValueError(f"`{argument}` must be positive. Received: {argument}={size}")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"`dropout` must lie in [0, 1). Received: dropout={dropout}")
    if (feature_mean is None) != (feature_variance is None):
        raise ValueError("`feature_mean` and `feature_variance` go together. Received only one of them.")
    for statistic in (feature_mean, feature_variance):
        if statistic is not None and len(statistic) != features:
            raise ValueError(
                f"`feature_mean` and `feature_variance` must have {features} values. Received: {len(statistic)}"
            )

    # === Layers ===
    first: list[keras.layers.Layer] = []
    if feature_mean is not None and feature_variance is not None:
        first = [
            keras.layers.Normalization(mean=list(feature_mean), variance=list(feature_variance), name="standardise")
        ]
    images = _branch("images", features, first, hidden, dimensions, dropout, seed)
    text = _branch("words", words, [], hidden, dimensions, dropout, None if seed is None else seed + 100)

    # === Functional model ===
    inputs = {"features": keras.Input((features,), name="features"), "tags": keras.Input((words,), name="tags")}
    outputs = {"images": images(inputs["features"]), "words": text(inputs["tags"])}
    return keras.Model(inputs, outputs, name=name)


def _branch(
    name: str,
    size: int,
    first: list[keras.layers.Layer],
    hidden: Sequence[int],
    dimensions: int,
    dropout: float,
    seed: int | None,
) -> keras.Model:
    layers = [keras.Input((size,)), *first]
    for number, units in enumerate((*hidden, dimensions)):
        seeded = None if seed is None else seed + number
        if dropout:
            layers.append(keras.layers.Dropout(dropout, seed=seeded))
        last = number == len(hidden)
        layers.append(
            keras.layers.Dense(
                units,
                None if last else "relu",
                kernel_initializer=keras.initializers.GlorotUniform(seed=seeded),
                dtype="float32" if last else None,
            )
        )
    return keras.Sequential(layers, name=name)
