"""The second stage of hashtag: triplets of a picture, a tag and the user (section 3.2)."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras
from keras import ops

from kerasmm.losses import TripletTensorLoss
from kerasmm.models import begin_second_stage, hashtag_part
from kerasmm.systems.hashtag.batches import TripletBatches
from kerasmm.systems.hashtag.draws import GivenSeed
from kerasmm.systems.hashtag.left_out import trained_rows
from kerasmm.systems.hashtag.start import take_agnostic
from kerasmm.systems.optimizer import make_optimizer
from kerasmm.systems.system import Stage

if TYPE_CHECKING:
    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.hashtag.system import Hashtag

    Tensors = dict[str, Any]


def specific_stage(system: Hashtag, model: keras.Model, dataset: Dataset, first: str) -> Stage:
    """Trains what scores the three together, from the first stage of this run or of another one.

    Args:
        system: Whose settings, vocabularies and seed it takes.
        model: All of it, see `kerasmm.models.hashtag`.
        dataset: The data set.
        first: Name of the file with the first stage's weights.
    """
    training, own, kind = system.config.training, system.config.user_specific, system.config.network.user_model
    records = dataset.records("train")
    among = trained_rows(records, own.left_out)
    batches = TripletBatches(records, system.posts, training.batch_size, system.seed, among)
    batches = batches.not_empty("training posts")
    queries = ("toward_tag", "toward_image", "toward_user") if kind == "tensor" else ("score",)
    # Rows are reduced by us: Keras' own mean divides by the replicas too, but ours is the batch of all of them.
    loss = TripletTensorLoss(margin=system.config.loss.margin, reduction=None)
    loss.seed_generator = GivenSeed()

    def optimizer() -> keras.optimizers.Optimizer:
        # Before what is trained is asked for: the projection moves on, the network below it stays.
        if not own.train_encoder:
            _freeze_encoder(model)
        return make_optimizer(own.optimizer, [batches.steps(epoch) for epoch in range(own.epochs)])

    return Stage(
        name=kind,
        # With `vectors`, so that checkpoints hold which stage it is.
        model=hashtag_part(model, "image", "tag", "user", "vectors", *queries),
        objective=functools.partial(triplet_objective, model, loss),
        batches=batches,
        steps=batches.steps,
        terms=("triplet_loss",),
        epochs=own.epochs,
        optimizer=optimizer,
        clip_norm=own.optimizer.clip_norm,
        start=first if own.start is None else None,
        other=None if own.start is None else Path(own.start),
        take=functools.partial(take_agnostic, system, model),
        prepare=functools.partial(begin_second_stage, model),
    )


def triplet_objective(model: keras.Model, loss: TripletTensorLoss, targets: Tensors, outputs: Tensors) -> Tensors:
    """Six hinges a triplet, of the scores of each with its picture, tag or user replaced by those of the batch."""
    image, tag, user = (outputs[name] for name in ("image", "tag", "user"))
    if "score" in outputs:
        mlp = model.get_layer("mlp")
        scores = [mlp(image, tag, user, across=part) for part in ("image", "tag", "user")]
    else:
        queries = (outputs[f"toward_{part}"] for part in ("image", "tag", "user"))
        scores = [ops.matmul(query, ops.transpose(own)) for query, own in zip(queries, (image, tag, user), strict=True)]
    loss.seed_generator.give(targets["draw"][0])
    return {"triplet_loss": ops.mean(loss(targets["truth"], ops.stack(scores, axis=1)))}


def _freeze_encoder(model: keras.Model) -> None:
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            layer.trainable = False
