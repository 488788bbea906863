"""What a protocol does that says no more than it must."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from kerasmm.console import UserError
from kerasmm.systems import names, system
from kerasmm.systems.protocol import Protocol


class Least(Protocol):
    monitor, title = "right", "Least"

    def validate(self, evaluator):
        return {"right": 1.0}

    def evaluate(self, evaluator):
        return self.validate(evaluator)

    @classmethod
    def comparison(cls, rows):
        return [
            ("Right", ["", "right"], [[name, *(str(one["right"]) for one in found)] for name, found in rows.items()])
        ]


def test_one_run_is_a_comparison_of_one_row():
    assert Least(SimpleNamespace()).table({"right": 0.5}) == [("Right", ["", "right"], [["Least", "0.5"]])]


def test_without_baselines_none_is_known_and_without_plots_none_is_drawn(tmp_path):
    least = Least(SimpleNamespace(name="least"))
    with pytest.raises(UserError, match="least has no baseline 'cca'"):
        least.evaluate_baseline(None, "cca")
    least.plots({"right": 0.5}, tmp_path)
    Least.comparison_plots({"Least": [{"right": 0.5}]}, tmp_path)
    assert not list(tmp_path.iterdir())


class Choosy(Least):
    monitor, other_monitors, beside = "labels/mAP", ("tags/mAP", "words/mAP"), {"line": "a line"}


@pytest.mark.parametrize(
    ("labels", "tags", "words", "monitor"),
    [
        (10, 500, 9, "labels/mAP"),
        (9, 10, 500, "tags/mAP"),
        (9, 8, 500, "words/mAP"),
        (1, 3, 2, "tags/mAP"),
        (4, 4, 4, "labels/mAP"),
        (0, 1, 0, "tags/mAP"),
        (0, 0, 0, "labels/mAP"),
    ],
)
def test_a_metric_of_few_queries_gives_way_to_one_of_more(labels, tags, words, monitor):
    counts = {"labels": labels, "tags": tags, "words": words}
    figures = {f"{name}/queries": float(count) for name, count in counts.items() if count}
    assert Choosy(SimpleNamespace()).monitored(figures) == monitor
    # Without another there is no choice.
    assert Least(SimpleNamespace()).monitored(figures) == "right"


def test_says_what_is_ahead_by_the_metric_that_picks():
    ours = {"labels/queries": 20.0, "labels/mAP": 0.5, "labels/chance/mAP": 0.1, "line/labels/mAP": 0.5}
    choosy = Choosy(SimpleNamespace())
    assert choosy.ahead(ours) == []
    assert choosy.ahead({**ours, "line/labels/mAP": 0.75, "labels/chance/mAP": 0.6}) == [
        "a line is ahead of Least: labels/mAP 75.0% to 50.0%",
        "chance is ahead of Least: labels/mAP 60.0% to 50.0%",
    ]
    assert choosy.ahead({}) == []


@pytest.mark.parametrize("name", names())
def test_text_baselines_are_baselines_and_no_row_has_two_meanings(name):
    kind = system(name)
    assert kind.Protocol.text_baselines <= set(kind.Protocol.baselines)
    assert not set(kind.Protocol.baselines) & set(kind.variants)
