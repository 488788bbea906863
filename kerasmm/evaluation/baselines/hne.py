"""HNE: heterogeneous network embedding via deep architectures."""

from __future__ import annotations

import math
from typing import Any, ClassVar, Self

import keras
import numpy as np

from kerasmm.evaluation.baselines.baseline import Baseline, Views
from kerasmm.evaluation.baselines.link_batches import LinkBatches
from kerasmm.evaluation.baselines.link_graph import LinkGraph
from kerasmm.evaluation.baselines.moments import CHUNK, moments_of_rows
from kerasmm.losses import LinkLoss
from kerasmm.models import hne, hne_decisions

PATIENCE, LEAST_GAIN, LEARNING_RATE = 4, 1e-5, 1e-3
HELD_OUT, HELD_OUT_BATCH = 0.1, 1024


class HNE(Baseline):
    """Pictures and texts are nodes of one network; linked ones shall have a large inner product.

    Formula:

        min  1/N_II Σ L(x_i, x_j) + λ1/N_TT Σ L(z_i, z_j) + λ2/N_IT Σ L(x_i, z_j) + λ3 (‖U‖² + ‖V‖²)

        L = log(1 + exp(-A d)),   d = s - t,   s the inner product of the two embeddings

    with A = 1 for a linked pair and -1 for an unlinked one, and as many unlinked pairs as linked ones (see `LinkLoss`);
    N counts the linked pairs of a kind. The embeddings are `kerasmm.models.hne`. Pictures are linked as their posts are,
    texts as theirs, and a picture with the text of its own post and of linked ones. Where posts have no links, only a
    picture and its own text are linked, and the first two sums are empty. Where everything is linked, nothing is to be
    told apart, and the vectors mean little.

    A picture starts from the stored features of a frozen network, as in every row of the tables; the reference trains
    the convolutions too. A word is embedded as a text of one word, and such texts are new to a hidden layer that was
    trained on whole posts: one setting of `grid` has it, the others leave the text side linear. Of our choice, or not
    known of the reference, are: words with equal weights in place of TF-IDF, a learnt t, the unlinked pairs (those of a
    batch), the sizes, dropout, Adam, and a tenth of the training posts that stops the training. With fewer than 20 posts
    none is held out.

    Memory beyond the views is that of the links and of one batch.

    Args:
        seed: Seeds the weights, the dropout, the held-out tenth and the batches.
        dimensions: r, of the common space.
        text_weight: λ1.
        cross_weight: λ2.
        regularisation: λ3.
        linked_texts: Whether a picture is linked with the texts of linked posts. If not, such pairs take no part, and it
            is linked with its own text alone: better where links say less than words, as between captions.
        image_units: Units of the fully connected layers on the features.
        text_units: Units of the fully connected layers on the words.
        epochs: At most so many.

    Raises:
        ValueError: When a weight is negative, or a size not positive.

    Example:

    >>> generator = np.random.default_rng(0)
    >>> no_links = np.zeros(9, int), np.zeros(0, int)
    >>> views = Views(generator.normal(size=(8, 6)).astype("float32"), np.eye(8, dtype="float32"), no_links)
    >>> model = HNE(dimensions=4).fit(views)
    >>> model.images(views.features).shape, model.words(np.eye(8)).shape
    ((8, 4), (8, 4))

    Reference:
        Chang, Han, Tang, Qi, Aggarwal and Huang (2015), "Heterogeneous Network Embedding via Deep Architectures", KDD.
    """

    name: ClassVar[str] = "hne"
    title: ClassVar[str] = "HNE"
    grid: ClassVar[tuple[dict[str, Any], ...]] = (
        {"dimensions": 64, "text_units": (512,)},
        {"dimensions": 128, "text_units": ()},
        {"dimensions": 128, "text_units": (), "linked_texts": False},
    )

    def __init__(
        self,
        seed: int = 0,
        *,
        dimensions: int = 64,
        text_weight: float = 1.0,
        cross_weight: float = 10.0,
        regularisation: float = 0.0,
        linked_texts: bool = True,
        image_units: tuple[int, ...] = (512,),
        text_units: tuple[int, ...] = (512,),
        epochs: int = 60,
    ) -> None:
        weights = {"text_weight": text_weight, "cross_weight": cross_weight, "regularisation": regularisation}
        for argument, value in weights.items():
            if not 0.0 <= value < math.inf:
                raise ValueError(f"`{argument}` must be non-negative and finite. Received: {argument}={value}")
        self.seed, self.dimensions = seed, dimensions
        self.text_weight, self.cross_weight, self.regularisation = text_weight, cross_weight, regularisation
        self.linked_texts = linked_texts
        self.image_units, self.text_units, self.epochs = tuple(image_units), tuple(text_units), epochs

    def fit(self, views: Views) -> Self:
        posts = len(views.features)
        order = np.random.default_rng(self.seed).permutation(posts)
        # A tenth of fewer than two posts has no pair to judge by.
        held = int(posts * HELD_OUT) if posts * HELD_OUT >= 2 else 0
        stop, fit = np.sort(order[:held]), np.sort(order[held:])
        mean, variance = moments_of_rows(views.features, fit)
        self.model = hne(
            views.features.shape[1],
            views.tags.shape[1],
            self.dimensions,
            image_units=self.image_units,
            text_units=self.text_units,
            regularisation=self.regularisation,
            feature_mean=mean,
            feature_variance=variance,
            seed=self.seed,
        )
        pairs = self._objective(keras.optimizers.Adam(LEARNING_RATE))
        graph = LinkGraph.from_rows(*views.links)

        def batches(rows: np.ndarray, **options: Any) -> LinkBatches:
            options |= {"seed": self.seed, "linked_texts": self.linked_texts}
            return LinkBatches(views.features, views.tags, graph.among(rows), rows, **options)

        self._train(pairs, batches(fit), batches(stop, anchors=HELD_OUT_BATCH, partners=False) if held else None)
        return self

    def _train(self, pairs: keras.Model, batches: LinkBatches, judges: LinkBatches | None) -> None:
        """Trains until the loss of the judging batches no longer falls, and keeps the best weights."""
        best, kept, waited = math.inf, pairs.get_weights(), 0
        for epoch in range(self.epochs):
            pairs.reset_metrics()
            figures = [pairs.train_on_batch(*batch, return_dict=True) for batch in batches.epoch(epoch)]
            if judges is not None:
                pairs.reset_metrics()
                figures = [pairs.test_on_batch(*batch, return_dict=True) for batch in judges.epoch(epoch)]
            # Keras' figures are means since the reset, so the last ones are those of all batches.
            loss = float(figures[-1]["loss"])
            if loss < best - LEAST_GAIN:
                best, kept, waited = loss, pairs.get_weights(), 0
            else:
                waited += 1
            if waited > PATIENCE:
                break
        pairs.set_weights(kept)

    def _objective(self, optimizer: keras.optimizers.Optimizer) -> keras.Model:
        """The model of the decisions of a batch, compiled with the objective; λ3 stands in the layers."""
        pairs = hne_decisions(self.model)
        weights = {"image_image": 1.0, "text_text": self.text_weight, "image_text": self.cross_weight}
        losses = {kind: LinkLoss(unlinked_ratio=1.0) for kind in weights}
        pairs.compile(optimizer, losses, loss_weights=weights, jit_compile=False)
        return pairs

    def images(self, features: np.ndarray) -> np.ndarray:
        return self._embed("image", features)

    def words(self, tags: np.ndarray) -> np.ndarray:
        return self._embed("text", tags)

    def _embed(self, side: str, rows: np.ndarray) -> np.ndarray:
        branch = keras.Model(self.model.input[side], self.model.output[side])
        chunks = [
            keras.ops.convert_to_numpy(branch(np.asarray(rows[start : start + CHUNK], "float32"), training=False))
            for start in range(0, len(rows), CHUNK)
        ]
        return np.concatenate([np.zeros((0, self.dimensions), "float32"), *chunks])
