"""Training of deep CCA: large batches of both views, stopped by the correlation of held-out posts."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from kerasmm.evaluation.baselines.baseline import Views
from kerasmm.evaluation.baselines.projections import ROWS, Projections
from kerasmm.losses import CanonicalCorrelationLoss

EPOCHS, PATIENCE, BATCH = 100, 10, 1024
LEARNING_RATE = 3e-3
REGULARISATION = 0.1
"""Of the directions along which held-out posts are compared."""


def train_deep_cca(
    model: keras.Model,
    loss: CanonicalCorrelationLoss,
    views: Views,
    train: np.ndarray,
    held_out: np.ndarray,
    *,
    weight_decay: float,
    seed: int,
) -> dict[str, list[float]]:
    """Trains the two branches of `kerasmm.models.deep_cca`.

    The loss of held-out posts can't stop the training: it fits its own directions to them, and with few posts beside
    the dimensions rises however little was learnt. So directions are solved for on training posts, and the correlation
    of the held-out ones along these is the figure.

    Args:
        model: From `kerasmm.models.deep_cca`.
        loss: Its loss.
        views: The posts.
        train: Rows of the posts to train on.
        held_out: Rows of the posts that stop the training; none to train for all epochs.
        weight_decay: Of AdamW.
        seed: Of the order of posts.

    Returns:
        The value of the loss, and `held_out_correlation`, of each epoch.
    """
    trained = _Correlated(model, loss)
    trained.compile(keras.optimizers.AdamW(LEARNING_RATE, weight_decay=weight_decay), jit_compile=False)
    early = [_HeldOutCorrelation(model, views, train[:ROWS], held_out)] if len(held_out) else []
    history = trained.fit(_Batches(views, train, seed), epochs=EPOCHS, shuffle=False, callbacks=early, verbose=0)
    return {**history.history, **({"held_out_correlation": early[0].figures} if early else {})}


def branch_outputs(model: keras.Model, branch: str, rows: np.ndarray) -> np.ndarray:
    """Outputs `(m, d)` of one branch, `"images"` or `"words"`, for rows of its view."""
    network = model.get_layer(branch)
    parts = [
        keras.ops.convert_to_numpy(network(np.asarray(rows[start : start + ROWS], "float32"), training=False))
        for start in range(0, len(rows), ROWS)
    ]
    return np.concatenate(parts)


class _Correlated(keras.Model):
    """A model whose loss is that of its two outputs together."""

    def __init__(self, model: keras.Model, correlation: CanonicalCorrelationLoss) -> None:
        super().__init__(name="correlated")
        self.model, self.correlation = model, correlation

    def call(self, inputs: dict[str, Any], training: bool = False) -> dict[str, Any]:
        outputs: dict[str, Any] = self.model(inputs, training=training)
        return outputs

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        return self.correlation(y_pred["images"], y_pred["words"], sample_weight)


class _HeldOutCorrelation(keras.callbacks.EarlyStopping):
    """Stops when the sum of the correlations of held-out posts, along directions of training posts, no longer rises."""

    def __init__(self, network: keras.Model, views: Views, train: np.ndarray, held_out: np.ndarray) -> None:
        super().__init__(monitor="held_out_correlation", mode="max", patience=PATIENCE, restore_best_weights=True)
        self.network, self.views = network, views
        self.train, self.held_out = np.sort(train), np.sort(held_out)
        self.figures: list[float] = []

    def get_monitor_value(self, logs: dict[str, Any]) -> float:
        one, two = (self._outputs(name) for name in ("images", "words"))
        first = len(self.train)
        directions = Projections(one.shape[1], REGULARISATION).fit([(one[:first], two[:first])])
        pair = [directions.project(place, view[first:]) for place, view in enumerate((one, two))]
        one, two = (view - view.mean(axis=0) for view in pair)
        norms = np.linalg.norm(one, axis=0) * np.linalg.norm(two, axis=0)
        self.figures.append(float(np.sum((one * two).sum(axis=0) / np.maximum(norms, 1e-12))))
        return self.figures[-1]

    def _outputs(self, branch: str) -> np.ndarray:
        view = self.views.features if branch == "images" else self.views.tags
        return branch_outputs(self.network, branch, view[np.concatenate([self.train, self.held_out])])


class _Batches(keras.utils.PyDataset):
    """Batches of both views of about `BATCH` posts, none much smaller, in another order each epoch.

    Args:
        views: May be memory maps: a batch is read when it is asked for.
        rows: The posts to take.
        seed: Of the order.
    """

    def __init__(self, views: Views, rows: np.ndarray, seed: int) -> None:
        super().__init__()
        self.views, self.rows = views, rows
        self.generator = np.random.default_rng(seed)

    def __len__(self) -> int:
        return max(1, round(len(self.rows) / BATCH))

    def __getitem__(self, number: int) -> tuple[dict[str, np.ndarray]]:
        if number == 0:
            # Not `on_epoch_end`: batches are read ahead in a thread, which it would race with.
            self.rows = self.generator.permutation(self.rows)
        # Neighbours in the file are read together.
        rows = np.sort(np.array_split(self.rows, len(self))[number])
        batch = {"features": self.views.features[rows], "tags": self.views.tags[rows]}
        return ({name: np.asarray(values, "float32") for name, values in batch.items()},)
