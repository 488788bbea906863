"""Stored image features: a frozen encoder, run once over every picture in data preparation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from data_prep.config import FeatureEncoder
from data_prep.work.chunks import Work
from data_prep.write.vectors import is_vector_file, prepare_vectors
from kerasmm.console import UserError
from kerasmm.data.manifest import Features
from kerasmm.data.opening import MAX_PIXELS, BadPicture, opened
from kerasmm.data.post import FEATURES_DTYPE

if TYPE_CHECKING:
    import tensorflow as tf

    from kerasmm.encoders import ImageEncoder

_MAX_BATCH_PIXELS = 1 << 24
"""Pixels that are decoded together: large pictures go in smaller batches, so that memory doesn't follow their size."""


@functools.cache
def encoder_of(config: FeatureEncoder) -> ImageEncoder:
    """The configured encoder, loaded once a process."""
    from kerasmm.encoders import image_encoder

    assert config.encoder is not None
    return image_encoder(config.encoder, weights=config.weights or "imagenet", resize=config.resize)


def described(config: FeatureEncoder, work: Work) -> Features | None:
    """What the manifest says about the features; loads the encoder, so a wrong name or weights fail before any work.

    Args:
        config: Which encoder, or which file of vectors.
        work: The work folder, where vectors of a file are laid out.

    Raises:
        UserError: For an unknown encoder, weights that can't be had, or a file that can't be read.
    """
    if config.encoder is None:
        return None
    if is_vector_file(config.encoder):
        return prepare_vectors(Path(config.encoder), work)
    encoder = encoder_of(config)
    if not encoder.fingerprint:
        raise UserError(
            f"features.encoder: {encoder.spec} is untrained, so its features mean nothing; give `--weights FILE`"
        )
    return Features(
        encoder=encoder.spec,
        fingerprint=encoder.fingerprint,
        image_size=encoder.image_size,
        resize=encoder.resize,
        shape=encoder.feature_shape,
    )


def encode_once(
    pictures: Sequence[bytes], known: Mapping[bytes, np.ndarray], config: FeatureEncoder
) -> dict[bytes, np.ndarray]:
    """Features by picture; neither copies of a picture nor those `known` are encoded again.

    Posts on one film share its poster and follow one another, so a batch need only know the one before.
    """
    new = [picture for picture in dict.fromkeys(pictures) if picture not in known]
    made = dict(zip(new, encode(new, config), strict=True)) if new else {}
    return {picture: known[picture] if picture in known else made[picture] for picture in pictures}


def encode(pictures: Sequence[bytes], config: FeatureEncoder) -> np.ndarray:
    """Features of checked pictures.

    Args:
        pictures: JPEG or PNG bytes.
        config: Which encoder.

    Returns:
        `(len(pictures), *feature_shape)`, float16.
    """
    limit = np.finfo(FEATURES_DTYPE)
    found = [_graph(config)(part).numpy() for part in _parts(pictures)]
    return np.clip(np.concatenate(found), limit.min, limit.max).astype(FEATURES_DTYPE)


@functools.cache
def _graph(config: FeatureEncoder) -> Callable[[list[bytes]], tf.Tensor]:
    """Decoding and encoding as one graph: called eagerly, each batch would trace the decoder anew and keep it."""
    import tensorflow as tf

    from kerasmm.data.images import decode_images

    encoder = encoder_of(config)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
    def features(encoded: tf.Tensor) -> tf.Tensor:
        pixels, _ = decode_images(encoded, encoder.image_size, encoder.resize)
        return encoder.model(pixels, training=False)

    graph: Callable[[list[bytes]], tf.Tensor] = features
    return graph


def _parts(pictures: Sequence[bytes]) -> Iterator[list[bytes]]:
    part: list[bytes] = []
    total = 0
    for picture in pictures:
        width, height = _sides(picture)
        if part and total + width * height > _MAX_BATCH_PIXELS:
            yield part
            part, total = [], 0
        part.append(picture)
        total += width * height
    if part:
        yield part


def _sides(picture: bytes) -> tuple[int, int]:
    try:
        with opened(picture) as one:
            return one.size
    except BadPicture:
        # Only the decoder takes it, or nobody does; it goes alone.
        return MAX_PIXELS, 1
