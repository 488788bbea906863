"""CMEM: the connotation multimodal embedding model — what an image-tweet pair means, as a ranking of connotations.

Mogadala, Kanuparthi, Rettinger and Sure-Vetter (2018), "Discovering Connotations as Labels for Weakly Supervised
Image-Sentence Data", Companion of The Web Conference. Equation and section numbers are the paper's.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError, console
from kerasmm.systems.cmem.config import CMEMConfig
from kerasmm.systems.cmem.protocol import CMEMProtocol
from kerasmm.systems.cmem.sheet import ConnotationSheet
from kerasmm.systems.cmem.signatures import CMEMSignatures
from kerasmm.systems.measured import feature_moments
from kerasmm.systems.protocol import Arrays
from kerasmm.systems.system import Stage, System

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.cmem.posts import Posts

LOSSES = ("prl", "warp", "lsep", "plsp")
DIMENSIONS = (256, 512)
NOISE = (0.1, 0.2, 0.3)


class CMEM(System):
    """Ranks the labels that a picture with its text connotes, and finds the tweets that go with a picture.

    The connotation multimodal embedding model as a System; the model card begins with the line above.
    """

    name = "cmem"
    Config = CMEMConfig
    Signatures = CMEMSignatures
    Protocol = CMEMProtocol
    config: CMEMConfig
    vocabulary_names = ("labels",)
    variants = {
        **{
            f"CMEM-{loss}-{dimension}": {"loss.name": loss, "network.dimension": dimension}
            for loss in LOSSES
            for dimension in DIMENSIONS
        },
        "image-only": {"network.inputs": "image"},
        "tweet-only": {"network.inputs": "text"},
        **{
            f"CMEM-{loss}-{DIMENSIONS[-1]}-noise-{noise:.0%}".removesuffix("%"): {
                "loss.name": loss,
                "network.dimension": DIMENSIONS[-1],
                "labels.noise": noise,
            }
            for loss in LOSSES
            for noise in NOISE
        },
    }
    rows = {
        **{
            f"CMEM-{loss}-{dimension}": f"pictures and tweets, {loss.upper()} loss, {dimension} dimensions"
            for loss in LOSSES
            for dimension in DIMENSIONS
        },
        "image-only": "the pictures alone",
        "tweet-only": "the tweets alone",
        **{
            f"CMEM-{loss}-{DIMENSIONS[-1]}-noise-{100 * noise:.0f}": f"{loss.upper()} loss, {noise:.0%} of the label sets "
            "replaced by random ones"
            for loss in LOSSES
            for noise in NOISE
        },
        "frequency": "labels by how often training has them",
        "regression": "labels by logistic regression on the words of the tweet",
        "cca_lda": "canonical correlation analysis of picture features and topics of tweets",
        "rcca_100_lda": "the same, regularised by 100",
        "rcca_1000_lda": "the same, regularised by 1000",
    }
    sheets = (ConnotationSheet,)

    # === Data ===

    @classmethod
    def measure(cls, config: CMEMConfig, dataset: Dataset) -> dict[str, Any]:
        """The characters of the texts; means and variances of stored features over the training split."""
        from kerasmm.systems.cmem.posts import alphabet

        inputs = config.network.inputs
        needed = {"both": ["labels", "text"], "image": ["labels"], "text": ["labels", "text"]}[inputs]
        dataset.require(needed)
        labels = dataset.vocabulary("labels")
        if len(labels) < 2:
            raise UserError(f"{dataset.folder}: has {len(labels)} connotations (labels), a ranking needs 2 or more")
        measured: dict[str, Any] = {}
        if inputs != "image":
            measured["code_points"] = alphabet(config, dataset)
        if inputs != "text" and config.network.standardise:
            measured |= feature_moments(dataset)
        return measured

    @functools.cached_property
    def posts(self) -> Posts:
        from kerasmm.systems.cmem.posts import Posts

        picture = None if self.config.network.inputs == "text" else self.pictures.picture
        code_points = self.facts.measured.get("code_points", [])
        return Posts(self.config, self.vocabularies["labels"], code_points, picture, self.seed)

    # === Model (section 3) ===

    def build(self) -> keras.Model:
        from kerasmm.models import cmem
        from kerasmm.text import OFFSET

        network, measured = self.config.network, self.facts.measured
        pictures: dict[str, Any] = {}
        if network.inputs != "text":
            stored = self.pictures.stored
            pictures = {
                "features": tuple(stored["shape"]) if stored else (1,),
                "encoder": None if stored else self.pictures.encoder.model,
                "train_encoder": self.pictures.trained,
                "feature_mean": measured.get("mean") if stored else None,
                "feature_variance": measured.get("variance") if stored else None,
            }
        return cmem(
            len(self.vocabularies["labels"]),
            len(measured.get("code_points", ())) + OFFSET,
            dimension=network.dimension,
            character_dimension=network.character_dimension,
            units=network.units,
            pooling=network.pooling,
            inputs=network.inputs,
            penalty=self.config.penalty,
            image_dropout=network.image_dropout,
            text_dropout=network.text_dropout,
            **pictures,
        )

    def from_pixels(self, model: keras.Model) -> keras.Model:
        import keras

        if "features" not in model.input or self.pictures.elsewhere:
            return model
        from kerasmm.models import cmem_branch

        image = keras.Input((*self.image_size, 3), name="image")
        features = self.pictures.encoder.model(image, training=False)
        inputs = {**{name: given for name, given in model.input.items() if name != "features"}, "image": image}
        outputs = dict(model({name: features if name == "features" else inputs[name] for name in model.input}))
        # A way of its own, so that an image needs no text to be projected.
        outputs |= cmem_branch(model, "image")({"features": features})
        return keras.Model(inputs, outputs, name="cmem_from_pixels")

    # === Training (sections 3.2 and 5.1) ===

    def make_loss(self) -> keras.losses.Loss:
        """The loss of the configuration, one value a post."""
        from kerasmm.losses import LSEPLoss, PairwiseRankingLoss, PLSPLoss, WARPLoss

        loss = self.config.loss
        makers: dict[str, Callable[..., keras.losses.Loss]] = {
            "prl": functools.partial(PairwiseRankingLoss, loss.margin),
            "warp": functools.partial(WARPLoss, loss.margin, normalize=loss.normalize),
            "lsep": LSEPLoss,
            "plsp": functools.partial(PLSPLoss, loss.truncation),
        }
        return makers[loss.name](negatives=loss.negatives, reduction=None)

    def stages(self, model: keras.Model, dataset: Dataset) -> list[Stage]:
        from keras import ops

        from kerasmm.systems.cmem.batches import PostBatches
        from kerasmm.systems.optimizer import make_optimizer

        training, loss = self.config.training, self.make_loss()
        batches = PostBatches(self.posts, dataset).not_empty("training posts")

        def objective(targets: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
            """The mean over the posts (eq. 2); the penalty is the model's own."""
            return {self.config.loss.name: ops.mean(loss(targets["labels"], outputs["scores"]))}

        return [
            Stage(
                name="train",
                model=model,
                objective=objective,
                batches=batches,
                steps=batches.steps,
                terms=(self.config.loss.name,),
                epochs=training.epochs,
                optimizer=functools.partial(
                    make_optimizer, training.optimizer, [batches.steps(epoch) for epoch in range(training.epochs)]
                ),
                clip_norm=training.optimizer.clip_norm,
                prepare=functools.partial(self._set_concepts, model, dataset),
            )
        ]

    def _set_concepts(self, model: keras.Model, dataset: Dataset) -> None:
        """Concept vectors into the connotations' embeddings, as long as the configured spread of the scores wants them."""
        import numpy as np

        from kerasmm.systems.cmem.batches import PostBatches
        from kerasmm.systems.cmem.concepts import concept_vectors

        vectors = concept_vectors(self.config, self.vocabularies["labels"], dataset, self.seed, self.quiet)
        layer = model.get_layer("connotations")
        layer.set_weights([vectors.T])
        if self.config.spread is not None:
            inputs, targets = next(iter(PostBatches(self.posts, dataset)(0, 0)))
            scores = np.asarray(model(inputs, training=False)["scores"], "float32")
            if (deviation := float(np.std(scores))) > 0:
                scale = self.config.spread / deviation
                layer.set_weights([vectors.T * scale])
                self._say_flat({"labels": targets["labels"].numpy(), "scores": scores * scale})

    def _say_flat(self, posts: Arrays) -> None:
        for share in self.flat_pairs(posts).values():
            console(self.quiet).print(
                f"plsp: training begins with {share:.0%} of the pairs of a right and a wrong label left out, because their scores are "
                f"less than {abs(self.config.loss.truncation):g} apart (loss.truncation); the other pairs teach, and may spread "
                "these. metrics.csv has this share for the validation split, `plsp/flat`. Where it stays high, set "
                "loss.truncation nearer to 0, or loss.name=lsep, which leaves no pair out",
                soft_wrap=True,
            )

    # === Outputs ===

    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        from kerasmm.systems.outputs import post_outputs

        names = {"vectors": "embedding", "scores": "scores"}
        if self.config.network.inputs == "both":
            names |= {"image": "image", "tweet": "text", "state": "state"}
        wanted: dict[str, Callable[[dict[str, Any]], Any]] = {
            name: functools.partial(lambda output, outputs: outputs[output], output) for name, output in names.items()
        }
        yield from post_outputs(model, dataset, split, self.posts.fields, wanted)

    def flat_pairs(self, posts: Arrays) -> dict[str, float]:
        """Share of the pairs that PLSP gives no gradient; nothing under another loss."""
        if self.config.loss.name != "plsp":
            return {}
        from kerasmm.losses import PLSPLoss

        loss = PLSPLoss(self.config.loss.truncation)
        return {"plsp/flat": float(loss.flat_share(posts["labels"], posts["scores"]))}

    # === Serving ===

    def questions(self, export: str) -> list[str]:
        model, given = f"--model {shlex.quote(export)}", []
        if self.config.network.inputs != "text":
            given.append("--image PICTURE.jpg")
        if self.config.network.inputs != "image":
            given.append(f"--text {shlex.quote(' '.join(self.vocabularies['labels'][:2]))}")
        asked = [f"label {model} {' '.join(given)}"]
        return [*asked, f"search {model} --image PICTURE.jpg"] if self.config.network.inputs == "both" else asked
