from __future__ import annotations

import numpy as np
import pytest

from kerasmm.systems.hashtag.plots import plot_by_place, plot_by_posts
from tests.drawing.shown import lines


def test_accuracy_by_posts_of_the_user_from_few_to_many(shown, tmp_path):
    """A bin that only one seed or one row has is drawn where it is known; a row without any is left out."""
    rows = {
        "Tensor": [
            {"A@1/user_posts/10-27": 0.5, "A@1/user_posts/2-3": 0.1, "posts/user_posts/2-3": 1200.0, "A@1": 0.3},
            {"A@1/user_posts/10-27": 0.7, "A@1/user_posts/2-3": 0.3},
        ],
        "MCLL": [{"A@1/user_posts/0": 0.2, "A@1/user_posts/10-27": 0.4}],
        "other": [{"A@1": 0.9}],
    }
    plot_by_posts(rows, tmp_path / "p.png")
    (axis,) = shown().values()
    assert [label.get_text() for label in axis.get_xticklabels()] == ["0", "2-3\nn = 1,200", "10-27"]
    nan = np.nan
    for name, wanted in {"Tensor": [nan, 0.2, 0.6], "MCLL": [0.2, nan, 0.4]}.items():
        np.testing.assert_array_almost_equal(lines(axis)[name], wanted)
    assert set(lines(axis)) == {"Tensor", "MCLL"}
    assert axis.get_ylim()[0] == 0 and (tmp_path / "p.png").stat().st_size > 5000


@pytest.mark.parametrize("plot", [plot_by_posts, plot_by_place])
def test_nothing_to_show_is_no_file(plot, tmp_path):
    plot({"row": [{"A@1": 1.0}]}, tmp_path / "p.png")
    assert not list(tmp_path.iterdir())
