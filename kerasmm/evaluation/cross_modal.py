"""Image → tweet retrieval: the mean rank of a picture's own tweet (CMEM, section 5.2.3)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kerasmm.evaluation.ranks import RANK, SHARES

TILE = 2048
"""Pictures, and tweets, that are compared at a time: `TILE`² cosines are held, whatever the number of posts."""


def mean_rank_figures(
    images: np.ndarray, texts: np.ndarray, shares: Sequence[int] = SHARES, seed: int = 0
) -> dict[str, float]:
    """Asks pictures for their tweets among the tweets of all posts.

    Formula, with Q_p the ⌈p n / 100⌉ first pictures of a random order, so that each share holds the smaller ones:

        mean rank at p = 1/|Q_p| Σ_{q ∈ Q_p} rank_q

    with `own_ranks`. Chance is (n + 1) / 2 at every share.

    Args:
        images: `(n, d)`; may be a memory map.
        texts: `(n, d)`; row i is the tweet of picture i.
        shares: Percent of the pictures to ask, in 1 … 100.
        seed: Of the order of pictures. The same for all that are compared.

    Returns:
        `image_to_tweet/mean_rank/10` … for each share, and `chance/mean_rank`. Empty without posts.

    Raises:
        ValueError: If the shapes differ or a share lies elsewhere.

    Example:

    >>> figures = mean_rank_figures(np.eye(4), np.eye(4)[[0, 1, 3, 2]], shares=(100,))
    >>> figures["image_to_tweet/mean_rank/100"], figures["chance/mean_rank"]  # ranks 1, 1, 3, 3: three are tied
    (2.0, 2.5)
    """
    if any(not 1 <= share <= 100 for share in shares):
        raise ValueError(f"`shares` must lie in 1 … 100. Received: shares={tuple(shares)}")
    ranks = own_ranks(images, texts)
    if not len(ranks):
        return {}
    running = np.cumsum(ranks[np.random.default_rng(seed).permutation(len(ranks))])
    asked = {share: -(-share * len(ranks) // 100) for share in shares}
    figures = {f"{RANK}/{share}": float(running[q - 1]) / q for share, q in asked.items()}
    return {**figures, "chance/mean_rank": (len(ranks) + 1) / 2}


def own_ranks(images: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """The rank of each picture's own tweet among all tweets, from 1, by falling cosine.

    Only the tweet in the picture's own row is right: another post's tweet that says the same counts as wrong, and as
    tied. Tied tweets have the mean of their ranks, so that a space in which all tweets are alike ranks as chance does:

        rank_q = 1 + |{j : cos_qj > cos_qq}| + |{j ≠ q : cos_qj = cos_qq}| / 2

    The cosine with a zero vector is 0, and one that is not a number ranks last. Cosines are taken in float64 and compared
    in steps of 2⁻²⁴, so that copies of a vector are ties whatever the order of the sums. Costs O(n² d); holds `TILE`²
    cosines and `TILE` vectors of either kind at a time.

    Args:
        images: `(n, d)`; may be a memory map.
        texts: `(n, d)`.

    Returns:
        `(n,)` float64, in halves.

    Raises:
        ValueError: If the shapes differ.
    """
    if images.ndim != 2 or images.shape != texts.shape:
        raise ValueError(
            f"`images` and `texts` must have one shape (posts, d). Received: {images.shape}, {texts.shape}"
        )
    ranks = np.ones(len(images))
    for top in range(0, len(images), TILE):
        asked = _unit(images[top : top + TILE])
        own = _comparable(np.einsum("ij,ij->i", asked, _unit(texts[top : top + TILE])))[:, None]
        for left in range(0, len(texts), TILE):
            tile = _comparable(asked @ _unit(texts[left : left + TILE]).T)
            tied = tile == own
            if left == top:
                np.fill_diagonal(tied, False)
                # Its own cosine has another order of sums here; rounding must not rank it before itself.
                np.fill_diagonal(tile, -np.inf)
            ranks[top : top + TILE] += np.count_nonzero(tile > own, axis=1) + np.count_nonzero(tied, axis=1) / 2
    return ranks


def _unit(vectors: np.ndarray) -> np.ndarray:
    vectors = np.asarray(vectors, "float64")
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    with np.errstate(invalid="ignore"):
        unit: np.ndarray = vectors / np.where(norms > 0.0, norms, 1.0)
    return unit


def _comparable(cosines: np.ndarray) -> np.ndarray:
    """Whole steps, which float32 holds; around 0 its own would be finer than what rounding leaves of a sum."""
    steps = np.rint(cosines * 2.0**24).astype("float32")
    steps[np.isnan(steps)] = -np.inf
    return steps
