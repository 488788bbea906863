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


@pytest.mark.parametrize("name", names())
def test_text_baselines_are_baselines_and_no_row_has_two_meanings(name):
    kind = system(name)
    assert kind.Protocol.text_baselines <= set(kind.Protocol.baselines)
    assert not set(kind.Protocol.baselines) & set(kind.variants)
