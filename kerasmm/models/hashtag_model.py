"""User-specific hashtags: an image model, tags' and users' embeddings, and what scores the three together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasmm.layers import ThreeWayTensor, UserVectors
from kerasmm.models.picture_features import picture_features

_NEW = 0.05
"""Numbers of new tags lie between this and its negative."""

USER_MODELS = ("tensor", "mlp", "none")


def hashtag(
    tags: int,
    users: int = 0,
    features: tuple[int, ...] = (2048,),
    *,
    dimension: int = 300,
    user_dimension: int = 50,
    user_model: str = "tensor",
    cosine: bool = False,
    projection: bool = True,
    hidden: Sequence[int] = (),
    mlp_units: Sequence[int] = (300, 300),
    dropout: float = 0.0,
    encoder: keras.Model | None = None,
    train_encoder: bool = False,
    feature_mean: Sequence[float] | None = None,
    feature_variance: Sequence[float] | None = None,
    name: str = "hashtag",
) -> keras.Model:
    """Tags of pictures, whoever posts them (section 3.1) and by who does (section 3.2).

    Formula, with f the embedding of a picture, h_i of a tag, u_k of a user:

        P(h_i | I) ∝ exp(h_iᵀ f)                     (1)   agnostic
        h_iᵀ f / ‖h_i‖ ‖f‖                           (2)   agnostic, with `cosine`: the tags' embeddings are given and stay
        s = Σ_d Σ_f Σ_e W_dfe h_id f_f u_ke          (3)   `"tensor"`
        s = MLP([h_i; f; u_k])                             `"mlp"`, the baseline of table 2, each of mean square 1

    D = F, since (1) and (2) multiply both. One model holds both stages, and its weights say which they are of: until
    `begin_second_stage`, `vectors` are those of the agnostic part.

    Args:
        tags: K.
        users: U; ignored without a user model.
        features: `(V,)`, shape of a picture's features; of a map of regions `(regions, V)` the mean is taken. Ignored
            with `encoder`.
        dimension: D = F.
        user_dimension: E.
        user_model: One of `USER_MODELS`.
        cosine: Score tags by (2); else by (1).
        projection: A linear layer from features to D numbers; else f is the features themselves and a 1, so that (1) is
            logistic regression with an intercept ("ImageNet" of table 2).
        hidden: Units of ReLU layers before the projection.
        mlp_units: Of the MLP's hidden layers.
        dropout: Rate in [0, 1) on the features. The paper has none.
        encoder: Model from pixels to features. Without it the model takes stored features.
        train_encoder: Fine-tune the encoder; a frozen one runs in inference mode, batch normalisation included.
        feature_mean: V means that standardise the features. None leaves the features as they are.
        feature_variance: V variances; given exactly when `feature_mean` is.
        name: Name of the model.

    Returns:
        A functional model. Inputs: `{"features": (B, *features)}`, or `{"image": (B, height, width, 3)}` in 0 … 255 with an
        encoder, and `"tag"` `(B,)`; with a user model `"user"` `(B,)`, below 0 for an unknown one. Outputs, float32: `image`
        `(B, D)`; `vectors` `(B, D)`, whose inner products with `tag_table` are the scores (with an MLP of trained users `image`
        once more, see `hashtag_scores`); `agnostic_tag` `(B, D)`; with a user model `tag` `(B, D)` and `user` `(B, E)`; with a
        tensor `toward_tag`, `toward_image` `(B, D)` and `toward_user` `(B, E)`, the queries of (3); with an MLP `score`
        `(B, 1)`, of each picture and user with the first tag. See `hashtag_part`.

    Raises:
        ValueError: For no tags or users, an unknown user model or one without projection, a wrong rate, or mean and variance
            of other sizes than V.

    Example:

    >>> model = hashtag(tags=9, users=4, features=(6,), dimension=5, user_dimension=2)
    >>> inputs = {"features": ops.ones((2, 6)), "user": ops.array([3, -1])}
    >>> scores = hashtag_scores(model, hashtag_part(model, "image", "vectors", "user")(inputs))
    >>> ops.shape(scores)
    (2, 9)

    Reference:
        Veit et al. (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision".
    """
    if tags < 1:
        raise ValueError(f"`tags` must be positive. Received: tags={tags}")
    if user_model not in USER_MODELS:
        raise ValueError(f"`user_model` must be one of {USER_MODELS}. Received: user_model={user_model!r}")
    if not projection and (user_model != "none" or hidden):
        raise ValueError("`projection` may be False only with `user_model='none'` and no `hidden` layers.")
    if not 0.0 <= dropout < 1.0:
        raise ValueError(f"`dropout` must lie in [0, 1). Received: dropout={dropout}")

    # === Picture → f ===
    picture, found = picture_features(features, encoder, train_encoder, feature_mean, feature_variance)
    if dropout:
        found = keras.layers.Dropout(dropout, name="dropout")(found)
    for place, units in enumerate(hidden, 1):
        found = keras.layers.Dense(units, activation="relu", name=f"hidden_{place}")(found)
    if projection:
        found = keras.layers.Dense(dimension, name="projection")(found)
    else:
        found = ops.concatenate([found, ops.ones_like(found[:, :1])], axis=1)
    image = ops.cast(found, "float32")

    # === Embeddings ===
    uniform = keras.initializers.RandomUniform(-_NEW, _NEW)
    size = int(image.shape[-1])
    tag = keras.Input((), dtype="int32", name="tag")
    agnostic = _embedding(tags, size, "agnostic_tags", uniform, trainable=not cosine)
    outputs = {"image": image, "agnostic_tag": agnostic(tag)}
    inputs = {picture.name: picture, "tag": tag}
    vectors = keras.layers.UnitNormalization(name="normalised", dtype="float32")(image) if cosine else image

    # === Who posts ===
    if user_model != "none":
        inputs["user"] = user = keras.Input((), dtype="int32", name="user")
        # Equation 2 keeps its embeddings; the second stage trains others, which begin as they are.
        own = _embedding(tags, size, "tags", uniform) if cosine else agnostic
        people = UserVectors(users, user_dimension, dtype="float32", name="users")
        outputs["tag"], outputs["user"] = own(tag), people(user)
        if user_model == "tensor":
            tensor = ThreeWayTensor(size, size, user_dimension, name="tensor")
            # First, since Keras holds every call of a layer to at most as many outputs as the first one has.
            _, *others = tensor(outputs["tag"], image, toward="each", third=outputs["user"])
            # Asked for alone too, since pictures are scored without a tag.
            specific = ops.cast(tensor(image, outputs["user"], toward="tag"), "float32")
            toward_image, toward_user = (ops.cast(query, "float32") for query in others)
            outputs |= {"toward_tag": specific, "toward_image": toward_image, "toward_user": toward_user}
        else:
            from kerasmm.layers import TripletMLP

            mlp = TripletMLP(tuple(mlp_units), normalised=True, name="mlp")
            outputs["score"] = ops.cast(mlp(image, outputs["tag"][:1, :], outputs["user"]), "float32")
            specific = image
        # A number that no training moves: of which stage the weights are.
        stage = keras.layers.Embedding(1, 1, "ones", trainable=False, dtype="float32", name="stage")
        vectors = ops.where(stage(ops.zeros_like(user)) > 1.0, specific, vectors)
    outputs["vectors"] = vectors
    return keras.Model(inputs, outputs, name=name)


def hashtag_part(model: keras.Model, *outputs: str) -> keras.Model:
    """The part of a `hashtag` model that gives these outputs, with the inputs that they need."""
    picture = next(name for name in model.input if name in ("features", "image"))
    needed = {
        "image": {picture},
        "agnostic_tag": {"tag"},
        "tag": {"tag"},
        "user": {"user"},
        "toward_tag": {picture, "user"},
        "vectors": {picture, "user"},
    }
    asked = set().union(*(needed.get(name, set(model.input)) for name in outputs))
    inputs = {name: given for name, given in model.input.items() if name in asked}
    return keras.Model(inputs, {name: model.output[name] for name in outputs}, name=f"to_{'_'.join(outputs)}")


def begin_second_stage(model: keras.Model) -> None:
    """From now on the model's tags and users are what is scored. Its tags begin as the agnostic ones; those of equation 2, of
    which only directions were learned, as long as new ones are."""
    own, agnostic = tag_layer(model), model.get_layer("agnostic_tags")
    if own is not agnostic:
        directions = ops.normalize(ops.convert_to_tensor(agnostic.embeddings), axis=-1, epsilon=1e-12)
        # The root mean square length of `_NEW`.
        own.embeddings.assign(directions * _NEW * math.sqrt(directions.shape[-1] / 3))
    model.get_layer("stage").embeddings.assign([[2.0]])


def in_second_stage(model: keras.Model) -> bool:
    """Whether the weights are those of the second stage."""
    names = {layer.name for layer in model.layers}
    return "stage" in names and float(model.get_layer("stage").embeddings[0, 0]) > 1.0


def tag_layer(model: keras.Model) -> keras.layers.Embedding:
    """The tags' embeddings of the second stage, where there is one; else the agnostic ones."""
    names = {layer.name for layer in model.layers}
    own: keras.layers.Embedding = model.get_layer("tags" if "tags" in names else "agnostic_tags")
    return own


def tag_table(model: keras.Model, second: bool | None = None) -> Any:
    """`(K, D)`: the tags' embeddings as the model's weights score by them, of unit length for equation 2.

    Args:
        model: A `hashtag` model.
        second: What `in_second_stage` says, which a graph can't ask.
    """
    if in_second_stage(model) if second is None else second:
        return ops.convert_to_tensor(tag_layer(model).embeddings)
    agnostic = model.get_layer("agnostic_tags")
    table = ops.convert_to_tensor(agnostic.embeddings)
    return table if agnostic.trainable else ops.normalize(table, axis=-1, epsilon=1e-12)


def hashtag_scores(model: keras.Model, outputs: dict[str, Any], second: bool | None = None) -> Any:
    """Scores of all tags for each row of a batch, one matrix product `(n, K)`; with an MLP its layers.

    Args:
        model: A `hashtag` model.
        outputs: Its `vectors`; with an MLP `image` and `user` too.
        second: What `in_second_stage` says, which a graph can't ask.
    """
    second = in_second_stage(model) if second is None else second
    table = tag_table(model, second)
    if second and "mlp" in {layer.name for layer in model.layers}:
        return ops.cast(model.get_layer("mlp")(outputs["image"], table, outputs["user"]), "float32")
    return ops.matmul(outputs["vectors"], ops.transpose(table))


def _embedding(words: int, size: int, name: str, initializer: Any, trainable: bool = True) -> keras.layers.Embedding:
    return keras.layers.Embedding(words, size, initializer, trainable=trainable, dtype="float32", name=name)
