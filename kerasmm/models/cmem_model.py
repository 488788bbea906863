"""The connotation multimodal embedding model: an image and its tweet to scores of connotations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasmm.layers import CharacterLSTM, TweetBias
from kerasmm.models.picture_features import picture_features

INPUTS = ("both", "image", "text")
BRANCHES = {"image": ("image",), "text": ("text", "state")}
"""What each branch gives."""


def cmem(
    labels: int,
    characters: int,
    features: tuple[int, ...] = (1280,),
    *,
    dimension: int = 512,
    character_dimension: int = 512,
    units: int = 512,
    pooling: str = "last",
    inputs: str = "both",
    penalty: float = 5e-5,
    image_dropout: float = 0.0,
    text_dropout: float = 0.0,
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    feature_mean: Sequence[float] | None = None,
    feature_variance: Sequence[float] | None = None,
    name: str = "cmem",
) -> keras.Model:
    """The connotation multimodal embedding model (sections 3.1 and 3.2).

    Formula:

        g = W_Iᵀ Φ(I) + W_Tᵀ Ψ(T)                                         (equation 1)
        f = E_Yᵀ g, the dot product with each connotation's embedding

    Φ(I) are the features of a picture, Ψ(T) the last state of an LSTM over the tweet's characters (or another pooling of its states). The image-only and
    the tweet-only model have one term of equation 1. The losses of the model add up to λ ‖θ‖² of equation 2.

    Args:
        labels: K, connotations.
        characters: Ids of characters, 0 for padding among them.
        features: `(V,)`, shape of a picture's features; of a map of regions `(regions, V)` the mean is taken. Ignored
            with `encoder`.
        dimension: d, of the connotations' embeddings and of the tweet-biased image.
        character_dimension: Of the characters' embeddings.
        units: T, size of the LSTM's state. The paper doesn't say.
        pooling: What Ψ(T) is of the LSTM's states; see `kerasmm.layers.CharacterLSTM`. The paper's is `"last"`.
        inputs: `"both"`, or `"image"` or `"text"` for a model of one modality.
        penalty: λ, an L2 penalty on every weight that is trained, biases and a trained encoder's included.
        image_dropout: Rate in [0, 1) on Φ(I). The paper has none.
        text_dropout: Rate in [0, 1) on Ψ(T). The paper has none.
        encoder: Model from pixels to features. Without it the model takes stored features.
        train_encoder: Fine-tune the encoder; a frozen one runs in inference mode, batch normalisation included.
        feature_mean: V means that standardise the features. None leaves the features as they are.
        feature_variance: V variances; given exactly when `feature_mean` is.
        name: Name of the model.

    Returns:
        A functional model. Inputs: `{"features": (B, *features)}`, or `{"image": (B, height, width, 3)}` in 0 … 255 with an
        encoder, and `"characters": (B, steps)`, int32 with 0 for padding. Outputs, float32: `"embedding"` (B, d), g;
        `"image"` and `"text"` (B, d), its two terms; `"state"` (B, T), Ψ(T); `"scores"` (B, K), f. A model of one
        modality has only the inputs and outputs of that. E_Y is the kernel `(d, K)` of the layer `connotations`.

    Raises:
        ValueError: If `inputs` is another word, `labels` or `dimension` is not positive, `penalty` is negative or the
            rate is wrong; mean and variance of other sizes than V.

    Example:

    >>> model = cmem(labels=5, characters=9, features=(6,), dimension=4, character_dimension=3, units=4)
    >>> ops.shape(model({"features": ops.ones((2, 6)), "characters": ops.ones((2, 3), "int32")})["scores"])
    (2, 5)

    Reference:
        Mogadala et al. (2018), "Discovering Connotations as Labels for Weakly Supervised Image-Sentence Data".
    """
    for argument, value in (("labels", labels), ("dimension", dimension)):
        if value < 1:
            raise ValueError(f"`{argument}` must be positive. Received: {argument}={value}")
    if inputs not in INPUTS:
        raise ValueError(f"`inputs` must be one of {INPUTS}. Received: inputs={inputs!r}")
    if penalty < 0:
        raise ValueError(f"`penalty` must be non-negative. Received: penalty={penalty}")
    for argument, rate in (("image_dropout", image_dropout), ("text_dropout", text_dropout)):
        if not 0.0 <= rate < 1.0:
            raise ValueError(f"`{argument}` must lie in [0, 1). Received: {argument}={rate}")
    penalise = keras.regularizers.L2(penalty) if penalty else None

    # === Modalities ===
    given, outputs = {}, {}
    if inputs != "text":
        picture, image = picture_features(features, encoder, train_encoder, feature_mean, feature_variance)
        given[picture.name] = picture
        image = keras.layers.Dropout(image_dropout, name="image_dropout")(image)
        if encoder is not None and train_encoder and penalise:
            _penalise(encoder, penalise)
    if inputs != "image":
        given["characters"] = keras.Input((None,), dtype="int32", name="characters")
        lstm = CharacterLSTM(units, characters, character_dimension, penalise, pooling, name="character_lstm")
        state = lstm(given["characters"])
        outputs["state"] = ops.cast(state, "float32")
        state = keras.layers.Dropout(text_dropout, name="text_dropout")(state)

    # === Equation 1, in float32: rankings of scores want more than the 8 bits of bfloat16 ===
    if inputs == "both":
        bias = TweetBias(dimension, regularizer=penalise, dtype="float32", name="tweet_bias")
        outputs["embedding"] = bias(image, state)
        outputs["image"] = bias(image, np.zeros((1, units), "float32"))
        outputs["text"] = bias(np.zeros((1, image.shape[-1]), "float32"), state)
    else:
        projection = _linear(dimension, penalise, f"{inputs}_projection")
        outputs[inputs] = projection(image if inputs == "image" else state)
        outputs["embedding"] = outputs[inputs]
    outputs["scores"] = _linear(labels, penalise, "connotations")(outputs["embedding"])
    return keras.Model(given, outputs, name=name)


def cmem_branch(model: keras.Model, name: str) -> keras.Model:
    """One of `BRANCHES` of a `cmem` model: from its input to its outputs, so that an image needs no text.

    Raises:
        ValueError: If the model has no such branch.

    Example:

    >>> model = cmem(labels=5, characters=9, features=(6,), dimension=4, character_dimension=3, units=4)
    >>> ops.shape(cmem_branch(model, "image")({"features": ops.ones((2, 6))})["image"])
    (2, 4)
    """
    if name not in BRANCHES or name not in model.output:
        raise ValueError(
            f"`name` must be one of {[one for one in BRANCHES if one in model.output]}. Received: {name!r}"
        )
    given = {key: value for key, value in model.input.items() if (key == "characters") == (name == "text")}
    return keras.Model(given, {key: model.output[key] for key in BRANCHES[name]}, name=f"{name}_branch")


def _linear(units: int, regularizer: Any, name: str) -> keras.layers.Dense:
    return keras.layers.Dense(units, use_bias=False, kernel_regularizer=regularizer, dtype="float32", name=name)


def _penalise(encoder: keras.Model, regularizer: keras.regularizers.Regularizer) -> None:
    """Puts the penalty on every weight of an encoder that is trained, and into the layers' configurations."""
    for layer in encoder._flatten_layers():
        for name in [name for name in vars(layer) if name.endswith("_regularizer") and name != "activity_regularizer"]:
            setattr(layer, name, regularizer)
    for variable in encoder.trainable_variables:
        variable.regularizer = regularizer
