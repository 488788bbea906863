"""What a random order of the candidates gives in retrieval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def chance_figures(true: np.ndarray, among: int, recalls: Sequence[int]) -> dict[str, float]:
    """What a random order of the candidates gives; exact.

    Formula, for n candidates, r of which are true:

        P(rank_q > k) = C(n - r, k) / C(n, k)        R@k: mean_q P(rank_q ≤ k)        mean_rank: mean_q (n + 1) / (r + 1)

    and `median_rank` is the median of the distribution of ranks mean_q P(rank_q ≤ k).

    Args:
        true: `(queries,)`, how many answers are true of each; at least one.
        among: n.
        recalls: The k of R@k.

    Returns:
        `R@k` for each k, `median_rank` and `mean_rank`.

    Example:

    >>> chance_figures(np.array([1, 1]), 10, (5,))
    {'R@5': 0.5, 'median_rank': 5.5, 'mean_rank': 5.5}
    """
    numbers, times = np.unique(true, return_counts=True)

    def within(k: int) -> float:
        """P(rank ≤ k) of a query drawn at random."""
        missed = [_missed(among, int(number), min(k, among)) for number in numbers]
        return 1.0 - float(np.average(missed, weights=times))

    def first(enough: float) -> int:
        """The smallest k with P(rank ≤ k) ≥ `enough`."""
        low, high = 1, among
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if within(middle) >= enough else (middle + 1, high)
        return low

    # Halfway between the two ranks that a half falls between; the width is for the rounding of sums.
    median = (first(0.5 - 1e-12) + first(0.5 + 1e-12)) / 2
    mean = float(np.average((among + 1) / (numbers + 1), weights=times))
    return {**{f"R@{k}": within(k) for k in recalls}, "median_rank": median, "mean_rank": mean}


def _missed(among: int, true: int, k: int) -> float:
    """C(n - r, k) / C(n, k) as a product of min(r, k) factors; it is the same with r and k exchanged."""
    less, more = sorted((true, k))
    drawn = np.arange(less)
    return float(np.prod(np.maximum(among - more - drawn, 0) / (among - drawn)))
