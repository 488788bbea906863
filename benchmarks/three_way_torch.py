"""A training step of the three-way tensor in plain PyTorch: the users' matrices, scores along three axes, six hinges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from three_way_tensor import Arrays


def pytorch(given: Arrays) -> Callable[[], Any]:
    """The step of `three_way_plain.matrices`; loss and gradients."""
    variables = [torch.from_numpy(given[name]).requires_grad_() for name in ("tensor", "tags", "images", "users")]
    y_true = torch.from_numpy(given["y_true"])
    negative, positive = y_true == 0, y_true == 1
    chances = negative.float().flatten(0, 1)

    def step() -> tuple[torch.Tensor, list[torch.Tensor]]:
        tensor, tags, images, users = variables
        of_user = torch.einsum("dfe,be->bdf", tensor, users)
        queries = (
            (torch.einsum("bdf,bd->bf", of_user, tags), images),
            (torch.einsum("bdf,bf->bd", of_user, images), tags),
            (torch.einsum("dfe,bd,bf->be", tensor, tags, images), users),
        )
        scores = torch.stack([query @ others.T for query, others in queries], 1)
        itself = (scores * positive).sum(2)
        hardest = scores.masked_fill(~negative, -1e9).amax(2)
        places = torch.multinomial(chances, 1).view(-1, 3, 1)
        drawn = scores.gather(2, places).squeeze(2)
        value = (torch.relu(1 + hardest - itself) + torch.relu(1 + drawn - itself)).sum(1).mean()
        return value.detach(), list(torch.autograd.grad(value, variables))

    return step
