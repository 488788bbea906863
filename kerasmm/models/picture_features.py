"""What networks on one vector a picture begin with: stored features or an encoder, and their standardisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kerasmm.models.region_features import standardisation


def picture_features(
    features: tuple[int, ...],
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    mean: Sequence[float] | None = None,
    variance: Sequence[float] | None = None,
) -> tuple[Any, Any]:
    """Input, named `features` or with an encoder `image`, and features `(B, V)` of a network.

    Args:
        features: `(V,)`, shape of a picture's features; of a map of regions `(regions, V)` the mean is taken. Ignored
            with `encoder`.
        encoder: Model from pixels to features. Without it the network takes stored features.
        train_encoder: Fine-tune the encoder; a frozen one runs in inference mode, batch normalisation included.
        mean: V means that standardise the features. None leaves the features as they are.
        variance: V variances; given exactly when `mean` is.

    Raises:
        ValueError: If only one of mean and variance is given, or they have other sizes than V.
    """
    if encoder is None:
        picture = keras.Input(features, name="features")
        found: Any = picture
    else:
        picture = keras.Input(encoder.input_shape[1:], name="image")
        encoder.trainable = train_encoder
        found = encoder(picture) if train_encoder else encoder(picture, training=False)
    if len(found.shape) == 3:
        found = keras.layers.GlobalAveragePooling1D(name="mean_of_regions")(found)
    if mean is not None or variance is not None:
        found = standardisation(found.shape[-1], mean, variance)(found)
    return picture, found
