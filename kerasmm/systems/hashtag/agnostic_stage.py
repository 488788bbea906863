"""The first stage of hashtag: pictures and tags, whoever posts them (section 3.1)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from keras import ops

from kerasmm.layers import SampledLogits
from kerasmm.models import hashtag_part
from kerasmm.systems.hashtag.batches import AgnosticBatches
from kerasmm.systems.hashtag.draws import GivenSeed
from kerasmm.systems.hashtag.left_out import trained_rows
from kerasmm.systems.hashtag.vectors import tag_ids, tag_vectors
from kerasmm.systems.optimizer import make_optimizer
from kerasmm.systems.system import Stage

if TYPE_CHECKING:
    import keras
    import numpy as np

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.hashtag.system import Hashtag

    Tensors = dict[str, Any]


def agnostic_stage(system: Hashtag, model: keras.Model, dataset: Dataset, weights: str) -> Stage:
    """Trains the embedding of pictures, by the softmax over tags or toward their fixed vectors.

    Args:
        system: Whose settings, vocabulary and seed it takes.
        model: All of it, see `kerasmm.models.hashtag`.
        dataset: The data set.
        weights: Name of the file that keeps its best epoch.
    """
    training, cosine = system.config.training, system.config.network.agnostic == "ncsl"
    records = dataset.records("train")
    among = trained_rows(records, system.config.user_specific.left_out)
    batches = AgnosticBatches(records, system.posts, training.batch_size, system.seed, among)
    batches = batches.not_empty("training posts")
    steps = [batches.steps(epoch) for epoch in range(training.epochs)]
    objective: Callable[[Tensors, Tensors], Tensors]
    if cosine:
        objective = functools.partial(cosine_objective, model.get_layer("agnostic_tags"))
    else:
        objective = functools.partial(softmax_objective, tag_logits(system, model), system.config.loss.sampled)
    return Stage(
        name="agnostic",
        model=hashtag_part(model, "image", "agnostic_tag"),
        objective=objective,
        batches=batches,
        steps=batches.steps,
        terms=("cosine_loss" if cosine else "softmax_loss",),
        epochs=training.epochs,
        optimizer=functools.partial(make_optimizer, training.optimizer, steps),
        clip_norm=training.optimizer.clip_norm,
        weights=weights,
        prepare=functools.partial(_set_tag_vectors, system, model, dataset, among) if cosine else lambda: None,
    )


def softmax_objective(logits: SampledLogits, sampled: int | None, targets: Tensors, outputs: Tensors) -> Tensors:
    """Negative log-likelihood of the drawn tag (eq. 1), among all tags or a sample; posts without one take no part."""
    tag, image = ops.maximum(targets["tag"], 0), outputs["image"]
    there = ops.cast(targets["tag"] >= 0, "float32")
    if sampled is None:
        found = ops.sparse_categorical_crossentropy(tag, logits(image), from_logits=True)
    else:
        logits.seed_generator.give(targets["draw"][0])
        # The true one comes first.
        found = ops.sparse_categorical_crossentropy(ops.zeros_like(tag), logits(image, tag), from_logits=True)
    return {"softmax_loss": ops.sum(found * there) / ops.maximum(ops.sum(there), 1.0)}


def tag_logits(system: Hashtag, model: keras.Model) -> SampledLogits:
    """The layer of eq. 1 on the tags' embeddings of the model."""
    tags = len(system.vocabularies["tags"])
    logits = SampledLogits(tags, system.config.loss.sampled or tags, dtype="float32")
    logits.seed_generator, logits.kernel, logits.built = (
        GivenSeed(),
        model.get_layer("agnostic_tags").embeddings,
        True,
    )
    return logits


def cosine_objective(tags: keras.layers.Embedding, targets: Tensors, outputs: Tensors) -> Tensors:
    """Negative cosine to the sum of a post's tags (eq. 2); 0 for a post without one, or whose tags know nothing."""
    there = ops.cast(targets["tags"] >= 0, "float32")[..., None]
    total = ops.sum(ops.take(tags.embeddings, ops.maximum(targets["tags"], 0), axis=0) * there, axis=1)
    return {"cosine_loss": -ops.mean(ops.sum(_unit(total) * _unit(outputs["image"]), axis=1))}


def _unit(vectors: Any) -> Any:
    # Of a zero vector the gradient is zero, too.
    return vectors / ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=-1, keepdims=True), 1e-12))


def _set_tag_vectors(system: Hashtag, model: keras.Model, dataset: Dataset, among: np.ndarray | None) -> None:
    """Gives the model the tags' fixed embeddings, learned from rows of the training split."""
    network, tags = system.config.network, system.vocabularies["tags"]
    ids = tag_ids(dataset.records("train"), system.posts, among)
    vectors = tag_vectors(network, ids, len(tags), system.seed, system.quiet)
    model.get_layer("agnostic_tags").embeddings.assign(vectors)
