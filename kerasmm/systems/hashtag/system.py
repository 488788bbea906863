"""Hashtag: self-expression apart from visual content — a three-way tensor of tags, pictures and users.

Veit, Nickel, Belongie and van der Maaten (2018), "Separating Self-Expression and Visual Content in Hashtag Supervision", CVPR.
Equation and section numbers are the paper's.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.systems.hashtag.config import HashtagConfig
from kerasmm.systems.hashtag.protocol import HashtagProtocol
from kerasmm.systems.hashtag.signatures import HashtagSignatures
from kerasmm.systems.measured import feature_moments
from kerasmm.systems.protocol import Arrays
from kerasmm.systems.system import Facts, Stage, System, TrainedRun

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasmm.data.dataset import Dataset
    from kerasmm.layers import SampledLogits
    from kerasmm.losses import TripletTensorLoss
    from kerasmm.systems.config import Optimizer
    from kerasmm.systems.hashtag.batches import AgnosticBatches
    from kerasmm.systems.hashtag.posts import Posts

AGNOSTIC, BEST = "agnostic", "best"
"""Stage, and the weights of it where users come after it."""

_TENSOR, _MLP, _NONE = ({"network.user_model": name} for name in ("tensor", "mlp", "none"))
_MCLL = {"network.agnostic": "mcll"}
_PPMI, _SENSES = ({"network.agnostic": "ncsl", "network.tag_vectors": name} for name in ("ppmi", "multi_sense"))


class Hashtag(System):
    """Names the tags that a user would give a picture, and finds the pictures that a user means by a tag.

    User-specific hashtags as a System; the model card begins with the line above.
    """

    name = "hashtag"
    Config = HashtagConfig
    Signatures = HashtagSignatures
    Protocol = HashtagProtocol
    # Not the users: those of another data set are unknown ones, who get the mean user.
    vocabulary_names = ("tags",)
    variants = {
        "Tensor (NCSL-MS)": {**_SENSES, **_TENSOR},
        "Tensor (NCSL-PPMI)": {**_PPMI, **_TENSOR},
        "Tensor (MCLL)": {**_MCLL, **_TENSOR},
        "MLP (NCSL-MS)": {**_SENSES, **_MLP},
        "MLP (NCSL-PPMI)": {**_PPMI, **_MLP},
        "MLP (MCLL)": {**_MCLL, **_MLP},
        "NCSL-MS": {**_SENSES, **_NONE},
        "NCSL-PPMI": {**_PPMI, **_NONE},
        "MCLL": {**_MCLL, **_NONE},
        "ImageNet": {**_MCLL, **_NONE, "network.projection": False},
    }
    rows = {
        "Tensor (NCSL-MS)": "the three-way tensor on an image model of multi-sense tag vectors",
        "Tensor (NCSL-PPMI)": "the same of PPMI tag vectors",
        "Tensor (MCLL)": "the same of the softmax over tags",
        "MLP (NCSL-MS)": "an MLP on the three embeddings in place of the tensor",
        "MLP (NCSL-PPMI)": "the same of PPMI tag vectors",
        "MLP (MCLL)": "the same of the softmax over tags",
        "NCSL-MS": "no users: cosine to the sum of multi-sense tag vectors",
        "NCSL-PPMI": "the same of PPMI tag vectors",
        "MCLL": "no users: softmax over tags",
        "ImageNet": "no users: logistic regression on the encoder's features",
        "frequency": "tags by how many training posts have them",
        "user_frequency": "tags by how many training posts of the user have them",
    }
    config: HashtagConfig

    def __init__(self, config: Any, facts: Facts, seed: int = 0) -> None:
        super().__init__(config, facts, seed)
        self._behind: weakref.WeakKeyDictionary[Any, keras.Model] = weakref.WeakKeyDictionary()
        self._parts: weakref.WeakKeyDictionary[Any, keras.Model] = weakref.WeakKeyDictionary()
        self._most_tags: dict[tuple[Path, str], int] = {}

    # === Data ===

    @classmethod
    def gather_facts(cls, config: HashtagConfig, dataset: Dataset) -> Facts:
        """Tags, users and the moments of the features."""
        from kerasmm.systems.hashtag.users import known_users

        facts = super().gather_facts(config, dataset)
        if config.network.user_model == "none":
            return facts
        return Facts({**facts.vocabularies, "users": known_users(dataset)}, facts.features, facts.measured)

    @classmethod
    def measure(cls, config: HashtagConfig, dataset: Dataset) -> dict[str, Any]:
        """Means and variances of stored features over the training split."""
        dataset.require(["tags"])
        if not dataset.vocabulary("tags"):
            raise UserError(f"{dataset.folder}: the vocabulary of tags is empty, hashtag needs tags")
        return feature_moments(dataset) if config.network.standardise else {}

    @property
    def users(self) -> list[str]:
        """Those with a vector; none without a user model."""
        return self.vocabularies.get("users", [])

    @functools.cached_property
    def posts(self) -> Posts:
        """What is read of posts."""
        from kerasmm.systems.hashtag.posts import Posts

        picture = self.pictures.picture
        picture_input = "features" if self.pictures.stored else "image"
        return Posts(picture, picture_input, self.vocabularies["tags"], self.users)

    # === Model ===

    @property
    def specific(self) -> bool:
        """Whether there is a second stage, of users."""
        return self.config.network.user_model != "none"

    def build(self) -> keras.Model:
        from kerasmm.models import hashtag

        network, pictures, measured = self.config.network, self.pictures, self.facts.measured
        stored = pictures.stored
        return hashtag(
            len(self.vocabularies["tags"]),
            len(self.users),
            tuple(stored["shape"]) if stored else (1,),
            dimension=network.dimension,
            user_dimension=network.user_dimension,
            user_model=network.user_model,
            cosine=network.agnostic == "ncsl",
            projection=network.projection,
            hidden=network.hidden,
            mlp_units=network.mlp_units,
            dropout=network.dropout,
            encoder=None if stored else pictures.encoder.model,
            train_encoder=pictures.trained,
            feature_mean=measured.get("mean") if stored else None,
            feature_variance=measured.get("variance") if stored else None,
        )

    def from_pixels(self, model: keras.Model) -> keras.Model:
        import keras

        if "image" in model.input or self.pictures.elsewhere:
            return model
        from kerasmm.models import hashtag_part

        image = keras.Input((*self.image_size, 3), name="image")
        given = {**model.input, "features": self.pictures.encoder.model(image, training=False)}
        outputs: dict[str, Any] = {}
        for name in ("image", "vectors", *(["user"] if self.specific else [])):
            part = hashtag_part(model, name)
            outputs |= part({key: given[key] for key in part.input}, training=False)
        inputs = {**{name: one for name, one in model.input.items() if name == "user"}, "image": image}
        found = keras.Model(inputs, outputs, name="hashtag_from_pixels")
        self._behind[found] = model
        return found

    def behind(self, model: keras.Model) -> keras.Model:
        """The model with the tags, of one that `from_pixels` gave."""
        return self._behind.get(model, model)

    # === Training: the first stage (section 3.1) ===

    def softmax_objective(
        self, logits: SampledLogits, targets: dict[str, Any], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Negative log-likelihood of the drawn tag (eq. 1), among all tags or a sample; posts without one take no part."""
        from keras import ops

        tag, image = ops.maximum(targets["tag"], 0), outputs["image"]
        there = ops.cast(targets["tag"] >= 0, "float32")
        if self.config.loss.sampled is None:
            found = ops.sparse_categorical_crossentropy(tag, logits(image), from_logits=True)
        else:
            logits.seed_generator.give(targets["draw"][0])
            # The true one comes first.
            found = ops.sparse_categorical_crossentropy(ops.zeros_like(tag), logits(image, tag), from_logits=True)
        return {"softmax_loss": ops.sum(found * there) / ops.maximum(ops.sum(there), 1.0)}

    def cosine_objective(self, model: keras.Model, targets: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """Negative cosine to the sum of a post's tags (eq. 2); 0 for a post without one, or whose tags know nothing."""
        from keras import ops

        table = model.get_layer("agnostic_tags").embeddings
        there = ops.cast(targets["tags"] >= 0, "float32")[..., None]
        total = ops.sum(ops.take(table, ops.maximum(targets["tags"], 0), axis=0) * there, axis=1)
        return {"cosine_loss": -ops.mean(ops.sum(_unit(total) * _unit(outputs["image"]), axis=1))}

    def _set_tag_vectors(self, model: keras.Model, dataset: Dataset) -> None:
        """Gives the model the tags' fixed embeddings, learned from the training split."""
        from kerasmm.systems.hashtag.vectors import tag_vectors

        network = self.config.network
        vectors = tag_vectors(
            network, self.posts, dataset.records("train"), self.vocabularies["tags"], self.seed, self.quiet
        )
        model.get_layer("agnostic_tags").embeddings.assign(vectors)

    # === The second stage (section 3.2) ===

    def triplet_objective(
        self, model: keras.Model, loss: TripletTensorLoss, targets: dict[str, Any], outputs: dict[str, Any]
    ) -> dict[str, Any]:
        """Six hinges a triplet, of the scores of each with its picture, tag or user replaced by those of the batch."""
        from keras import ops

        image, tag, user = (outputs[name] for name in ("image", "tag", "user"))
        if self.config.network.user_model == "mlp":
            mlp = model.get_layer("mlp")
            scores = [mlp(image, tag, user, across=part) for part in ("image", "tag", "user")]
        else:
            queries = (outputs[f"toward_{part}"] for part in ("image", "tag", "user"))
            scores = [
                ops.matmul(query, ops.transpose(own)) for query, own in zip(queries, (image, tag, user), strict=True)
            ]
        loss.seed_generator.give(targets["draw"][0])
        return {"triplet_loss": ops.mean(loss(targets["truth"], ops.stack(scores, axis=1)))}

    def _take(self, model: keras.Model, other: TrainedRun) -> None:
        """Begins with the first stage of another run."""
        theirs = other.system
        if not isinstance(theirs, Hashtag):
            raise UserError(f"user_specific.start: {other.folder} is a run of {theirs.name}, not of hashtag")
        for what, own, have in (
            ("tags", self.vocabularies["tags"], theirs.vocabularies["tags"]),
            ("image features", self.facts.features, theirs.facts.features),
        ):
            if own != have:
                raise UserError(f"user_specific.start: {other.folder} was trained on other {what}")
        for key in ("agnostic", "dimension", "hidden", "projection", "standardise"):
            own, have = getattr(self.config.network, key), getattr(theirs.config.network, key)
            if own != have:
                raise UserError(
                    f"user_specific.start: the first stage of {other.folder} has network.{key}={have}, this run {own}"
                )
        if theirs.config.user_specific.start is not None:
            raise UserError(
                f"user_specific.start: {other.folder} has no first stage of its own; name {theirs.config.user_specific.start}, "
                "which it began with"
            )
        other.load_weights(AGNOSTIC if theirs.specific else BEST)
        users = {layer.name for layer in model.layers} & {"users", "tags", "tensor", "mlp", "stage"}
        for layer in model.layers:
            if layer.name not in users and layer.variables:
                layer.set_weights(other.model.get_layer(layer.name).get_weights())

    def stages(self, model: keras.Model, dataset: Dataset) -> list[Stage]:
        from kerasmm.systems.hashtag.batches import AgnosticBatches

        training, start = self.config.training, self.config.user_specific.start
        found = []
        if start is None:
            batches = AgnosticBatches(dataset.records("train"), self.posts, training.batch_size, self.seed)
            found.append(self._agnostic_stage(model, dataset, batches.not_empty("training posts")))
        if self.specific:
            found.append(self._specific_stage(model, dataset))
        return found

    def _agnostic_stage(self, model: keras.Model, dataset: Dataset, batches: AgnosticBatches) -> Stage:
        from kerasmm.models import hashtag_part

        training = self.config.training
        cosine = self.config.network.agnostic == "ncsl"
        objective: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]
        if cosine:
            objective = functools.partial(self.cosine_objective, model)
        else:
            objective = functools.partial(self.softmax_objective, self._logits(model))
        return Stage(
            name=AGNOSTIC,
            model=hashtag_part(model, "image", "agnostic_tag"),
            objective=objective,
            batches=batches,
            steps=batches.steps,
            terms=("cosine_loss" if cosine else "softmax_loss",),
            epochs=training.epochs,
            optimizer=functools.partial(self._optimizer, training.optimizer, batches, training.epochs),
            clip_norm=training.optimizer.clip_norm,
            weights=AGNOSTIC if self.specific else BEST,
            prepare=functools.partial(self._set_tag_vectors, model, dataset) if cosine else lambda: None,
        )

    def _logits(self, model: keras.Model) -> SampledLogits:
        """The layer of eq. 1 on the tags' embeddings of the model."""
        from kerasmm.layers import SampledLogits
        from kerasmm.systems.hashtag.draws import GivenSeed

        tags = len(self.vocabularies["tags"])
        logits = SampledLogits(tags, self.config.loss.sampled or tags, dtype="float32")
        logits.seed_generator, logits.kernel, logits.built = (
            GivenSeed(),
            model.get_layer("agnostic_tags").embeddings,
            True,
        )
        return logits

    def _specific_stage(self, model: keras.Model, dataset: Dataset) -> Stage:
        from kerasmm.losses import TripletTensorLoss
        from kerasmm.models import begin_second_stage, hashtag_part
        from kerasmm.systems.hashtag.batches import TripletBatches
        from kerasmm.systems.hashtag.draws import GivenSeed

        training, own, kind = self.config.training, self.config.user_specific, self.config.network.user_model
        batches = TripletBatches(dataset.records("train"), self.posts, training.batch_size, self.seed)
        batches = batches.not_empty("training posts")
        queries = ("toward_tag", "toward_image", "toward_user") if kind == "tensor" else ("score",)
        # Rows are reduced by us: Keras' own mean divides by the replicas too, but ours is the batch of all of them.
        loss = TripletTensorLoss(margin=self.config.loss.margin, reduction=None)
        loss.seed_generator = GivenSeed()
        slow = training.optimizer.model_copy(update={"learning_rate": own.learning_rate})

        def optimizer() -> keras.optimizers.Optimizer:
            # Before what is trained is asked for: the projection moves on, the network below it stays.
            self._freeze_encoder(model)
            return self._optimizer(slow, batches, own.epochs)

        return Stage(
            name=kind,
            # With `vectors`, so that checkpoints hold which stage it is.
            model=hashtag_part(model, "image", "tag", "user", "vectors", *queries),
            objective=functools.partial(self.triplet_objective, model, loss),
            batches=batches,
            steps=batches.steps,
            terms=("triplet_loss",),
            epochs=own.epochs,
            optimizer=optimizer,
            clip_norm=training.optimizer.clip_norm,
            start=AGNOSTIC if own.start is None else None,
            other=None if own.start is None else Path(own.start),
            take=functools.partial(self._take, model),
            prepare=functools.partial(begin_second_stage, model),
        )

    def _optimizer(self, optimizer: Optimizer, batches: AgnosticBatches, epochs: int) -> keras.optimizers.Optimizer:
        from kerasmm.systems.optimizer import make_optimizer

        return make_optimizer(optimizer, [batches.steps(epoch) for epoch in range(epochs)])

    def _freeze_encoder(self, model: keras.Model) -> None:
        import keras

        if self.config.user_specific.train_encoder:
            return
        for layer in model.layers:
            if isinstance(layer, keras.Model):
                layer.trainable = False

    @property
    def other_weights(self) -> tuple[str, ...]:
        return (AGNOSTIC,) if self.specific and self.config.user_specific.start is None else ()

    # === Outputs ===

    def part(self, model: keras.Model) -> keras.Model:
        """What of the model posts are embedded by; one for each model, so that its graph is traced once."""
        from kerasmm.models import hashtag_part

        if model not in self._parts:
            self._parts[model] = hashtag_part(model, "image", "vectors")
        return self._parts[model]

    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        """Per batch `id`, `image` and `vectors` as `kerasmm.models.hashtag` gives them, `user` `(n,)` and `tags` `(n, most)`
        as ids, -1 for a user that training never saw and behind a post's tags; `features`, where they are stored.
        """
        from kerasmm.systems.hashtag.posts import most_tags
        from kerasmm.systems.outputs import post_outputs

        key = dataset.folder, split
        if key not in self._most_tags:
            self._most_tags[key] = most_tags(self.posts, dataset.records(split))
        most = self._most_tags[key]
        part = self.part(model) if model is not None else None

        fields = functools.partial(self._fields, tuple(part.input) if part is not None else (), most)
        # Without users a tag finds pictures by what finds tags, of unit length for equation 2.
        picks = {"image": "image" if self.specific else "vectors", "vectors": "vectors"}
        wanted = {name: functools.partial(_picked, pick) for name, pick in picks.items()}
        yield from post_outputs(part, dataset, split, fields, wanted)

    def _fields(
        self, wanted: tuple[str, ...], most: int, serialized: tf.Tensor
    ) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
        """What the model takes of posts, and what is kept of them beside its outputs."""
        import tensorflow as tf

        from kerasmm.systems.hashtag.posts import NONE
        from kerasmm.systems.outputs import pooled

        found = self.posts.parsed(serialized)
        given = {self.posts.picture_input: found["picture"], "user": found["user"]}
        behind = [[0, 0], [0, most - tf.shape(found["tags"])[1]]]
        tags = tf.pad(found["tags"], behind, constant_values=NONE)
        kept = {"id": found["id"], "user": found["user"], "tags": tags}
        if self.pictures.stored:
            kept["features"] = pooled(found["picture"], self.pictures.picture)
        return {name: given[name] for name in wanted}, kept

    def all_scores(self, model: keras.Model, posts: Arrays, rows: slice) -> np.ndarray:
        """Scores of all tags for some rows of `outputs`, `(rows, K)`: one matrix product, with an MLP its layers."""
        import numpy as np

        from kerasmm.models import hashtag_scores

        some = {name: np.asarray(posts[name][rows]) for name in ("image", "vectors")}
        if self.config.network.user_model == "mlp":
            some["user"] = model.get_layer("users")(np.asarray(posts["user"][rows]))
        return np.asarray(hashtag_scores(model, some))


def _picked(name: str, outputs: dict[str, Any]) -> Any:
    return outputs[name]


def _unit(vectors: Any) -> Any:
    from keras import ops

    # Of a zero vector the gradient is zero, too.
    return vectors / ops.sqrt(ops.maximum(ops.sum(ops.square(vectors), axis=-1, keepdims=True), 1e-12))
