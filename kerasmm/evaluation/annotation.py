"""Labels of posts, ranked: how many of the true ones stand on top (CMEM, section 4.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from scipy.stats import hypergeom

from kerasmm.evaluation.best_first import best_first

RANKS = (1, 5, 10)
LEVELS = 20
"""Recall levels of the precision-recall curve: 1/20, 2/20 … 1."""
CURVE = "precision@recall"
"""Of its figures: `CURVE/0.05` is the precision at the first level."""
CHUNK = 1 << 22
"""Scores that are sorted at a time, whatever the numbers of posts and labels."""


def annotation_figures(labels: np.ndarray, scores: np.ndarray, ks: Sequence[int] = RANKS) -> dict[str, float]:
    """Recall, multi-label accuracy and Hamming loss of the k best-scored labels, and coverage.

    Formulas (7) to (10), as `RecallAtK`, `MultiLabelAccuracyAtK`, `HammingLossAtK` and `Coverage` have them: X are the
    k best-scored of all K labels, of equal scores the earlier one ranks higher, and one that is not a number ranks last.
    Posts without a true label are left out. Costs O(n K log K); holds `CHUNK` scores at a time.

    Args:
        labels: `(n, K)` multi-hot truth; may be a memory map.
        scores: `(n, K)`, higher is better; may be a memory map.
        ks: The k of the measures.

    Returns:
        `R@k`, `ML-A@k` and `HL@k` for each k, in 0 … 1, and `coverage`. Empty when no post has a label.

    Raises:
        ValueError: If the shapes differ or a k isn't positive.

    Example:

    >>> labels, scores = np.array([[1, 0, 1, 0]]), np.array([[0.9, 0.8, 0.1, 0.0]])
    >>> {key: round(value, 3) for key, value in annotation_figures(labels, scores, ks=(2,)).items()}
    {'R@2': 0.5, 'ML-A@2': 0.333, 'HL@2': 0.5, 'coverage': 2.0}
    """
    _check(ks)
    count, sums = 0, np.zeros(3 * len(ks) + 1)
    for ranked in _ranked(labels, scores):
        true = np.count_nonzero(ranked, axis=1)
        found = []
        for k in ks:
            shown = min(k, ranked.shape[1])
            both = np.count_nonzero(ranked[:, :shown], axis=1)
            found += [both / true, both / (shown + true - both), (shown + true - 2 * both) / ranked.shape[1]]
        coverage = ranked.shape[1] - 1 - np.argmax(ranked[:, ::-1], axis=1)
        sums += np.sum([*found, coverage], axis=1)
        count += len(ranked)
    return dict(zip(_keys(ks), (sums / count).tolist(), strict=True)) if count else {}


def random_figures(labels: np.ndarray, ks: Sequence[int] = RANKS) -> dict[str, float]:
    """What `annotation_figures` are under a random order of the labels; exact.

    Formula, for a post with m of K labels and h ~ Hypergeometric(K, m, k) of them on top, k ≤ K:

        R@k: k / K    ML-A@k: E[h / (k + m - h)]    HL@k: (k + m - 2 k m / K) / K    coverage: m (K + 1) / (m + 1) - 1

    Args:
        labels: `(n, K)` multi-hot truth; may be a memory map.
        ks: The k of the measures.

    Returns:
        As `annotation_figures`.

    Raises:
        ValueError: If `labels` isn't a matrix or a k isn't positive.

    Example:

    >>> {key: round(value, 3) for key, value in random_figures(np.array([[1, 0, 1, 0]]), ks=(2,)).items()}
    {'R@2': 0.5, 'ML-A@2': 0.389, 'HL@2': 0.5, 'coverage': 2.333}
    """
    _check(ks)
    true = np.concatenate([np.zeros(0, int), *(np.count_nonzero(rows, axis=1) for rows in _chunks(labels))])
    numbers, times = np.unique(true[true > 0], return_counts=True)
    if not len(numbers):
        return {}
    among = labels.shape[1]
    found = []
    for m in numbers.tolist():
        row: list[float] = []
        for k in ks:
            shown = min(k, among)
            h = np.arange(min(m, shown) + 1)
            accuracy = hypergeom.pmf(h, among, m, shown) @ (h / (shown + m - h))
            row += [shown / among, float(accuracy), (shown + m - 2 * shown * m / among) / among]
        found.append([*row, m * (among + 1) / (m + 1) - 1])
    return dict(zip(_keys(ks), np.average(found, axis=0, weights=times).tolist(), strict=True))


def precision_recall(labels: np.ndarray, scores: np.ndarray) -> dict[str, float]:
    """The average precision-recall curve (figure 5): interpolated precision at `LEVELS` levels of recall.

    Formula, for a post whose m true labels have the ranks r_1 < … < r_m, at recall R:

        P(R) = max_{i ≥ R m} i / r_i

    which is the best precision among the cuts of the ranking that reach the recall; the curve is its mean over posts.
    Ranks, and which posts count, as in `annotation_figures`.

    Args:
        labels: `(n, K)` multi-hot truth; may be a memory map.
        scores: `(n, K)`, higher is better; may be a memory map.

    Returns:
        `precision@recall/0.05` … `precision@recall/1.00`. Empty when no post has a label.

    Raises:
        ValueError: If the shapes differ.

    Example:

    >>> curve = precision_recall(np.array([[1, 0, 1, 0]]), np.array([[0.9, 0.8, 0.1, 0.0]]))
    >>> curve["precision@recall/0.50"], round(curve["precision@recall/0.55"], 3)
    (1.0, 0.667)
    """
    count, sums = 0, np.zeros(LEVELS)
    levels = np.arange(1, LEVELS + 1)
    for ranked in _ranked(labels, scores):
        precision = np.cumsum(ranked, axis=1, dtype="float32") / np.arange(1, ranked.shape[1] + 1, dtype="float32")
        best = np.maximum.accumulate(np.where(ranked, precision, 0.0)[:, ::-1], axis=1)[:, ::-1]
        true = np.count_nonzero(ranked, axis=1)
        # True labels of all posts in one list, best first; of each post the ⌈R m⌉-th, in whole numbers.
        at_true = best[ranked]
        firsts = np.cumsum(true) - true
        sums += at_true[firsts[:, None] - (-true[:, None] * levels // LEVELS) - 1].sum(axis=0, dtype="float64")
        count += len(ranked)
    if not count:
        return {}
    return {f"{CURVE}/{level / LEVELS:.2f}": value / count for level, value in enumerate(sums.tolist(), 1)}


def _keys(ks: Sequence[int]) -> list[str]:
    return [*(f"{measure}@{k}" for k in ks for measure in ("R", "ML-A", "HL")), "coverage"]


def _check(ks: Sequence[int]) -> None:
    if any(k < 1 for k in ks):
        raise ValueError(f"`ks` must be positive. Received: ks={tuple(ks)}")


def _chunks(matrix: np.ndarray) -> Iterator[np.ndarray]:
    """Rows of a truth matrix as booleans, `CHUNK` entries at a time."""
    if matrix.ndim != 2:
        raise ValueError(f"`labels` must have shape (posts, labels). Received: {matrix.shape}")
    step = max(1, CHUNK // max(matrix.shape[1], 1))
    for start in range(0, len(matrix), step):
        yield np.asarray(matrix[start : start + step]) > 0


def _ranked(labels: np.ndarray, scores: np.ndarray) -> Iterator[np.ndarray]:
    """Whether a label is true, best-scored label first, of the posts that have one."""
    if labels.shape != scores.shape:
        raise ValueError(f"`labels` and `scores` must have one shape. Received: {labels.shape} and {scores.shape}")
    start = 0
    for true in _chunks(labels):
        asked = true.any(axis=1)
        own = np.asarray(scores[start : start + len(true)], "float32")[asked]
        start += len(true)
        if len(own):
            order = best_first(own)
            yield np.take_along_axis(true[asked], order, axis=1)
