"""DMAN: deep multimodal attention networks — picture regions × words, inside a link graph.

Huang, Zhang, Mei, Li, Zhao and He (2017), "Learning Social Image Embedding with Deep Multimodal Attention Networks",
Thematic Workshops of ACM Multimedia. Equation and section numbers are the paper's.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.systems.dman.config import DMANConfig
from kerasmm.systems.dman.protocol import DMANProtocol
from kerasmm.systems.dman.signatures import DMANSignatures
from kerasmm.systems.measured import feature_moments
from kerasmm.systems.protocol import Arrays
from kerasmm.systems.system import Stage, System

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset


class DMAN(System):
    """Finds posts by tag and by picture, labels pictures, and shows where in a picture each word looks.

    Deep multimodal attention networks as a System; the model card begins with the line above.
    """

    name = "dman"
    Config = DMANConfig
    Signatures = DMANSignatures
    Protocol = DMANProtocol
    vocabulary_names = ("tags", "labels")
    variants = {
        "DMAN": {"network.base": "attention"},
        "DMAN_Triplet+Text": {"network.base": "words"},
        # The hinge loss alone has gradients of another size.
        "DMAN_Triplet": {"network.base": "embedding", "loss.beta": 0.0, "training.optimizer.learning_rate": 0.1},
    }
    rows = {
        "DMAN": "words look at regions of the picture",
        "DMAN_Triplet+Text": "fully connected layers in place of attention, to a sigmoid a word",
        "DMAN_Triplet": "the hinge loss of the links alone, on a vector that no word touches",
        "hne": "pictures and tags as nodes of one network, deep maps",
        "lhne": "the same with linear maps",
        "dcca": "deep canonical correlation analysis of pooled features and tags",
        "kcca": "canonical correlation analysis behind kernels",
        "cca": "linear canonical correlation analysis",
        "ridge": "scores of words by ridge regression from pooled features",
        "features": "pooled features as they are, without words",
    }
    needs_regions = True
    config: DMANConfig

    # === Data ===

    @classmethod
    def measure(cls, config: DMANConfig, dataset: Dataset) -> dict[str, Any]:
        """Means and variances of stored features over the training split."""
        dataset.require(["tags", "links"])
        if not dataset.vocabulary("tags"):
            raise UserError(f"{dataset.folder}: the vocabulary of tags is empty, DMAN needs words")
        return feature_moments(dataset) if config.network.standardise else {}

    # === Model ===

    @property
    def vector(self) -> str:
        """The output that posts are compared by."""
        return "embedding" if self.config.network.base == "embedding" else "words"

    def build(self) -> keras.Model:
        from kerasmm.models import dman, fully_connected

        network, measured = self.config.network, self.facts.measured
        pictures = self.pictures
        stored = pictures.stored is not None
        shape = tuple(pictures.picture.shape) if stored else (1, 1)
        shared: dict[str, Any] = {
            "encoder": None if stored else pictures.encoder.model,
            "train_encoder": pictures.trained,
            "feature_mean": measured.get("mean") if stored else None,
            "feature_variance": measured.get("variance") if stored else None,
            "dropout": network.dropout,
        }
        words = len(self.vocabularies["tags"])
        if network.base == "attention":
            return dman(words, shape, attention_scale=network.attention_scale, units=network.units, **shared)
        return fully_connected(
            words if network.base == "words" else network.embedding,
            shape,
            kind=network.base,
            units=network.fully_connected,
            pooling=network.pooling,
            **shared,
        )

    def from_pixels(self, model: keras.Model) -> keras.Model:
        import keras

        if "image" in model.input or self.pictures.elsewhere:
            return model
        image = keras.Input((*self.image_size, 3), name="image")
        regions = self.pictures.encoder.model(image, training=False)
        return keras.Model({"image": image}, model({"regions": regions}, training=False), name="dman_from_pixels")

    # === Training ===

    def objective(self, targets: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
        """The joint loss (eq. 12): hinge rank loss of the triplets, plus β times the words' cross-entropy."""
        from keras import ops

        from kerasmm.losses import HingeRankLoss, WeightedBinaryCrossentropy, triplet_similarity

        loss = self.config.loss
        # Rows are reduced here: Keras' own mean divides by the replicas too, but this is the batch of all of them.
        reduced = ops.sum if loss.over_batch == "sum" else ops.mean
        hinge = HingeRankLoss(margin=loss.margin, reduction=None)
        entropy = WeightedBinaryCrossentropy(
            positive_weight=loss.positive_weight, word_reduction=loss.over_words, reduction=None
        )
        anchor, positive = outputs["anchor"], outputs["positive"]
        negatives = ops.take(anchor, targets["negatives"], axis=0)
        candidates = ops.concatenate([positive[:, None], negatives], axis=1)
        similarities = triplet_similarity(anchor[:, None], candidates, normalization=loss.similarity)
        terms = {"triplet_loss": reduced(hinge(targets["triplets"], similarities))}
        if loss.beta:
            words = ops.concatenate([targets["anchor"], targets["positive"]], axis=0)
            terms["word_loss"] = loss.beta * reduced(entropy(words, ops.concatenate([anchor, positive], axis=0)))
        return terms

    def stages(self, model: keras.Model, dataset: Dataset) -> list[Stage]:
        from kerasmm.models import siamese
        from kerasmm.systems.dman.batches import TripletBatches
        from kerasmm.systems.optimizer import make_optimizer

        training = self.config.training
        found = TripletBatches(self.config, dataset, self.pictures.picture, self.vocabularies, self.seed)
        batches = found.not_empty("training posts")
        return [
            Stage(
                name="train",
                model=siamese(model, ("anchor", "positive"), self.vector),
                objective=self.objective,
                batches=batches,
                steps=batches.steps,
                terms=("triplet_loss", "word_loss") if self.config.loss.beta else ("triplet_loss",),
                epochs=training.epochs,
                optimizer=functools.partial(
                    make_optimizer, training.optimizer, [batches.steps(epoch) for epoch in range(training.epochs)]
                ),
                clip_norm=training.optimizer.clip_norm,
            )
        ]

    # === Outputs ===

    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        import keras

        from kerasmm.data.boxes import BOXES_FILE
        from kerasmm.systems.outputs import model_outputs

        wanted: dict[str, Callable[[dict[str, Any]], Any]] = {"vectors": lambda outputs: outputs[self.vector]}
        if self.config.network.base == "attention" and (dataset.folder / BOXES_FILE).is_file():
            wanted["looks"] = lambda outputs: keras.ops.argmax(outputs["attention"], axis=-1)
        words = {name: self.vocabularies[name] for name in self.vocabulary_names}
        yield from model_outputs(model, dataset, split, self.pictures.picture, words, wanted)

    # === Serving ===

    def questions(self, export: str) -> list[str]:
        words = [shlex.quote(word) for word in self.vocabularies["tags"] or ["word"]]
        model = f"--model {shlex.quote(export)}"
        asked = {
            "embedding": [],
            "words": [f"search {model} --tag {words[0]} -k 5 --html found.html"],
            "attention": [
                f"search {model} --tag {words[0]} -k 5 --html found.html",
                f"attend {model} --image PICTURE.jpg --word {words[-1]} --output look.png",
            ],
        }[self.config.network.base]
        return [*asked, f"search {model} --image PICTURE.jpg", f"label {model} --image PICTURE.jpg"]
