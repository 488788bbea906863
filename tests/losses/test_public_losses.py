"""Every public loss passes the same contract."""

import numpy as np
import pytest

import kerasmm.losses
from kerasmm.losses import (
    BidirectionalRankingLoss,
    HingeRankLoss,
    LinkLoss,
    LSEPLoss,
    PairwiseRankingLoss,
    PLSPLoss,
    TripletTensorLoss,
    WARPLoss,
    WeightedBinaryCrossentropy,
)
from tests.apart import apart
from tests.losses.by_loop import (
    bidirectional_ranking,
    hinge_rank,
    link,
    lsep,
    plsp,
    triplet_tensor,
    warp,
    weighted_crossentropy,
)
from tests.losses.loss_contract import ENTRIES, ROWS, LossCase, check_loss
from tests.public_class import check_examples, check_names


def similarities(rng, shape):
    return rng.uniform(-1, 1, shape)


def decisions(rng, shape):
    return 3 * rng.normal(size=shape)


def probabilities(rng, shape):
    return rng.uniform(0.02, 0.98, shape)


class MatrixCase(LossCase):
    """A loss of whole batches: what a row is worth hangs on the others."""

    def rows(self, y_true, y_pred):
        return np.array(self.expected(y_true.tolist(), y_pred.tolist()))

    def clear(self, y_pred, gap=1e-4):
        return apart(y_pred.ravel(), gap, self.edges)


class TripletCase(LossCase):
    """A loss of three axes a row; at most one entry of each is unobserved, so that the draws are what they are."""

    def rows(self, y_true, y_pred):
        return np.array([self.expected(*row) for row in zip(y_true.tolist(), y_pred.tolist(), strict=True)])

    def draw(self, rng, gap=1e-4):
        _, y_pred = super().draw(rng, gap)
        y_true = rng.permuted(np.tile([1.0, 0.0, *[-1.0] * (ENTRIES - 2)], (ROWS, 3, 1)), axis=2).astype("float32")
        y_true[(y_true == 0) & (rng.random(y_true.shape) < 0.2)] = -1
        y_true[1], y_true[2], y_true[4], y_true[5] = 0, 1, -1, -1
        y_true[4, 0, 0] = 1
        return y_true, y_pred


CASES = [
    # The contract trains with the mean over rows.
    *(
        MatrixCase(
            BidirectionalRankingLoss,
            {"margin": margin, "negatives": negatives, "reduction": "sum_over_batch_size"},
            bidirectional_ranking(margin, negatives),
            similarities,
            edges=(0.0, margin),
        )
        for margin in (0.2, 1.3)
        for negatives in ("sum", "hardest")
    ),
    LossCase(HingeRankLoss, {"margin": 0.3}, hinge_rank(0.3), similarities, (0.3,)),
    LossCase(HingeRankLoss, {"margin": 1.7}, hinge_rank(1.7), similarities, (1.7,)),
    LossCase(LinkLoss, {}, link(), decisions),
    LossCase(LinkLoss, {"unlinked_ratio": 2.5}, link(2.5), decisions),
    LossCase(PairwiseRankingLoss, {"margin": 0.7}, hinge_rank(0.7), decisions, (0.7,)),
    LossCase(PairwiseRankingLoss, {"margin": 2.5, "negatives": 4, "seed": 3}, hinge_rank(2.5), decisions, (2.5,)),
    *(
        TripletCase(
            TripletTensorLoss,
            {"margin": margin, "seed": 5},
            triplet_tensor(margin),
            decisions,
            (margin,),
            shape=(3, ENTRIES),
            axes="batch, 3, candidates",
        )
        for margin in (1.0, 0.0)
    ),
    LossCase(WARPLoss, {"margin": 0.7}, warp(0.7, True), decisions, (0.7,), steps=True),
    LossCase(WARPLoss, {"margin": 2.5, "normalize": False}, warp(2.5, False), decisions, (2.5,), steps=True),
    LossCase(WARPLoss, {"margin": 0.0, "negatives": 4}, warp(0.0, True), decisions, (0.0,), steps=True),
    LossCase(LSEPLoss, {}, lsep(), decisions),
    LossCase(LSEPLoss, {"negatives": 4}, lsep(), decisions),
    LossCase(PLSPLoss, {"truncation": -0.5}, plsp(-0.5), decisions, (0.5,)),
    LossCase(PLSPLoss, {"truncation": -2.0, "negatives": 4}, plsp(-2.0), decisions, (2.0,)),
    LossCase(WeightedBinaryCrossentropy, {"positive_weight": 10.0}, weighted_crossentropy(10.0), probabilities),
    LossCase(
        WeightedBinaryCrossentropy,
        {"positive_weight": 2.5, "word_reduction": "mean"},
        weighted_crossentropy(2.5, "mean"),
        probabilities,
    ),
    LossCase(
        WeightedBinaryCrossentropy,
        {"positive_weight": 3.0, "from_logits": True},
        weighted_crossentropy(3.0, from_logits=True),
        lambda rng, shape: 3 * rng.normal(size=shape),
    ),
]


SAME_GRAPH = {"margin", "truncation", "positive_weight", "reduction", "seed"}
"""Arguments that are numbers in a graph: classes whose cases differ in these alone are trained and saved once."""


def graph_of(case):
    return case.loss, *((key, value) for key, value in case.arguments.items() if key not in SAME_GRAPH)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng, tmp_path):
    first = next(other for other in CASES if graph_of(other) == graph_of(case))
    check_loss(case, rng, tmp_path, again=case is not first)


def test_no_loss_escapes():
    # Not a loss of rows: it has a contract of its own, test_canonical_correlation_loss.
    check_names(kerasmm.losses, {case.loss.__name__ for case in CASES} | {"CanonicalCorrelationLoss"})


def test_examples_of_functions():
    check_examples(kerasmm.losses.triplet_similarity)
