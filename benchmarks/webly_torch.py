"""Stage I of webly in plain PyTorch, as the public VSE++ trains: packed sequences, dense Adam, the diagonal masked.

Facts of https://github.com/fartashf/vsepp: a batch is sorted by length, padded and packed; the last state is gathered; the
vectors are divided by their length; the diagonal of each direction's hinges is masked; gradients are clipped at norm 2.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

MARGIN, LEARNING_RATE, CLIP_NORM = 0.2, 2e-4, 2.0


class Batch(NamedTuple):
    """Sentences, the longest first, with their images and tags."""

    features: torch.Tensor
    words: torch.Tensor
    lengths: torch.Tensor
    tags: torch.Tensor


def collate(drawn: Mapping[str, Any], rows: np.ndarray) -> Batch:
    """The batch of these sentences."""
    rows = rows[np.argsort(-drawn["lengths"][rows], kind="stable")]
    lengths, ends = drawn["lengths"][rows], np.cumsum(drawn["lengths"])[rows]
    words = np.zeros((len(rows), lengths[0]), "int64")
    for row, (length, end) in enumerate(zip(lengths, ends, strict=True)):
        words[row, :length] = drawn["words"][end - length : end]
    arrays = drawn["features"][rows], words, lengths, drawn["tags"][rows].astype("int64")
    return Batch(*map(torch.from_numpy, arrays))


class Webly(nn.Module):
    """The three branches; see `kerasmm.models.webly` for the formulas."""

    def __init__(self, sizes: Mapping[str, int], pooling: str) -> None:
        super().__init__()
        self.pooling = pooling
        self.word_vectors = nn.Embedding(sizes["words"], sizes["word_dimension"])
        self.gru = nn.GRU(sizes["word_dimension"], sizes["units"], batch_first=True)
        self.tag_vectors = nn.EmbeddingBag(sizes["tags"], sizes["tag_dimension"], mode="mean", padding_idx=0)
        self.tag_vectors.weight.requires_grad_(False)
        self.sentence = nn.Linear(sizes["units"], sizes["dimension"])
        self.image = nn.Linear(sizes["features"], sizes["dimension"])
        self.tag = nn.Linear(sizes["tag_dimension"], sizes["dimension"])

    def forward(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        packed = pack_padded_sequence(self.word_vectors(batch.words), batch.lengths, batch_first=True)
        states, _ = pad_packed_sequence(self.gru(packed)[0], batch_first=True)
        if self.pooling == "last":
            last = (batch.lengths - 1).view(-1, 1, 1).expand(-1, 1, states.shape[2])
            state = states.gather(1, last).squeeze(1)
        elif self.pooling == "mean":
            state = states.sum(1) / batch.lengths[:, None]
        else:
            there = torch.arange(states.shape[1]) < batch.lengths[:, None]
            state = states.masked_fill(~there[..., None], -2.0).amax(1)
        branches = self.image(batch.features), self.sentence(state), self.tag(self.tag_vectors(batch.tags))
        image, sentence, tag = (functional.normalize(branch.float(), dim=1) for branch in branches)
        return image, sentence, tag


def ranking(image: torch.Tensor, other: torch.Tensor, negatives: str) -> torch.Tensor:
    """Equations 1 (`sum`) and 2 (`hardest`): row i and column i belong together."""
    similarity = image @ other.T
    own = similarity.diagonal()
    diagonal = torch.eye(len(own), dtype=torch.bool)
    rows = (MARGIN + similarity - own[:, None]).clamp(min=0).masked_fill(diagonal, 0)
    columns = (MARGIN + similarity - own[None]).clamp(min=0).masked_fill(diagonal, 0)
    if negatives == "hardest":
        rows, columns = rows.amax(1), columns.amax(0)
    return rows.sum() + columns.sum()


class Training:
    """The network and its optimiser.

    Args:
        weights: Initial weights by layer, in Keras' order and layout.
        negatives: `sum` or `hardest`.
        pooling: What is taken of the states: `last`, `mean` or `max`.
        bfloat16: Under autocast.
    """

    def __init__(self, weights: Mapping[str, Sequence[Any]], negatives: str, pooling: str, bfloat16: bool) -> None:
        words, tags = weights["sentence/word_vectors"][0], weights["tags/tag_vectors"][0]
        kernel, recurrent, bias = weights["sentence/gru"]
        linear = {name: weights[f"{name}/{part}_embedding_1"] for name, part in LINEAR}
        sizes = {
            "words": len(words),
            "word_dimension": words.shape[1],
            "units": recurrent.shape[0],
            "tags": len(tags),
            "tag_dimension": tags.shape[1],
            "features": linear["image"][0].shape[0],
            "dimension": linear["image"][0].shape[1],
        }
        self.model, self.negatives, self.bfloat16 = Webly(sizes, pooling), negatives, bfloat16
        self._set(
            {
                "word_vectors.weight": words,
                "tag_vectors.weight": tags,
                "gru.weight_ih_l0": reordered(kernel.T),
                "gru.weight_hh_l0": reordered(recurrent.T),
                "gru.bias_ih_l0": reordered(bias[0]),
                "gru.bias_hh_l0": reordered(bias[1]),
                **{f"{part}.weight": linear[name][0].T for name, part in LINEAR},
                **{f"{part}.bias": linear[name][1] for name, part in LINEAR},
            }
        )
        self.trained = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(self.trained, lr=LEARNING_RATE, eps=EPSILON)

    def _set(self, values: Mapping[str, np.ndarray]) -> None:
        self.model.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in values.items()})

    def forward(self, batch: Batch) -> torch.Tensor:
        """The loss."""
        run = torch.autocast("cpu", torch.bfloat16) if self.bfloat16 else contextlib.nullcontext()
        with run:
            image, sentence, tag = self.model(batch)
        return ranking(image, sentence, self.negatives) + ranking(image, tag, self.negatives)

    def gradient(self, batch: Batch) -> torch.Tensor:
        """The loss, with gradients in the parameters."""
        self.optimizer.zero_grad()
        value = self.forward(batch)
        value.backward()
        return value

    def step(self, batch: Batch) -> float:
        """A step; the loss before it."""
        value = self.gradient(batch)
        nn.utils.clip_grad_norm_(self.trained, CLIP_NORM)
        self.optimizer.step()
        return float(value.detach())


LINEAR = (("image", "image"), ("sentence", "sentence"), ("tags", "tag"))
"""Branches and the names of their layers."""

EPSILON = 1e-7
"""Keras' default; PyTorch's would be 1e-8."""


def reordered(gates: np.ndarray) -> np.ndarray:
    """Keras' gates z, r, n as PyTorch's r, z, n, along the first axis."""
    update, reset, candidate = np.split(gates, 3)
    return np.concatenate([reset, update, candidate])
