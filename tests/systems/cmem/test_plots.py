from __future__ import annotations

import statistics

import matplotlib.pyplot as plt
import numpy as np
import pytest

from kerasmm.evaluation.annotation import precision_recall
from kerasmm.evaluation.cross_modal import mean_rank_figures
from kerasmm.evaluation.ranks import SHARES
from kerasmm.systems.cmem.plots import plot_mean_ranks, plot_precision_recall
from kerasmm.systems.cmem.protocol import _plots
from kerasmm.systems.cmem.tables import RETRIEVAL_BASELINES


@pytest.fixture
def axis(monkeypatch):
    """The axes of the last plot."""
    close = plt.close
    monkeypatch.setattr(plt, "close", lambda figure: None)
    yield lambda: plt.gcf().axes[0]
    close("all")


def lines(axis):
    """What is drawn, by its name in the legend."""
    handles, labels = axis.get_legend_handles_labels()
    found = {}
    for handle, label in zip(handles, labels, strict=True):
        line = handle if hasattr(handle, "get_xdata") else handle.lines[0]
        found[label] = (np.asarray(line.get_xdata()).tolist(), np.asarray(line.get_ydata()).tolist())
    return found


def test_curves_by_recall(rng, axis, tmp_path):
    labels = rng.random((20, 30)) < 0.2
    curves = {name: precision_recall(labels, rng.random((20, 30))) for name in ("CMEM-plsp", "CMEM-prl", "chance")}
    plot_precision_recall({**curves, "none": {"R@10": 0.5}}, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    recall = pytest.approx([level / 20 for level in range(1, 21)])
    assert lines(axis()) == {name: (recall, list(curve.values())) for name, curve in curves.items()}
    assert {line.get_label(): line.get_linestyle() for line in axis().lines}["chance"] == "--"


def test_mean_ranks_over_the_share(rng, axis, tmp_path):
    """Three seeds with whiskers, one without; chance as a figure of a row."""

    def drawn():
        return mean_rank_figures(rng.normal(size=(30, 4)), rng.normal(size=(30, 4)))

    rows = {"CMEM-plsp": [drawn() for _ in range(3)], "CCA-LDA": [drawn()], "frequency": [{"R@10": 0.1}]}
    plot_mean_ranks(rows, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    got = lines(axis())
    assert set(got) == {"CMEM-plsp", "CCA-LDA", "chance"}
    for name in ("CMEM-plsp", "CCA-LDA"):
        wanted = [statistics.mean(one[f"image_to_tweet/mean_rank/{share}"] for one in rows[name]) for share in SHARES]
        assert got[name] == (list(SHARES), pytest.approx(wanted))
    assert got["chance"][1] == [15.5, 15.5]
    # Whiskers of the first row alone, as long as the deviation at 100 %.
    (whiskers,) = axis().collections
    half = float(np.ptp(whiskers.get_segments()[-1][:, 1])) / 2
    assert half == pytest.approx(statistics.stdev(one["image_to_tweet/mean_rank/100"] for one in rows["CMEM-plsp"]))


def test_a_row_of_chance_is_the_dashed_line(axis, tmp_path):
    ranks = {f"image_to_tweet/mean_rank/{share}": 7.0 for share in SHARES}
    plot_mean_ranks({"CMEM": [{**ranks, "chance/mean_rank": 9.0}], "chance": [ranks]}, tmp_path / "p.png")
    assert lines(axis())["chance"] == (list(SHARES), [7.0] * 10)
    assert len(lines(axis())) == 2


def test_nothing_to_show_is_no_file(tmp_path):
    plot_precision_recall({"row": {"R@10": 1.0}}, tmp_path / "p.png")
    plot_precision_recall({}, tmp_path / "p.png")
    plot_mean_ranks({"row": [{"chance/mean_rank": 1.0}], "none": []}, tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


def test_an_evaluation_draws_its_canonical_rows(rng, axis, tmp_path):
    figures = {}
    for prefix in ("", "cca_state/", "rcca_100_state/"):
        figures |= {f"{prefix}image_to_tweet/mean_rank/{share}": 50 * rng.random() for share in SHARES}
    _plots({"CMEM": [figures | {"chance/mean_rank": 30.0}]}, tmp_path)
    got = lines(axis())
    assert set(got) == {"CMEM", RETRIEVAL_BASELINES["cca_state"], RETRIEVAL_BASELINES["rcca_100_state"], "chance"}
    wanted = [figures[f"cca_state/image_to_tweet/mean_rank/{share}"] for share in SHARES]
    assert got[RETRIEVAL_BASELINES["cca_state"]][1] == wanted
