"""Every public metric passes the same contract."""

import statistics

import pytest

import kerasmm.metrics
from kerasmm.metrics import (
    Coverage,
    HammingLossAtK,
    HitRateAtK,
    MeanAveragePrecision,
    MeanRank,
    MedianRank,
    MultiLabelAccuracyAtK,
    PrecisionAtK,
    RecallAtK,
    RetrievalRecallAtK,
)
from tests.metrics.by_loop import (
    average_precision,
    coverage,
    hamming_loss_at,
    hit_rate_at,
    label_recall_at,
    multi_label_accuracy_at,
    precision_at,
    rank,
    recall_at,
)
from tests.metrics.metric_contract import MetricCase, check_metric
from tests.public_class import check_names


class MedianCase(MetricCase):
    def together(self, values):
        return statistics.median(values)


CASES = [
    MetricCase(PrecisionAtK, {"k": 1}, precision_at(1)),
    MetricCase(PrecisionAtK, {"k": 3, "empty_rows": "skip"}, precision_at(3, "skip")),
    MetricCase(PrecisionAtK, {"k": 50}, precision_at(50)),
    MetricCase(MeanAveragePrecision, {}, average_precision()),
    MetricCase(MeanAveragePrecision, {"empty_rows": "skip"}, average_precision("skip")),
    MetricCase(RetrievalRecallAtK, {"k": 1}, recall_at(1)),
    MetricCase(RetrievalRecallAtK, {"k": 3}, recall_at(3)),
    MetricCase(MeanRank, {}, rank()),
    MedianCase(MedianRank, {}, rank()),
    MedianCase(MedianRank, {"deepest": 6}, rank()),
    MetricCase(RecallAtK, {"k": 1}, label_recall_at(1)),
    MetricCase(RecallAtK, {"k": 3, "empty_rows": "count"}, label_recall_at(3, "count")),
    MetricCase(RecallAtK, {}, label_recall_at(10)),
    MetricCase(MultiLabelAccuracyAtK, {"k": 2}, multi_label_accuracy_at(2)),
    MetricCase(MultiLabelAccuracyAtK, {"k": 10, "empty_rows": "count"}, multi_label_accuracy_at(10, "count")),
    MetricCase(HammingLossAtK, {"k": 2}, hamming_loss_at(2)),
    MetricCase(HammingLossAtK, {"k": 4, "empty_rows": "count"}, hamming_loss_at(4, "count")),
    MetricCase(HitRateAtK, {"k": 1}, hit_rate_at(1)),
    MetricCase(HitRateAtK, {"k": 4, "empty_rows": "count"}, hit_rate_at(4, "count")),
    MetricCase(Coverage, {}, coverage()),
    MetricCase(Coverage, {"empty_rows": "count"}, coverage("count")),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_contract(case, rng, tmp_path):
    first = next(other for other in CASES if other.metric is case.metric)
    check_metric(case, rng, tmp_path, again=case is not first and "deepest" not in case.arguments)


def test_no_metric_escapes():
    check_names(kerasmm.metrics, {case.metric.__name__ for case in CASES})
