"""What every network on picture regions begins with: stored features or an encoder, and their standardisation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np


def region_features(
    regions: tuple[int, int],
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    mean: Sequence[float] | None = None,
    variance: Sequence[float] | None = None,
) -> tuple[dict[str, Any], Any]:
    """Named input and region features `(B, D, M)` of a network.

    Args:
        regions: `(D, M)`: regions of a picture and features of a region. Ignored with `encoder`.
        encoder: Model from pixels to regions. Without it the network takes stored region features.
        train_encoder: Fine-tune the encoder; a frozen one runs in inference mode, batch normalisation included.
        mean: M means that standardise the features. None leaves the features as they are.
        variance: M variances; given exactly when `mean` is.

    Returns:
        `{"regions": input}`, or `{"image": input}` with an encoder, and the features.

    Raises:
        ValueError: If only one of mean and variance is given, or they have other sizes than M.
    """
    if encoder is None:
        inputs = {"regions": keras.Input(regions, name="regions")}
        features = inputs["regions"]
    else:
        inputs = {"image": keras.Input(encoder.input_shape[1:], name="image")}
        encoder.trainable = train_encoder
        features = encoder(inputs["image"]) if train_encoder else encoder(inputs["image"], training=False)
    if mean is not None or variance is not None:
        features = standardisation(features.shape[-1], mean, variance)(features)
    return inputs, features


def standardisation(
    features: int, mean: Sequence[float] | None, variance: Sequence[float] | None
) -> keras.layers.Normalization:
    """The layer that standardises features; see `region_features`."""
    if mean is None or variance is None:
        raise ValueError("`feature_mean` and `feature_variance` go together. Received only one of them.")
    if len(mean) != features or len(variance) != features:
        raise ValueError(
            f"`feature_mean` and `feature_variance` must have {features} values. Received: {len(mean)} and {len(variance)}"
        )
    return keras.layers.Normalization(
        axis=-1, mean=np.asarray(mean, "float32"), variance=np.asarray(variance, "float32"), name="standardise"
    )
