from __future__ import annotations

import statistics

import numpy as np
import pytest

from kerasmm.drawing.bands import draw_bands, plot_along
from tests.drawing.shown import lines


def band(collection):
    """The lower and the upper edge at each place, from the outline of the band."""
    found: dict[float, list[float]] = {}
    for x, y in collection.get_paths()[0].vertices:
        found.setdefault(float(x), []).append(float(y))
    return {x: (min(heights), max(heights)) for x, heights in found.items()}


def test_a_curve_of_means_within_a_band_of_deviations(rng):
    import matplotlib.pyplot as plt

    axis = plt.figure().add_subplot()
    points = [rng.random(int(rng.integers(2, 6))).tolist() for _ in range(4)]
    draw_bands(axis, ["10", "25", "50", "100"], {"several": points, "once": [[0.5], [], [0.25], [0.125]]})
    assert [label.get_text() for label in axis.get_xticklabels()] == ["10", "25", "50", "100"]
    assert lines(axis)["several"] == pytest.approx([statistics.mean(values) for values in points])
    np.testing.assert_array_equal(lines(axis)["once"], [0.5, np.nan, 0.25, 0.125])
    # One seed has no deviation.
    (drawn,) = axis.collections
    for place, (low, high) in band(drawn).items():
        mean, deviation = statistics.mean(points[int(place)]), statistics.stdev(points[int(place)])
        assert (low, high) == pytest.approx((mean - deviation, mean + deviation))
    assert len(band(drawn)) == 4
    plt.close()


def test_a_panel_for_each_figure_that_a_row_has(shown, tmp_path):
    """The weights of an earlier stage are a curve of their own, and what only one value gave leaves a gap."""
    curves = {
        "Tensor": [[{"A@1": 0.2, "agnostic/A@1": 0.1}], [{"A@1": 0.4, "agnostic/A@1": 0.3}]],
        "MCLL": [[{"A@1": 0.3}], [{"A@1": 0.2, "P@10": 0.7}]],
    }
    compared = {"A@1": "tagging", "other": "nothing", "P@10": "search"}
    plot_along("network.dimension", ["8", "16"], curves, compared, tmp_path / "p.png", ("agnostic",))
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    assert list(shown()) == ["A@1: tagging", "P@10: search"]
    first, second = shown().values()
    assert (first.get_xlabel(), first.get_ylabel()) == ("network.dimension", "A@1")
    assert lines(first) == {"Tensor": [0.2, 0.4], "Tensor: agnostic": [0.1, 0.3], "MCLL": [0.3, 0.2]}
    np.testing.assert_array_equal(lines(second)["MCLL"], [np.nan, 0.7])


def test_nothing_to_show_is_no_file(tmp_path):
    plot_along("key", ["1"], {"row": [[{"other": 1.0}]]}, {"A@1": "tagging"}, tmp_path / "p.png")
    assert not list(tmp_path.iterdir())
