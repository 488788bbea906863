"""Cross-modal search: how many of the first k posts are right (DMAN, section 4.4)."""

from __future__ import annotations

import numpy as np

from kerasmm.evaluation.ranks import SEARCH_RANKS

DISTANCES = ("cosine", "euclidean", "inner", "ranks")
NEIGHBOUR_QUERIES = 1000
CHUNK = 1 << 24
"""Scores held at a time, whatever the numbers of queries and posts."""


def similarities(queries: np.ndarray, vectors: np.ndarray, distance: str) -> np.ndarray:
    """Scores `(queries, posts)`, larger is nearer.

    Args:
        queries: `(q, d)`.
        vectors: `(n, d)`.
        distance: `"euclidean"` gives minus the squared distance, `"cosine"` the cosine, `"inner"` the inner product, `"ranks"`
            minus the sum of a post's ranks by cosine and by inner product, ties in the order of the posts.

    Raises:
        ValueError: For an unknown distance.
    """
    if distance not in DISTANCES:
        raise ValueError(f"`distance` must be one of {DISTANCES}. Received: distance={distance!r}")
    if distance == "ranks":
        cosine, inner = (similarities(queries, vectors, one) for one in ("cosine", "inner"))
        return -(_ranks(cosine) + _ranks(inner))
    queries, vectors = queries.astype("float32"), np.asarray(vectors, "float32")
    products: np.ndarray = queries @ vectors.T
    if distance == "inner":
        return products
    squares = np.square(vectors).sum(axis=1)
    if distance == "euclidean":
        minus: np.ndarray = 2.0 * products - squares - np.square(queries).sum(axis=1)[:, None]
        return minus
    norms = np.sqrt(np.maximum(squares, 1e-24)) * np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-12)
    cosines: np.ndarray = products / norms
    return cosines


def _ranks(scores: np.ndarray) -> np.ndarray:
    """The place of each post in the order of each row of scores, from 0."""
    order = np.argsort(-scores, axis=1, kind="stable")
    ranks = np.empty(scores.shape, "int32")
    np.put_along_axis(ranks, order, np.arange(scores.shape[1], dtype="int32")[None], axis=1)
    return ranks


def search_figures(
    queries: np.ndarray, vectors: np.ndarray, relevant: np.ndarray, distance: str, ranks: tuple[int, ...] = SEARCH_RANKS
) -> dict[str, float]:
    """Precision at k and mean average precision over queries, with what chance gives.

    Formula:

        p@k = 1/Q Σ_q |{relevant posts among the first k of q}| / min(k, n)
        mAP = 1/Q Σ_q 1/|relevant of q| Σ_{relevant r} p@rank(r) of q

    Ties keep the order of the posts. Chance is the expectation under a random order: at every k the mean share of
    relevant posts, and for R of n posts E[AP] = (R - 1)/(n - 1) (1 - H_n/n) + H_n/n with the harmonic number H_n.
    Costs O(q n d + q n log n); holds `CHUNK` scores at a time.

    Args:
        queries: `(q, d)`; every query has at least one relevant post.
        vectors: `(n, d)`.
        relevant: `(q, n)`, True where a post is right.
        distance: See `similarities`.
        ranks: The k of p@k.

    Returns:
        `p@k` for each rank, `mAP`, `queries`, and the same keys under `chance/`.
    """
    found = dict.fromkeys(ranks, 0.0)
    average = 0.0
    step = max(1, CHUNK // max(len(vectors), 1))
    for start in range(0, len(queries), step):
        right = relevant[start : start + step]
        scores = similarities(queries[start : start + step], vectors, distance)
        order = np.argsort(-scores, axis=1, kind="stable")
        hits = np.take_along_axis(right, order, axis=1)
        running = np.cumsum(hits, axis=1)
        for k in ranks:
            first = min(k, running.shape[1])
            found[k] += float(running[:, first - 1].sum()) / first
        precisions = running / np.arange(1, hits.shape[1] + 1)
        average += float(((precisions * hits).sum(axis=1) / hits.sum(axis=1)).sum())
    count, chance = len(queries), float(np.mean(relevant))
    figures = {f"p@{k}": value / count for k, value in found.items()}
    figures |= {"mAP": average / count, "queries": float(count)}
    figures |= {f"chance/p@{k}": chance for k in ranks}
    return {**figures, "chance/mAP": float(np.mean(_chance_precision(relevant.sum(axis=1), len(vectors))))}


def neighbour_figures(
    vectors: np.ndarray, labels: np.ndarray, distance: str, most: int = NEIGHBOUR_QUERIES
) -> dict[str, float]:
    """Search by posts: every other post is asked, the rest is searched, and right is what shares a label.

    Args:
        vectors: `(n, d)`.
        labels: `(n, C)` multi-hot.
        distance: See `similarities`.
        most: How many posts are asked at most.

    Returns:
        As `search_figures`; empty when no asked post shares a label with a searched one.
    """
    asked, searched = slice(0, 2 * most, 2), np.delete(np.arange(len(vectors)), np.arange(0, len(vectors), 2)[:most])
    relevant = (labels[asked].astype("float32") @ labels[searched].astype("float32").T) > 0
    found = relevant.any(axis=1)
    if not found.any():
        return {}
    return search_figures(vectors[asked][found], vectors[searched], relevant[found], distance)


def _chance_precision(right: np.ndarray, posts: int) -> np.ndarray:
    share = float(np.sum(1.0 / np.arange(1, posts + 1))) / posts
    expected: np.ndarray = (right - 1) / max(posts - 1, 1) * (1.0 - share) + share
    return expected
