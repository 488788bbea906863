"""The common classifier of the protocol: embeddings to confidences of labels (DMAN, section 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

HIDDEN = (512, 256)
EPOCHS, PATIENCE, BATCH = 60, 5, 128
HELD_OUT = 0.1
LEAST_DEVIATION = 1e-6
"""A value that varies less than this stays as it is, but for its mean."""


def train_label_classifier(
    vectors: np.ndarray,
    labels: np.ndarray,
    seed: int = 0,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> keras.Model:
    """Trains three fully connected layers from embeddings to labels.

    Formula:

        x̂ = (x − mean) / deviation,    y = sigmoid(W₃ relu(W₂ relu(W₁ x̂ + b₁) + b₂) + b₃)

    under binary cross-entropy. A tenth of the rows, drawn by `seed`, ends the training when their loss no longer falls;
    mean and deviation are those of the other rows.

    Args:
        vectors: `(n, d)` embeddings of the training posts.
        labels: `(n, C)` multi-hot, C ≥ 1.
        seed: Seeds the initial weights, the held-out tenth and the order of the rows.
        callbacks: Told of each epoch, e.g. to move a progress bar.

    Returns:
        A functional model `(B, d)` → `(B, C)` in 0 … 1, float32, with the standardisation inside.

    Raises:
        ValueError: For no rows, no labels, or vectors and labels of different numbers.

    Example:

    >>> vectors = np.random.default_rng(0).normal(size=(60, 4))
    >>> model = train_label_classifier(vectors, (vectors[:, :2] > 0).astype("float32"))
    >>> model.predict(vectors, verbose=0).shape
    (60, 2)

    Reference:
        Huang et al. (2017), "Learning Social Image Embedding with Deep Multimodal Attention Networks", section 4.3.
    """
    if vectors.ndim != 2 or labels.ndim != 2 or len(vectors) != len(labels) or not labels.size:
        raise ValueError(
            "`vectors` must be (n, d) and `labels` (n, C), n and C at least 1. "
            f"Received: {vectors.shape} and {labels.shape}"
        )
    order = np.random.default_rng(seed).permutation(len(vectors))
    held = max(1, int(len(order) * HELD_OUT)) if len(order) > 1 else 0
    stop, fit = order[:held], order[held:]
    mean, deviation = np.mean(vectors[fit], axis=0), np.std(vectors[fit], axis=0)
    scale = np.where(deviation > LEAST_DEVIATION, deviation, 1.0)

    def standardised(rows: np.ndarray) -> np.ndarray:
        # In reading order: embeddings may lie in a file.
        values: np.ndarray = ((vectors[np.sort(rows)] - mean) / scale).astype("float32")
        return values

    # Trained on rows that are standardised once, not again in each epoch; then joined to a layer that does it.
    layers = _layers(vectors.shape[1], labels.shape[1], seed)
    layers.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy", jit_compile=False)
    early = keras.callbacks.EarlyStopping(
        patience=PATIENCE, restore_best_weights=True, monitor="val_loss" if held else "loss"
    )
    layers.fit(
        standardised(fit),
        labels[np.sort(fit)].astype("float32"),
        validation_data=(standardised(stop), labels[np.sort(stop)].astype("float32")) if held else None,
        epochs=EPOCHS,
        batch_size=BATCH,
        callbacks=[early, *callbacks],
        verbose=0,
    )
    inputs = keras.Input((vectors.shape[1],), name="vectors", dtype="float32")
    standardise = keras.layers.Normalization(
        mean=mean.astype("float32"), variance=np.square(scale, dtype="float64").astype("float32"), name="standardise"
    )
    return keras.Model(inputs, layers(standardise(inputs)), name="label_classifier")


def _layers(inputs: int, labels: int, seed: int) -> keras.Sequential:
    sizes = (*HIDDEN, labels)
    initial = [keras.initializers.GlorotUniform(seed=seed + place) for place in range(len(sizes))]
    hidden = [
        keras.layers.Dense(units, "relu", kernel_initializer=kernel)
        for units, kernel in zip(HIDDEN, initial, strict=False)
    ]
    output = keras.layers.Dense(labels, "sigmoid", kernel_initializer=initial[-1], dtype="float32")
    return keras.Sequential([keras.Input((inputs,)), *hidden, output], name="layers")
