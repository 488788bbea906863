"""The pairwise losses as one writes them down in PyTorch: a table of all pairs, masked; and positives against negatives."""

from __future__ import annotations

from collections.abc import Callable

import torch

MARGIN, TRUNCATION = 1.0, -1.0
Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
"""Of gaps s_n - s_p `(…, positives, negatives)` and which of them count, `(…, positives, negatives)`: a loss `(…)`."""


def ranking(gaps: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Equation 3."""
    return (torch.relu(MARGIN + gaps) * counts).sum((-2, -1))


def warp(gaps: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Equation 4, divided by the number of violators."""
    hinges = torch.relu(MARGIN + gaps) * counts
    violators = (hinges > 0).sum(-1)
    harmonic = torch.cat([torch.zeros(1), torch.cumsum(1 / torch.arange(1, gaps.shape[-1] + 1), 0)])
    weights = harmonic[violators] / violators.clamp(min=1)
    return (weights * hinges.sum(-1)).sum(-1)


def lsep(gaps: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Equation 5."""
    return torch.log1p((torch.exp(gaps) * counts).sum((-2, -1)))


def plsp(gaps: torch.Tensor, counts: torch.Tensor) -> torch.Tensor:
    """Equation 6."""
    exponents = gaps.clamp(max=TRUNCATION) / gaps.clamp(min=-TRUNCATION)
    return torch.log1p((torch.exp(exponents) * counts).sum((-2, -1)))


LOSSES: dict[str, Loss] = {"ranking": ranking, "warp": warp, "lsep": lsep, "plsp": plsp}


def all_pairs(loss: Loss, y_true: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """Losses of rows, from a table of labels × labels for each."""
    counts = (y_true == 1)[:, :, None] & (y_true == 0)[:, None, :]
    return loss(scores[:, None, :] - scores[:, :, None], counts)


def by_row(loss: Loss, y_true: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """The same, with a table of positives × negatives for one row after the other."""
    values = []
    for labels, row in zip(y_true, scores, strict=True):
        gaps = row[labels == 0][None, :] - row[labels == 1][:, None]
        values.append(loss(gaps, torch.ones_like(gaps, dtype=torch.bool)))
    return torch.stack(values)
