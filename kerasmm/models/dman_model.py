"""Deep multimodal attention networks: each word of the tag vocabulary looks at its own regions of a picture."""

from __future__ import annotations

from collections.abc import Sequence

import keras

from kerasmm.layers import LocallyFullyConnected, VisualTextualAttention
from kerasmm.models.region_features import region_features


def dman(
    words: int,
    regions: tuple[int, int] = (49, 512),
    *,
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    feature_mean: Sequence[float] | None = None,
    feature_variance: Sequence[float] | None = None,
    attention_scale: float = 1.0,
    units: Sequence[int] = (128, 32, 1),
    dropout: float = 0.2,
    name: str = "dman",
) -> keras.Model:
    """The base network of DMAN: picture → confidence of every word, and the regions each word looks at.

    Formula:

        R = f_c(V)                          (4)   region maps of the picture
        Z = tanh(w Rᵀ + b)                  (7)
        α_kj = exp(z_kj) / Σ_j exp(z_kj)    (6)
        u_k = Σ_j α_kj r_j                  (8)
        Y = f_l(U)                          (9)   locally fully connected layers, ReLU, the last one with a sigmoid

    Dropout stands before each locally fully connected layer, in place of L2 penalties (section 3.2). Features are
    standardised inside the model, because raw ones saturate the tanh.

    Args:
        words: L, the size of the tag vocabulary.
        regions: `(D, M)`: regions of a picture and features of a region. Ignored with `encoder`.
        encoder: Model from pixels to regions. Without it the model takes stored region features.
        train_encoder: Fine-tune the encoder; a frozen one runs in inference mode, batch normalisation included.
        feature_mean: M means that standardise the features. None leaves the features as they are.
        feature_variance: M variances; given exactly when `feature_mean` is.
        attention_scale: Multiplies z before the softmax. 1 is the paper's; as |z| ≤ 1, one region's share is then at
            most e / (e + (D - 1) / e), 13 % of 49 regions.
        units: Units per word of the locally fully connected layers; the last must be 1.
        dropout: Rate in [0, 1).
        name: Name of the model.

    Returns:
        A functional model. Input: `{"regions": (B, D, M)}`, or `{"image": (B, height, width, 3)}` in 0 … 255 with an
        encoder. Outputs: `{"words": (B, L)` in 0 … 1, `"attention": (B, L, D)}`, both float32.

    Raises:
        ValueError: For no words, a last unit other than 1, a wrong rate, or mean and variance of other sizes than M.

    Example:

    >>> model = dman(words=10, regions=(9, 4), units=(8, 1))
    >>> outputs = model({"regions": keras.ops.ones((2, 9, 4))})
    >>> keras.ops.shape(outputs["words"]), keras.ops.shape(outputs["attention"])
    ((2, 10), (2, 10, 9))

    Reference:
        Huang et al. (2017), "Learning Social Image Embedding with Deep Multimodal Attention Networks", section 3.3.
    """
    if words < 1:
        raise ValueError(f"`words` must be positive. Received: words={words}")
    if not units or units[-1] != 1:
        raise ValueError(f"`units` must end in 1, one neuron a word. Received: units={tuple(units)}")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"`dropout` must lie in [0, 1). Received: dropout={dropout}")

    # === Layers ===
    attention_layer = VisualTextualAttention(
        words, scale=attention_scale, words_first=True, return_attention=True, name="attention"
    )
    word_layers = [
        LocallyFullyConnected(
            unit,
            activation="sigmoid" if number == len(units) else "relu",
            words_first=True,
            # The last sigmoid in float32: half precision rounds confidences near 0 and 1 away.
            dtype="float32" if number == len(units) else None,
            name=f"lfc_{number}",
        )
        for number, unit in enumerate(units, 1)
    ]

    # === Functional model ===
    inputs, features = region_features(regions, encoder, train_encoder, feature_mean, feature_variance)
    attended, attention = attention_layer(features)
    hidden = attended
    for layer in word_layers:
        if dropout:
            hidden = keras.layers.Dropout(dropout)(hidden)
        hidden = layer(hidden)
    confidence = keras.ops.transpose(keras.ops.squeeze(hidden, -1), (1, 0))
    outputs = {"words": confidence, "attention": keras.ops.cast(attention, "float32")}
    return keras.Model(inputs, outputs, name=name)
