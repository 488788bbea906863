"""Webly supervised joint embedding: images, sentences and tags in one space, from clean data and then from the web.

Mithun, Panda, Papalexakis and Roy-Chowdhury (2018), "Webly Supervised Joint Embedding for Cross-Modal Image-Text
Retrieval", ACM Multimedia. Equation and section numbers are the paper's.
"""

from __future__ import annotations

import dataclasses
import functools
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.systems.measured import feature_moments
from kerasmm.systems.protocol import Arrays
from kerasmm.systems.system import Facts, Stage, System
from kerasmm.systems.webly.config import WeblyConfig
from kerasmm.systems.webly.protocol import WeblyProtocol
from kerasmm.systems.webly.sheet import SentenceSheet
from kerasmm.systems.webly.signatures import WeblySignatures

if TYPE_CHECKING:
    import keras

    from kerasmm.data.dataset import Dataset
    from kerasmm.systems.batches import Batches
    from kerasmm.systems.config import Optimizer

STUCK = 0.01
"""So near to 2 Δ a pair, as a share of it, the hardest-negative loss of an epoch counts as collapsed."""


class Webly(System):
    """Finds the sentences that go with a picture, and the pictures that go with a sentence.

    Webly supervised joint embedding as a System; the model card begins with the line above.
    """

    name = "webly"
    Config = WeblyConfig
    Signatures = WeblySignatures
    Protocol = WeblyProtocol
    vocabulary_names = ()
    kinds = ("posts", "sentences")
    variants = {
        "VSE": {"loss.negatives": "sum", "loss.tag_weight": 0.0, "web.data": None},
        "VSEPP": {"loss.negatives": "hardest", "loss.tag_weight": 0.0, "web.data": None},
        "VSE_web": {"loss.negatives": "sum", "web.control": True},
        "VSEPP_web": {"loss.negatives": "hardest", "web.control": True},
    }
    rows = {
        "VSE": "sentences alone, sum over the negatives of a batch",
        "VSEPP": "sentences alone, the hardest negative",
        "VSE_web": "with tags, then a second stage on web posts; sum over the negatives",
        "VSEPP_web": "the same with the hardest negative",
    }
    sheets = (SentenceSheet,)
    samples = {
        **System.samples,
        "web.data": (
            "data/shapes_web", "--source", "shapes", "--unit", "web",
            # The world has few authors and few words.
            "--set", "collect={clean: data/shapes, per_owner: null, per_keyword: null, english_tags: 1, first_tags: null}",
        ),
    }  # fmt: skip
    config: WeblyConfig

    # === Data ===

    @classmethod
    def gather_facts(cls, config: WeblyConfig, dataset: Dataset) -> Facts:
        """Words of sentences and tags, and the moments of the features."""
        from kerasmm.systems.webly.words import tag_dimension, vocabularies

        dataset.require(["sentences"])
        if config.loss.tag_weight and not dataset.manifest.fields.get("train", {}).get("sentences/tags"):
            raise UserError(
                f"{dataset.folder}: its sentences have no pseudo-tags; build it with `annotate.sentence_tags=true`, or leave "
                "tags out with --set loss.tag_weight=0"
            )
        features = dataset.manifest.features
        moments = feature_moments(dataset) if config.network.standardise else {}
        return Facts(
            vocabularies=vocabularies(config.text, dataset, cls._web(config, dataset)),
            features=features.model_dump(mode="json") if features else None,
            measured={**moments, "tag_dimension": tag_dimension(config.text)},
        )

    @staticmethod
    def _web(config: WeblyConfig, clean: Dataset) -> Dataset | None:
        """The web posts of the second stage."""
        from kerasmm.data.dataset import Dataset

        if config.web.data is None:
            return None
        web = Dataset(Path(config.web.data))
        web.require(["tags", "keywords"])
        if web.manifest.features != clean.manifest.features:
            have = [one.manifest.features.encoder if one.manifest.features else "none" for one in (web, clean)]
            raise UserError(
                f"{web.folder}: its stored image features ({have[0]}) are not those of {clean.folder} ({have[1]}); build both "
                "with the same --features"
            )
        return web

    # === Model ===

    def build(self) -> keras.Model:
        from kerasmm.models import webly
        from kerasmm.text import OFFSET

        network, text, pictures, measured = self.config.network, self.config.text, self.pictures, self.facts.measured
        return webly(
            len(self.vocabularies["words"]) + OFFSET,
            len(self.vocabularies["tags"]) + 1,
            tuple(pictures.stored["shape"]) if pictures.stored else (1,),
            dimension=network.dimension,
            word_dimension=network.word_dimension,
            tag_dimension=measured["tag_dimension"],
            gru_units=network.gru_units,
            pooling=network.pooling,
            image_layers=network.image_layers,
            sentence_layers=network.sentence_layers,
            tag_layers=network.tag_layers,
            dropout=network.dropout,
            train_tag_vectors=text.train_vectors,
            encoder=None if pictures.stored else pictures.encoder.model,
            train_encoder=pictures.trained,
            feature_mean=measured.get("mean") if pictures.stored else None,
            feature_variance=measured.get("variance") if pictures.stored else None,
        )

    def from_pixels(self, model: keras.Model) -> keras.Model:
        import keras

        if "image" in model.input or self.pictures.elsewhere:
            return model
        from kerasmm.models import webly_branch

        image = keras.Input((*self.image_size, 3), name="image")
        features = self.pictures.encoder.model(image, training=False)
        inputs = {**model.input, "image": image}
        del inputs["features"]
        outputs = dict(webly_branch(model, "image")({"features": features}))
        for name in ("sentence", "tags"):
            part = webly_branch(model, name)
            outputs |= part({key: inputs[key] for key in part.input})
        return keras.Model(inputs, outputs, name="webly_from_pixels")

    # === Training (sections 3.2, 3.3 and 4.2) ===

    def objective(
        self, targets: dict[str, Any], outputs: dict[str, Any], sentence_weight: float, tag_weight: float
    ) -> dict[str, Any]:
        """λ1 times the loss of images and sentences, λ2 times that of images and tags (eq. 3)."""
        from keras import ops

        same, hardest = _equal(targets["picture"]), targets["hardest"][0] > 0
        terms = {}
        if sentence_weight:
            similarity = ops.matmul(outputs["image"], ops.transpose(outputs["sentence"]))
            terms["sentence_loss"] = sentence_weight * self._ranking(_pairs(same), similarity, hardest)
        if tag_weight:
            similarity = ops.matmul(outputs["image"], ops.transpose(outputs["tags"]))
            known = targets["tag_text"] >= 0
            # The same tags are no negative of an image; without tags there is no pair.
            truth = _pairs(ops.logical_or(same, _equal(targets["tag_text"])))
            truth = ops.where(ops.logical_and(known[:, None], known[None]), truth, -1.0)
            terms["tag_loss"] = tag_weight * self._ranking(truth, similarity, hardest)
        return terms

    def _ranking(self, truth: Any, similarity: Any, hardest: Any) -> Any:
        from keras import ops

        from kerasmm.losses import BidirectionalRankingLoss

        def loss(negatives: str) -> Any:
            return BidirectionalRankingLoss(self.config.loss.margin, negatives)(truth, similarity)

        if self.config.loss.negatives == "sum":
            return loss("sum")
        return ops.cond(hardest, lambda: loss("hardest"), lambda: loss("sum"))

    def stages(self, model: keras.Model, dataset: Dataset) -> list[Stage]:
        import keras

        from kerasmm.models import webly_branch
        from kerasmm.systems.webly.batches import CleanBatches, ControlBatches, Shared, WebBatches

        config, web = self.config, self._web(self.config, dataset)
        picture_input = next(name for name in model.input if name in ("features", "image"))
        shared = Shared(config, self.pictures.picture, picture_input, self.vocabularies, self.seed)
        optimizer = config.training.optimizer
        clean = CleanBatches(dataset, shared, quiet=self.quiet).not_empty("training sentences")
        tag_weight = config.loss.tag_weight if self.vocabularies["tags"] else 0.0
        weights = (config.loss.sentence_weight, tag_weight)
        stages = [
            self._stage("clean", model, clean, weights, config.training.epochs, optimizer, None if web else "best")
        ]
        if web:
            parts = [webly_branch(model, name) for name in ("image", "tags")]
            inputs = {name: model.input[name] for name in (picture_input, "tags")}
            outputs = {key: value for part in parts for key, value in part({n: inputs[n] for n in part.input}).items()}
            adapted = keras.Model(inputs, outputs, name="webly_tags")
            slow = optimizer.model_copy(update={"learning_rate": config.web.learning_rate})
            batches = WebBatches(web, shared).not_empty(f"posts of {web.folder}")
            stages.append(self._stage("web", adapted, batches, (0.0, 1.0), config.web.epochs, slow))
            if config.web.control:
                control = ControlBatches(dataset, batches, shared)
                stages.append(self._stage("control", adapted, control, (0.0, 1.0), config.web.epochs, slow))
        if self.vocabularies["tags"]:
            start = functools.partial(self._set_tag_vectors, model, dataset, web)
            stages[0] = dataclasses.replace(stages[0], prepare=start)
        return stages

    def _stage(
        self,
        name: str,
        model: keras.Model,
        batches: Batches,
        weights: tuple[float, float],
        epochs: int,
        optimizer: Optimizer,
        weights_name: str | None = None,
    ) -> Stage:
        from kerasmm.systems.optimizer import make_optimizer

        terms = [term for term, weight in zip(("sentence_loss", "tag_loss"), weights, strict=True) if weight]
        return Stage(
            name=name,
            model=model,
            objective=functools.partial(self.objective, sentence_weight=weights[0], tag_weight=weights[1]),
            batches=batches,
            steps=batches.steps,
            terms=tuple(terms),
            epochs=epochs,
            optimizer=functools.partial(make_optimizer, optimizer, [batches.steps(epoch) for epoch in range(epochs)]),
            clip_norm=optimizer.clip_norm,
            weights=weights_name or name,
            start=None if name == "clean" else "clean",
            # A control shows what the web posts did; it is not delivered.
            offered=name != "control",
            watch=functools.partial(self._collapsed, weights[0]),
        )

    def _set_tag_vectors(self, model: keras.Model, clean: Dataset, web: Dataset | None) -> None:
        import numpy as np

        from kerasmm.models import webly_branch
        from kerasmm.systems.webly.words import tag_vectors

        vectors = tag_vectors(self.config.text, self.vocabularies["tags"], clean, web, self.seed, self.quiet)
        padded = np.concatenate([np.zeros((1, vectors.shape[1]), "float32"), vectors])
        webly_branch(model, "tags").get_layer("tag_vectors").set_weights([padded])

    def _collapsed(self, weight: float, epoch: int, figures: dict[str, float]) -> str | None:
        """Says when all similarities are equal: each pair then costs the margin in both directions."""
        loss = self.config.loss
        if loss.negatives == "sum" or epoch < self.config.warm_up_epochs or "sentence_loss" not in figures:
            return None
        stuck = 2 * loss.margin * self.config.training.batch_size * weight
        if abs(figures["sentence_loss"] - stuck) > STUCK * stuck:
            return None
        return (
            f"the hardest-negative loss stands at 2 × margin × batch = {stuck:.4g}, as where all similarities are equal: it has "
            "collapsed; start again with a longer loss.warm_up or a smaller learning rate"
        )

    @property
    def other_data(self) -> tuple[str, ...]:
        return () if self.config.web.data is None else (self.config.web.data,)

    @property
    def other_weights(self) -> tuple[str, ...]:
        if self.config.web.data is None:
            return ()
        return ("clean", "web", "control") if self.config.web.control else ("clean", "web")

    # === Outputs ===

    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        from kerasmm.models import webly_branch
        from kerasmm.systems.outputs import model_outputs, sentence_outputs
        from kerasmm.systems.webly.words import word_lookup

        if kind == "sentences":
            ids = word_lookup(self.vocabularies["words"], self.config.text.most_words)
            yield from sentence_outputs(webly_branch(model, "sentence"), dataset, split, ids)
            return
        wanted = {"vectors": lambda outputs: outputs["image"]}
        yield from model_outputs(webly_branch(model, "image"), dataset, split, self.pictures.picture, {}, wanted)

    # === Serving ===

    def questions(self, export: str) -> list[str]:
        words = [word for word in self.vocabularies["words"] if len(word) > 3 and word.isalpha()][:3]
        return [
            f"search --model {shlex.quote(export)} --text {shlex.quote(' '.join(words))} -k 5 --html found.html",
            f"search --model {shlex.quote(export)} --image PICTURE.jpg",
        ]


def _equal(values: Any) -> Any:
    """`(n, n)` True where two are equal."""
    return values[:, None] == values[None, :]


def _pairs(same: Any) -> Any:
    """Truth of a similarity matrix: 1 for a row's own partner, -1 for others that it belongs with, else 0."""
    from keras import ops

    own = ops.eye(ops.shape(same)[0], dtype="bool")
    return ops.where(own, 1.0, ops.where(same, -1.0, 0.0))
