"""Fully connected layers on the regions of a picture: the base network of DMAN's ablations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import keras
from keras import ops

from kerasmm.models.region_features import region_features


def fully_connected(
    outputs: int,
    regions: tuple[int, int] = (49, 512),
    *,
    kind: Literal["words", "embedding"] = "words",
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    feature_mean: Sequence[float] | None = None,
    feature_variance: Sequence[float] | None = None,
    pooling: Literal["flatten", "mean"] = "flatten",
    units: Sequence[int] = (1024, 1024),
    dropout: float = 0.2,
    name: str = "fully_connected",
) -> keras.Model:
    """A convolutional network "with an addition of several fully connected layers" (section 3.2, figure 3).

    With `kind="words"` it is the base network of DMAN_Triplet+Text: the last layer has a sigmoid for every word, trained
    by eq. 11, in place of attention and locally fully connected layers. With `kind="embedding"` it is that of
    DMAN_Triplet: the last layer is linear and its output is compared by eq. 1.

    Formula:

        h_0 = the region features, side by side (`pooling="flatten"`) or their mean over the regions
        h_i = ReLU(W_i h_{i-1} + b_i)          for each of `units`
        y = sigmoid(W h + b), or W h + b

    Dropout stands before each layer, in place of L2 (section 3.2).

    Args:
        outputs: Size of the output: L words, or dimensions of the embedding.
        regions: `(D, M)`: regions of a picture and features of a region. Ignored with `encoder`.
        kind: What the output is, and its name.
        encoder: Model from pixels to regions. Without it the model takes stored region features.
        train_encoder: Fine-tune the encoder.
        feature_mean: M means that standardise the features. None leaves the features as they are.
        feature_variance: M variances; given exactly when `feature_mean` is.
        pooling: How regions become one vector.
        units: Units of the hidden layers; may be empty.
        dropout: Rate in [0, 1).
        name: Name of the model.

    Returns:
        A functional model. Input: `{"regions": (B, D, M)}`, or `{"image": (B, height, width, 3)}` in 0 … 255 with an
        encoder. Output: `{kind: (B, outputs)}`, float32.

    Raises:
        ValueError: For a size below 1, an unknown kind or pooling, a wrong rate, or mean and variance of other sizes
            than M.

    Example:

    >>> model = fully_connected(10, (9, 4), units=(8,))
    >>> keras.ops.shape(model({"regions": keras.ops.ones((2, 9, 4))})["words"])
    (2, 10)

    Reference:
        Huang et al. (2017), "Learning Social Image Embedding with Deep Multimodal Attention Networks", sections 3.2
        and 4.2.
    """
    if outputs < 1 or any(unit < 1 for unit in units):
        raise ValueError(f"`outputs` and `units` must be positive. Received: outputs={outputs}, units={tuple(units)}")
    if kind not in ("words", "embedding"):
        raise ValueError(f"`kind` must be 'words' or 'embedding'. Received: kind={kind!r}")
    if pooling not in ("flatten", "mean"):
        raise ValueError(f"`pooling` must be 'flatten' or 'mean'. Received: pooling={pooling!r}")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"`dropout` must lie in [0, 1). Received: dropout={dropout}")

    # === Layers ===
    hidden_layers = [
        keras.layers.Dense(unit, "relu", kernel_initializer="he_uniform", name=f"fc_{number}")
        for number, unit in enumerate(units, 1)
    ]
    last = keras.layers.Dense(outputs, "sigmoid" if kind == "words" else None, dtype="float32", name=kind)

    # === Functional model ===
    inputs, features = region_features(regions, encoder, train_encoder, feature_mean, feature_variance)
    hidden = ops.mean(features, axis=1) if pooling == "mean" else keras.layers.Flatten()(features)
    for layer in (*hidden_layers, last):
        if dropout:
            hidden = keras.layers.Dropout(dropout)(hidden)
        hidden = layer(hidden)
    return keras.Model(inputs, {kind: hidden}, name=name)
