"""Tags of pictures, foreseen: how often one of a post's own stands on top (Veit et al. 2018, sections 4.2 and 4.3)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasmm.evaluation.chance import chance_figures

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

HITS = (1, 10)
"""k of A@k (table 2)."""
BASE = 3
"""Bins of posts of a user, and of places of tags, are as wide as powers of this."""
CHUNK = 1 << 22
"""Scores held at a time, whatever the numbers of posts and tags."""

Scores = Callable[[slice], np.ndarray]
"""Rows of posts → their scores of all tags `(rows, K)`."""


def best_ranks(scores: Scores, truth: csr_matrix) -> np.ndarray:
    """The rank of each post's best-scored true tag among all tags, from 1; 0 where a post has none.

    Higher scores rank first, of equal ones the earlier tag, and a score that is not a number ranks last. Costs O(n K), as
    nothing is sorted; holds `CHUNK` scores at a time.

    Args:
        scores: Called with slices of the posts, in order.
        truth: `(n, K)`, not 0 where a post has a tag.

    Raises:
        ValueError: When a slice's scores have another shape.

    Example:

    >>> from scipy.sparse import csr_matrix
    >>> given = np.array([[0.9, 0.8, 0.1], [0.2, 0.2, 0.7]])
    >>> best_ranks(lambda rows: given[rows], csr_matrix([[0, 1, 1], [0, 1, 0]])).tolist()
    [2, 3]
    """
    posts, tags = truth.shape
    ranks = np.zeros(posts, "int64")
    step = max(1, CHUNK // max(tags, 1))
    for start in range(0, posts, step):
        rows = slice(start, min(start + step, posts))
        own = np.asarray(scores(rows), "float32")
        if own.shape != (rows.stop - start, tags):
            raise ValueError(f"`scores` must give {(rows.stop - start, tags)}. Received: {own.shape}")
        right = truth[rows].toarray() != 0
        own = np.where(np.isnan(own), -np.inf, own)
        best = np.where(right, own, -np.inf).max(axis=1, keepdims=True, initial=-np.inf)
        # The first true tag of that score: a true tag without a number is as low as the others without one.
        first = np.argmax(right & (own == best), axis=1)
        ahead = (own > best) | ((own == best) & (np.arange(tags) < first[:, None]))
        ranks[rows] = np.where(right.any(axis=1), 1 + np.count_nonzero(ahead, axis=1), 0)
    return ranks


def hit_figures(ranks: np.ndarray, truth: csr_matrix, ks: Sequence[int] = HITS) -> dict[str, float]:
    """The share of posts with a true tag among the k best, and what chance gives.

    Formula (7), with R_k(n) the k best-scored tags of post n and H_n its own (the paper's N in the numerator too is a slip):

        A@k = 1/N Σ_n 1[R_k(n) ∩ H_n ≠ ∅]

    Args:
        ranks: As `best_ranks` gives them; posts without a tag are left out.
        truth: `(n, K)`.
        ks: The k of A@k.

    Returns:
        `A@k` for each k, `posts`, and `chance/A@k` under a random order of the tags. Empty where no post has a tag.
    """
    asked = ranks > 0
    if not asked.any():
        return {}
    figures = {f"A@{k}": float(np.mean(ranks[asked] <= k)) for k in ks}
    chance = chance_figures(np.diff(truth.indptr)[asked], truth.shape[1], ks)
    return {**figures, "posts": float(asked.sum()), **{f"chance/A@{k}": chance[f"R@{k}"] for k in ks}}


def bins(values: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Names and members of the bins 0, 1, 2–3, 4–9, 10–27, 28–81 … of whole numbers, those that have a member.

    Example:

    >>> [(name, held.tolist()) for name, held in bins(np.array([0, 1, 3, 27, 3]))]
    [('0', [0]), ('1', [1]), ('2-3', [2, 4]), ('10-27', [3])]
    """
    low, high = 0, 0
    while low <= values.max(initial=-1):
        held = np.flatnonzero((values >= low) & (values <= high))
        if len(held):
            yield str(low) if low == high else f"{low}-{high}", held
        low, high = high + 1, max(1, high * BASE)


def hits_by_posts(ranks: np.ndarray, posts: np.ndarray, k: int = 1) -> dict[str, float]:
    """A@k by how many training posts the post's user has (figure 5).

    Args:
        ranks: As `best_ranks` gives them.
        posts: `(n,)`, training posts of each post's user.
        k: Of A@k.

    Returns:
        `A@k/user_posts/10-27` …, and `posts/user_posts/10-27` …, how many posts a share is of; bins of `bins`.
    """
    asked = ranks > 0
    ranks, posts = ranks[asked], posts[asked]
    figures = {}
    for name, held in bins(posts):
        figures[f"A@{k}/user_posts/{name}"] = float(np.mean(ranks[held] <= k))
        figures[f"posts/user_posts/{name}"] = float(len(held))
    return figures


def precision_figures(
    scores: Callable[[slice], np.ndarray], truth: csr_matrix, frequency: np.ndarray, k: int = 10
) -> dict[str, float]:
    """How many of the k best-scored pictures of a tag have it, over tags (figure 9), and by how frequent they are (figure 10).

    Formula (8), with R_k(h) the k best-scored pictures for tag h and GT(h) those that have it:

        P@k = 1/|H| Σ_h |R_k(h) ∩ GT(h)| / k

    over the tags that a picture of the split has. With fewer than k pictures, all are taken. Of equal scores the earlier
    picture ranks higher, one that is not a number ranks last. Costs O(n K); holds `CHUNK` scores at a time.

    Args:
        scores: Called with slices of the tags, in order: `(tags, n)`.
        truth: `(n, K)`, not 0 where a picture has a tag.
        frequency: `(K,)` how often training posts have a tag.
        k: Of P@k.

    Returns:
        `P@k`, `queries`, `chance/P@k` (the mean share of pictures with a tag), and `P@k/tag_rank/10-27` … by the tag's place
        in the order of falling frequency, 1 for the most frequent; bins of `bins`. Empty where no picture has a tag.
    """
    pictures, tags = truth.shape
    columns = truth.tocsc()
    count = np.diff(columns.indptr)
    shown = min(k, pictures)
    precision = np.zeros(tags)
    step = max(1, CHUNK // max(pictures, 1))
    for start in range(0, tags, step):
        some = slice(start, min(start + step, tags))
        asked = np.flatnonzero(count[some])
        if not len(asked):
            continue
        own = np.asarray(scores(some), "float32")[asked]
        own = np.where(np.isnan(own), -np.inf, own)
        right = columns[:, start + asked].toarray().T != 0
        order = _first(own, shown)
        precision[start + asked] = np.take_along_axis(right, order, axis=1).sum(axis=1) / shown
    held = count > 0
    if not held.any():
        return {}
    place = np.empty(tags, "int64")
    place[np.argsort(-frequency, kind="stable")] = np.arange(1, tags + 1)
    figures = {f"P@{k}": float(precision[held].mean()), "queries": float(held.sum())}
    figures[f"chance/P@{k}"] = float(count[held].mean()) / pictures
    for name, members in bins(place[held]):
        figures[f"P@{k}/tag_rank/{name}"] = float(precision[held][members].mean())
    return figures


def _first(scores: np.ndarray, shown: int) -> np.ndarray:
    """The columns of the `shown` largest of each row, of equal ones the earliest; in any order."""
    if shown == scores.shape[1]:
        return np.broadcast_to(np.arange(shown), scores.shape)
    # What is above the last shown score is in; of those equal to it, the first that there is room for.
    last = -np.partition(-scores, shown - 1, axis=1)[:, shown - 1 : shown]
    above, level = scores > last, scores == last
    room = shown - above.sum(axis=1, keepdims=True)
    taken = above | (level & (np.cumsum(level, axis=1) <= room))
    return np.nonzero(taken)[1].reshape(-1, shown)
