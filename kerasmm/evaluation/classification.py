"""Multi-label classification on an embedding (DMAN, section 4.3)."""

from __future__ import annotations

import warnings

import numpy as np
from sklearn.metrics import average_precision_score, precision_recall_fscore_support

from kerasmm.evaluation.label_classifier import train_label_classifier


def classifier_scores(vectors: np.ndarray, labels: np.ndarray, test: np.ndarray, seed: int = 0) -> np.ndarray:
    """Trains the common classifier of the protocol and scores test vectors; see `train_label_classifier`.

    Args:
        vectors: `(n, d)` embeddings of the training posts.
        labels: `(n, C)` multi-hot.
        test: `(m, d)` embeddings to score.
        seed: Seeds the initial weights, the held-out tenth and the order.

    Returns:
        `(m, C)` confidences in 0 … 1.
    """
    model = train_label_classifier(vectors, labels, seed)
    scores: np.ndarray = model.predict(test, batch_size=1024, verbose=0)
    return scores


def classification_figures(labels: np.ndarray, scores: np.ndarray, threshold: float = 0.5) -> dict[str, float]:
    """Micro and macro precision, recall and F1 above a threshold, and the mean average precision over labels.

    Labels that no test post has take no part in the mAP; their undefined precision and recall count as 0.

    Args:
        labels: `(n, C)` multi-hot truth.
        scores: `(n, C)` confidences.
        threshold: A label is given where its confidence exceeds this.

    Returns:
        `micro_precision` … `macro_f1`, `mAP`, and `chance/mAP`, the mean share of posts that have a label.
    """
    truth, given = labels > 0, scores > threshold
    figures: dict[str, float] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for average in ("micro", "macro"):
            precision, recall, f1, _ = precision_recall_fscore_support(truth, given, average=average, zero_division=0)
            figures |= {f"{average}_precision": precision, f"{average}_recall": recall, f"{average}_f1": f1}
    seen = truth.any(axis=0)
    figures["mAP"] = average_precision_score(truth[:, seen], scores[:, seen], average="macro") if seen.any() else 0.0
    figures["chance/mAP"] = truth[:, seen].mean() if seen.any() else 0.0
    return {name: float(value) for name, value in figures.items()}
