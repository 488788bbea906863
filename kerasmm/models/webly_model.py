"""Webly supervised joint embedding: images, sentences and tags in one space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasmm.layers import PooledGRU
from kerasmm.models.picture_features import picture_features

BRANCHES = ("image", "sentence", "tags")


def webly(
    words: int,
    tags: int,
    features: tuple[int, ...] = (2048,),
    *,
    dimension: int = 1024,
    word_dimension: int = 300,
    tag_dimension: int = 300,
    gru_units: int = 1024,
    pooling: str = "last",
    image_layers: int = 1,
    sentence_layers: int = 1,
    tag_layers: int = 1,
    dropout: float = 0.0,
    train_tag_vectors: bool = False,
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    feature_mean: Sequence[float] | None = None,
    feature_variance: Sequence[float] | None = None,
    name: str = "webly",
) -> keras.Model:
    """The joint embedding of images, sentences and tags (sections 3.1 to 3.3).

    Formula, each normalised to length 1, so that inner products are cosines:

        i = W⁽ⁱ⁾ ī,   ī the features of a picture
        s = W⁽ˢ⁾ s̄,   s̄ the last state of a GRU over the words' vectors
        t = W⁽ᵗ⁾ t̄,   t̄ the mean of the tags' word vectors

    A branch has as many embedding layers as asked for, 1 for the equations above, 2 for figure 3 with a ReLU between
    them; without one, the expert's own output is the embedding (VSE++ has none after its GRU).

    Args:
        words: Ids of words, 0 for padding among them.
        tags: Ids of tags' words, 0 for padding among them.
        features: `(V,)`, shape of a picture's features; of a map of regions `(regions, V)` the mean is taken. Ignored
            with `encoder`.
        dimension: D of the joint space.
        word_dimension: Of the words' vectors, which are trained.
        tag_dimension: Of the tags' word vectors, which stay as they are given.
        gru_units: T, size of the GRU's state.
        pooling: What the GRU gives of its states; see `kerasmm.layers.PooledGRU`. The paper's is `"last"`.
        image_layers: Embedding layers of the image branch, 0 to 2.
        sentence_layers: Of the sentence branch, 0 to 2.
        tag_layers: Of the tag branch, 0 to 2.
        dropout: Rate in [0, 1) on features, words' vectors and the sentence's state. The paper has none.
        train_tag_vectors: Train the tags' word vectors too.
        encoder: Model from pixels to features. Without it the model takes stored features.
        train_encoder: Fine-tune the encoder; a frozen one runs in inference mode, batch normalisation included.
        feature_mean: V means that standardise the features. None leaves the features as they are.
        feature_variance: V variances; given exactly when `feature_mean` is.
        name: Name of the model.

    Returns:
        A functional model. Inputs: `{"features": (B, *features)}`, or `{"image": (B, height, width, 3)}` in 0 … 255 with an
        encoder, `"words": (B, steps)` and `"tags": (B, n)`, int32 with 0 for padding. Outputs: `{"image": (B, D),
        "sentence": (B, D), "tags": (B, D)}`, float32. Each branch is a model of its own, see `webly_branch`: an image
        needs no sentence to be embedded.

    Raises:
        ValueError: For a number of layers outside 0 … 2, or none where the expert's size is not D; a wrong rate; mean
            and variance of other sizes than V.

    Example:

    >>> model = webly(words=10, tags=8, features=(6,), dimension=4, gru_units=4)
    >>> ops.shape(webly_branch(model, "sentence")({"words": ops.ones((2, 3), "int32")})["sentence"])
    (2, 4)

    Reference:
        Mithun et al. (2018), "Webly Supervised Joint Embedding for Cross-Modal Image-Text Retrieval".
    """
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"`dropout` must lie in [0, 1). Received: dropout={dropout}")
    for kind, layers in (("image", image_layers), ("sentence", sentence_layers), ("tag", tag_layers)):
        if layers not in (0, 1, 2):
            raise ValueError(f"`{kind}_layers` must be 0, 1 or 2. Received: {kind}_layers={layers}")

    # === Layers ===
    uniform = keras.initializers.RandomUniform(-0.1, 0.1)
    word_vectors = keras.layers.Embedding(words, word_dimension, uniform, name="word_vectors")
    tag_vectors = keras.layers.Embedding(tags, tag_dimension, uniform, trainable=train_tag_vectors, name="tag_vectors")
    gru = PooledGRU(gru_units, pooling=pooling, name="gru")

    # === Branches ===
    picture, expert = picture_features(features, encoder, train_encoder, feature_mean, feature_variance)
    expert = keras.layers.Dropout(dropout, name="image_dropout")(expert)
    image = _branch("image", picture, _embedded(expert, image_layers, dimension, "image"))

    sentence_words = keras.Input((None,), dtype="int32", name="words")
    vectors = keras.layers.Dropout(dropout, name="word_dropout")(word_vectors(sentence_words))
    state = gru(vectors, mask=ops.not_equal(sentence_words, 0))
    state = keras.layers.Dropout(dropout, name="sentence_dropout")(state)
    sentence = _branch("sentence", sentence_words, _embedded(state, sentence_layers, dimension, "sentence"))

    tag_words = keras.Input((None,), dtype="int32", name="tags")
    there = ops.cast(ops.not_equal(tag_words, 0), "float32")[..., None]
    total = ops.sum(ops.cast(tag_vectors(tag_words), "float32") * there, axis=1)
    mean = total / ops.maximum(ops.sum(there, axis=1), 1.0)
    tag = _branch("tags", tag_words, _embedded(mean, tag_layers, dimension, "tag"))

    # === Functional model ===
    inputs = {one.name: one for one in (picture, sentence_words, tag_words)}
    outputs: dict[str, Any] = {}
    for part in (image, sentence, tag):
        outputs |= part({key: inputs[key] for key in part.input})
    return keras.Model(inputs, outputs, name=name)


def webly_branch(model: keras.Model, name: str) -> keras.Model:
    """One of `BRANCHES` of a `webly` model: from its input to its output, each a dict of one."""
    found: keras.Model = model.get_layer(f"{name}_branch")
    return found


def _branch(name: str, given: Any, embedding: Any) -> keras.Model:
    return keras.Model({given.name: given}, {name: embedding}, name=f"{name}_branch")


def _embedded(expert: Any, layers: int, dimension: int, name: str) -> Any:
    """An expert's output through its embedding layers, normalised to length 1 in float32."""
    if not layers and expert.shape[-1] != dimension:
        raise ValueError(
            f"`{name}_layers` may be 0 only where its expert gives {dimension} numbers. Received: {expert.shape[-1]}"
        )
    for place in range(1, layers + 1):
        activation = "relu" if place < layers else None
        expert = keras.layers.Dense(dimension, activation=activation, name=f"{name}_embedding_{place}")(expert)
    return keras.layers.UnitNormalization(dtype="float32", name=f"{name}_normalised")(expert)
