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
from kerasmm.systems.dman.signatures import DMANSignatures
from kerasmm.systems.dman.tables import dman_tables
from kerasmm.systems.measured import feature_moments
from kerasmm.systems.system import Arrays, Evaluator, FittedBaseline, Stage, System
from kerasmm.systems.tables import Table, part

if TYPE_CHECKING:
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasmm.data.dataset import Dataset


class DMAN(System):
    """Deep multimodal attention networks as a System."""

    name = "dman"
    Config = DMANConfig
    Signatures = DMANSignatures
    vocabulary_names = ("tags", "labels")
    variants = {
        "DMAN": {"network.base": "attention"},
        "DMAN_Triplet+Text": {"network.base": "words"},
        # The hinge loss alone has gradients of another size.
        "DMAN_Triplet": {"network.base": "embedding", "loss.beta": 0.0, "training.optimizer.learning_rate": 0.1},
    }
    baselines = {
        "hne": "HNE",
        "lhne": "LHNE",
        "dcca": "DCCA",
        "kcca": "KCCA",
        "cca": "CCA",
        "ridge": "Ridge",
        "features": "Features",
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

    @property
    def monitor(self) -> str:
        """Search by label words; without words, what the links stand for."""
        return "neighbours/mAP" if self.config.network.base == "embedding" else "search/mAP"

    # === Data ===

    @classmethod
    def measure(cls, config: DMANConfig, dataset: Dataset) -> dict[str, Any]:
        """Means and variances of stored features over the training split."""
        dataset.require(["tags", "links"])
        if not dataset.vocabulary("tags"):
            raise UserError(f"{dataset.folder}: the vocabulary of tags is empty, DMAN needs words")
        return feature_moments(dataset) if config.network.standardise else {}

    def _batches(self, dataset: Dataset, epoch: int, skip: int) -> tf.data.Dataset:
        """Anchors in a new order each epoch, their linked posts and their negatives (section 3.2)."""
        import tensorflow as tf

        from kerasmm.data import batches
        from kerasmm.systems.dman import triplets

        records, picture, size = dataset.records("train"), self.pictures.picture, self.config.training.batch_size
        read = batches.reader(records)
        tags, labels = (batches.word_table(self.vocabularies[name]) for name in self.vocabulary_names)
        seed = self.seed

        def batch(step: tf.Tensor, rows: tf.Tensor) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor]]:
            anchor = batches.parse(read(rows), picture, ("tags", "labels", "links"))
            drawn, linked = triplets.linked_rows(records, anchor["links"], rows, seed, epoch)
            positive = batches.parse(read(drawn), picture, ("tags",))
            classes = batches.multi_hot(anchor["labels"], labels, max(len(self.vocabularies["labels"]), 1))
            draw = tf.stack([tf.constant(seed * 100_003 + epoch, tf.int64), step])
            negatives, there = triplets.unlike_rows(classes, linked, self.config.loss.negatives, draw)
            targets = {
                "anchor": batches.multi_hot(anchor["tags"], tags, len(self.vocabularies["tags"])),
                "positive": batches.multi_hot(positive["tags"], tags, len(self.vocabularies["tags"])),
                "negatives": negatives,
                "triplets": triplets.triplet_targets(drawn != rows, there),
            }
            return {"anchor": anchor["picture"], "positive": positive["picture"]}, targets

        order = batches.epoch_order(len(records), seed, epoch)
        rows = batches.row_batches(order, size, drop_remainder=True)
        return rows.enumerate().skip(skip).map(batch, num_parallel_calls=2, deterministic=True).prefetch(2)

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

        if "image" in model.input:
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
        from kerasmm.systems.optimizer import make_optimizer

        training = self.config.training
        steps = len(dataset.records("train")) // training.batch_size
        if not steps:
            raise UserError(
                f"training.batch_size: {training.batch_size} is more than the {len(dataset.records('train'))} training posts"
            )
        return [
            Stage(
                name="train",
                model=siamese(model, ("anchor", "positive"), self.vector),
                objective=self.objective,
                batches=functools.partial(self._batches, dataset),
                steps=lambda epoch: steps,
                terms=("triplet_loss", "word_loss") if self.config.loss.beta else ("triplet_loss",),
                epochs=training.epochs,
                optimizer=functools.partial(make_optimizer, training.optimizer, [steps] * training.epochs),
                clip_norm=training.optimizer.clip_norm,
            )
        ]

    # === Protocol (sections 4.3 and 4.4) ===

    def outputs(self, model: keras.Model, dataset: Dataset, split: str, kind: str = "posts") -> Iterator[Arrays]:
        import keras

        from kerasmm.data.boxes import BOXES_FILE
        from kerasmm.systems.outputs import model_outputs

        wanted: dict[str, Callable[[dict[str, Any]], Any]] = {"vectors": lambda outputs: outputs[self.vector]}
        if self.config.network.base == "attention" and (dataset.folder / BOXES_FILE).is_file():
            wanted["looks"] = lambda outputs: keras.ops.argmax(outputs["attention"], axis=-1)
        words = {name: self.vocabularies[name] for name in self.vocabulary_names}
        yield from model_outputs(model, dataset, split, self.pictures.picture, words, wanted)

    def _queries(self, posts: Arrays) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Ids of query words, and the posts that each is right for: label words (4.4), and every word."""
        import numpy as np

        places = {word: place for place, word in enumerate(self.vocabularies["tags"])}
        pairs = [(places[w], c) for c, w in enumerate(self.vocabularies["labels"]) if w in places]
        found = {
            "search": (np.array([p for p, _ in pairs], int), posts["labels"][:, [c for _, c in pairs]].T > 0),
            "tag_search": (np.arange(len(places)), posts["tags"].T > 0),
        }
        return {name: (q[r.any(1)], r[r.any(1)]) for name, (q, r) in found.items() if r.any()}

    def _search(self, evaluator: Evaluator, posts: Arrays, words: np.ndarray, distance: str) -> dict[str, float]:
        """Figures of search; `words` `(L, d)` says where the query of each word lies among the posts' `vectors`."""
        suffix = {"euclidean": "_literal", "inner": "_score", "cosine": ""}[distance]
        return {
            f"{name}{suffix}/{key}": value
            for name, (query, relevant) in self._queries(posts).items()
            for key, value in evaluator.search(words[query], posts["vectors"], relevant, distance).items()
        }

    def _monitored(self, figures: dict[str, float]) -> float:
        """Where no label is a word of the vocabulary, every word is a query."""
        return figures.get("search/mAP", figures.get("tag_search/mAP", 0.0))

    def _one_hot(self) -> np.ndarray:
        """Queries of the paper: a word's own entry is one, the others zero."""
        import numpy as np

        return np.eye(len(self.vocabularies["tags"]), dtype="float32")

    def validate(self, evaluator: Evaluator) -> dict[str, float]:
        posts = evaluator.outputs(evaluator.split)
        if self.config.network.base == "embedding":
            found = evaluator.neighbours(posts["vectors"], posts["labels"], "cosine")
            return {f"neighbours/{key}": value for key, value in found.items()}
        figures = self._search(evaluator, posts, self._one_hot(), "cosine")
        figures.setdefault("search/mAP", self._monitored(figures))
        return figures | self._pointing(evaluator)

    def _pointing(self, evaluator: Evaluator) -> dict[str, float]:
        if self.config.network.base != "attention" or not evaluator.has_boxes:
            return {}
        grid = self.pictures.encoder.grid
        assert grid is not None
        found = evaluator.pointing(evaluator.split, self.vocabularies["tags"], grid)
        return {f"pointing/{key}": value for key, value in found.items()}

    def _classification(self, evaluator: Evaluator, train: Arrays, test: Arrays) -> dict[str, float]:
        if not test["labels"].any():
            return {}
        found = evaluator.classification(train, test)
        return {f"classification/{key}": value for key, value in found.items()}

    def evaluate(self, evaluator: Evaluator) -> dict[str, float]:
        train, test = evaluator.outputs("train"), evaluator.outputs(evaluator.split)
        figures = self._classification(evaluator, train, test)
        if self.config.network.base != "embedding":
            for distance in ("cosine", "euclidean", "inner"):
                figures |= self._search(evaluator, test, self._one_hot(), distance)
        if "features" in train:
            figures |= {f"ridge/{key}": value for key, value in self.evaluate_baseline(evaluator, "ridge").items()}
        return figures | self._pointing(evaluator)

    def evaluate_baseline(self, evaluator: Evaluator, name: str) -> dict[str, float]:
        baseline = evaluator.baseline(name, self._score_of_baseline)
        train, test = evaluator.outputs("train"), evaluator.outputs(evaluator.split)
        embedded = [{**posts, "vectors": baseline.images(posts["features"])} for posts in (train, test)]
        scores = baseline.label_scores(train["labels"], test["features"])
        if scores is not None:
            embedded[1]["scores"] = scores
        figures = self._classification(evaluator, *embedded)
        if baseline.searches:
            words = baseline.words(self._one_hot())
            figures |= self._search(evaluator, embedded[1], words, "euclidean")
            own = self._search(evaluator, embedded[1], words, baseline.distance)
            # Under the plain name whatever the distance: it is the one that the baseline is meant for.
            figures |= {key.replace("_score/", "/"): value for key, value in own.items()}
        return figures

    def _score_of_baseline(self, evaluator: Evaluator, baseline: FittedBaseline) -> float:
        """What the settings of a baseline are chosen by: the same figure that the epochs of DMAN are."""
        posts = evaluator.outputs("validation")
        embedded = {**posts, "vectors": baseline.images(posts["features"])}
        figures = self._search(evaluator, embedded, baseline.words(self._one_hot()), baseline.distance)
        return self._monitored({key.replace("_score/", "/"): value for key, value in figures.items()})

    def table(self, figures: dict[str, float]) -> list[Table]:
        return dman_tables({self.title: [figures], "ridge, pooled": [part(figures, "ridge")]})

    @property
    def title(self) -> str:
        """The row of the paper's tables that this configuration is."""
        return next(name for name, own in self.variants.items() if own["network.base"] == self.config.network.base)

    @classmethod
    def comparison(cls, rows: dict[str, list[dict[str, float]]]) -> list[Table]:
        return dman_tables(rows)

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
