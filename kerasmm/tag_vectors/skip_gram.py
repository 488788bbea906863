"""Skip-gram with negative sampling: senses of tags foretell the global vectors of the tags beside them."""

from __future__ import annotations

import dataclasses

import numpy as np
from rich.progress import Progress, TaskID
from scipy.sparse import csr_array
from scipy.special import expit

from kerasmm.tag_vectors.contexts import Contexts

NOISE_POWER = 0.75
DRAWN = 512
"""Negatives that the occurrences of a batch share; vocabularies up to this size are taken whole, with their shares."""


@dataclasses.dataclass(frozen=True)
class Batch:
    """What some occurrences say of senses and tags, each of them once.

    Args:
        senses: `(s,)`, which senses occur.
        tags: `(t,)`, which tags are beside them or drawn.
        positives: `(s, t)` sparse: how often a tag is beside a sense.
        negatives: `(s, t)`-like, as `(s,)` and `(t,)` whose products are how often a tag counts as a negative of a sense.
    """

    senses: np.ndarray
    tags: np.ndarray
    positives: csr_array
    negatives: tuple[np.ndarray, np.ndarray]

    def gradients(self, senses: np.ndarray, tags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Of the objective, which is to grow, by the vectors `(s, d)` of senses and `(t, d)` of tags.

        Formula, with n_sc how often tag c is beside sense s and k P_sc how often it counts as its negative:

            Σ_sc n_sc log σ(v_s · g_c) + k P_sc log σ(-v_s · g_c)
        """
        rows = np.repeat(np.arange(len(self.senses)), np.diff(self.positives.indptr))
        scores = np.einsum("pd,pd->p", senses[rows], tags[self.positives.indices])
        pulled = csr_array(
            (self.positives.data * expit(-scores), self.positives.indices, self.positives.indptr), self.positives.shape
        )
        of_sense, of_tag = self.negatives
        drawn = np.flatnonzero(of_tag)
        pushed = expit(senses @ tags[drawn].T) * of_sense[:, None] * of_tag[drawn]
        by_senses, by_tags = pulled @ tags - pushed @ tags[drawn], pulled.T @ senses
        by_tags[drawn] -= pushed.T @ senses
        return by_senses, by_tags


class SkipGram:
    """Vectors of tags and of their senses, in training.

    Steps are those of Adagrad with one rate a vector: a gradient is divided by the root of the sum of squared lengths of
    all gradients that its vector had.

    Args:
        contexts: Occurrences.
        sense: `(n,)`, which sense each occurrence has.
        of: `(senses,)`, which tag each sense is of.
        dimension: Of vectors.
        negatives: k, how many negatives each pair has.
        rate: Length of a vector's first step.
        rng: Where first vectors, order and negatives come from.
    """

    def __init__(
        self,
        contexts: Contexts,
        sense: np.ndarray,
        of: np.ndarray,
        dimension: int,
        negatives: float,
        rate: float,
        rng: np.random.Generator,
    ) -> None:
        self.contexts, self.sense, self.negatives, self.rate, self.rng = contexts, sense, negatives, rate, rng
        self.tags = rng.uniform(-0.5 / dimension, 0.5 / dimension, (contexts.tags, dimension)).astype("float32")
        self.senses = self.tags[of]
        self._squares = np.zeros(len(self.tags), "float32"), np.zeros(len(self.senses), "float32")
        noise = contexts.occurrences() ** NOISE_POWER
        self.noise = noise / max(noise.sum(), 1.0)

    def epoch(self, batch: int, bar: Progress, task: TaskID) -> None:
        """Trains on all occurrences once, some at a time, in another order each time."""
        order = self.rng.permutation(len(self.contexts.tag))
        for start in range(0, len(order), batch):
            self.step(self.batch(order[start : start + batch]))
            bar.advance(task)

    def batch(self, occurrences: np.ndarray) -> Batch:
        """What these occurrences say, with negatives drawn for them."""
        contexts = self.contexts
        sizes = contexts.starts[occurrences + 1] - contexts.starts[occurrences]
        places = np.repeat(contexts.starts[occurrences] - (np.cumsum(sizes) - sizes), sizes) + np.arange(sizes.sum())
        beside = contexts.second[contexts.pairs[places]]
        drawn, weights = self._drawn()
        senses, rows = np.unique(self.sense[occurrences], return_inverse=True)
        tags, columns = np.unique(np.concatenate([beside, drawn]), return_inverse=True)
        pairs = np.ones(len(beside), "float32"), (np.repeat(rows, sizes), columns[: len(beside)])
        positives = csr_array(pairs, shape=(len(senses), len(tags)))
        of_tag = np.bincount(columns[len(beside) :], weights, minlength=len(tags)).astype("float32")
        of_sense = np.float32(self.negatives) * positives.sum(axis=1)
        return Batch(senses, tags, positives, (of_sense, of_tag))

    def _drawn(self) -> tuple[np.ndarray, np.ndarray]:
        """Tags that are negatives, and their weights, which sum to one."""
        if len(self.noise) <= DRAWN:
            return np.arange(len(self.noise)), self.noise
        drawn = np.searchsorted(np.cumsum(self.noise), self.rng.random(DRAWN) * (1 - 1e-9))
        return np.minimum(drawn, len(self.noise) - 1), np.full(DRAWN, 1 / DRAWN)

    def step(self, batch: Batch) -> None:
        """Moves the vectors of a batch."""
        by_senses, by_tags = batch.gradients(self.senses[batch.senses], self.tags[batch.tags])
        for vectors, squares, places, gradients in (
            (self.tags, self._squares[0], batch.tags, by_tags),
            (self.senses, self._squares[1], batch.senses, by_senses),
        ):
            squares[places] += np.einsum("nd,nd->n", gradients, gradients)
            vectors[places] += gradients * (self.rate / np.sqrt(squares[places] + 1e-12))[:, None]
