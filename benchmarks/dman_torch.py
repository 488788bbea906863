"""DMAN in plain PyTorch: the same shapes, loss and optimiser as `kerasmm.systems.dman.system`, written as one would."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

MARGIN, POSITIVE_WEIGHT, SMALLEST = 0.3, 10.0, 1e-7


class DMAN(nn.Module):
    """The base network; see `kerasmm.models.dman` for the formulas."""

    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(self, words: int, features: int, units: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("deviation", torch.ones(features))
        self.attention = nn.Parameter(torch.empty(features, words))
        self.attention_bias = nn.Parameter(torch.empty(words))
        sizes = list(zip((features, *units), units, strict=False))
        self.kernels = nn.ParameterList([nn.Parameter(torch.empty(words, n, unit)) for n, unit in sizes])
        self.biases = nn.ParameterList([nn.Parameter(torch.empty(words, unit)) for _, unit in sizes])
        self.dropout = nn.Dropout(dropout)

    def forward(self, regions: torch.Tensor) -> torch.Tensor:
        regions = (regions - self.mean) / self.deviation
        scores = torch.tanh(regions @ self.attention + self.attention_bias)
        attended = torch.bmm(torch.softmax(scores, dim=1).transpose(1, 2), regions)
        # (words, batch, features): one matrix a word. As fast as or faster than einsum over (batch, words, features).
        x = attended.transpose(0, 1)
        for number, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True), 1):
            x = torch.baddbmm(bias[:, None], self.dropout(x), kernel)
            x = torch.relu(x) if number < len(self.kernels) else torch.sigmoid(x)
        return x.squeeze(-1).T


def loss(targets: dict[str, torch.Tensor], anchor: torch.Tensor, positive: torch.Tensor) -> torch.Tensor:
    """The joint loss: hinges of K negatives of the batch and weighted cross-entropy of the words, β = 1."""
    unit_anchor, unit_positive = functional.normalize(anchor, dim=1), functional.normalize(positive, dim=1)
    linked = (unit_anchor * unit_positive).sum(1, keepdim=True)
    unlinked = (unit_anchor[:, None] * unit_anchor[targets["negatives"]]).sum(2)
    there = (targets["triplets"][:, :1] > 0.5) & (targets["triplets"][:, 1:] == 0)
    hinges = (functional.relu(MARGIN - linked + unlinked) * there).sum(1).mean()
    words = torch.cat([targets["anchor"], targets["positive"]])
    predicted = torch.cat([anchor, positive]).clamp(SMALLEST, 1 - SMALLEST)
    entropy = -(POSITIVE_WEIGHT * words * predicted.log() + (1 - words) * (1 - predicted).log())
    return hinges + entropy.sum(1).mean()


class Training:
    """The network, its optimiser and one batch.

    Args:
        weights: Attention kernel and bias, then kernel and bias of each layer, as arrays.
        standardisation: Mean and variance of the features.
        inputs: `anchor` and `positive`, `(batch, regions, features)`.
        targets: As `kerasmm.systems.dman.system` has them.
        dropout: Rate.
        learning_rate: Of SGD with Nesterov momentum 0.9.
        compiled: Through `torch.compile`.
    """

    def __init__(
        self,
        weights: Sequence[Any],
        standardisation: tuple[Any, Any],
        inputs: dict[str, Any],
        targets: dict[str, Any],
        dropout: float,
        learning_rate: float,
        compiled: bool,
    ) -> None:
        features, words = weights[0].shape
        self.model = DMAN(words, features, [kernel.shape[-1] for kernel in weights[2::2]], dropout)
        with torch.no_grad():
            self.model.mean.copy_(torch.from_numpy(standardisation[0]))
            self.model.deviation.copy_(torch.from_numpy(standardisation[1]).sqrt())
            self.model.attention.copy_(torch.from_numpy(weights[0]))
            self.model.attention_bias.copy_(torch.from_numpy(weights[1]))
            for place, (kernel, bias) in enumerate(zip(weights[2::2], weights[3::2], strict=True)):
                self.model.kernels[place].copy_(torch.from_numpy(kernel))
                self.model.biases[place].copy_(torch.from_numpy(bias))
        self.run = torch.compile(self.model) if compiled else self.model
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=learning_rate, momentum=0.9, nesterov=True)
        self.inputs = torch.from_numpy(inputs["anchor"]), torch.from_numpy(inputs["positive"])
        self.targets = {name: torch.from_numpy(value) for name, value in targets.items()}
        self.targets["negatives"] = self.targets["negatives"].long()

    def forward(self) -> torch.Tensor:
        """The loss."""
        anchor, positive = self.run(torch.cat(self.inputs)).chunk(2)
        return loss(self.targets, anchor, positive)

    def gradient(self) -> torch.Tensor:
        """The loss, with gradients in the parameters."""
        self.optimizer.zero_grad()
        value = self.forward()
        value.backward()
        return value

    def step(self) -> float:
        """A step; the loss before it."""
        value = self.gradient()
        self.optimizer.step()
        return float(value.detach())
