from __future__ import annotations

import csv
import math
import statistics

import numpy as np
import pytest

from kerasmm.drawing.plots import plot_comparison, plot_training, tell_apart
from tests.drawing.shown import lines, retrieval

WAYS = {"image_to_text/R@1": "image → sentence", "text_to_image/R@1": "sentence → image"}


def written(path, rows):
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_a_comparison_of_retrieval(rng, shown, tmp_path):
    """One bar a row, and one for the weights of an earlier stage; the second row has a single seed."""
    rows = {"VSE": [retrieval(rng, "", "clean/") for _ in range(3)], "VSEPP": [retrieval(rng, "")]}
    plot_comparison(rows, WAYS, tmp_path / "p.png", ("clean",))
    assert list(shown()) == list(WAYS.values())
    for axis, direction in zip(shown().values(), ("image_to_text", "text_to_image"), strict=True):
        key = f"{direction}/R@1"
        assert axis.get_xlabel() == "R@1"
        assert [label.get_text() for label in axis.get_yticklabels()] == ["VSE", "VSE: clean", "VSEPP"]
        wanted = [statistics.mean(one[name] for one in rows["VSE"]) for name in (key, f"clean/{key}")]
        assert [bar.get_width() for bar in axis.patches] == pytest.approx([*wanted, rows["VSEPP"][0][key]])
        (whiskers,) = axis.collections
        halves = [float(np.ptp(segment[:, 0])) / 2 for segment in whiskers.get_segments()]
        assert halves[0] == pytest.approx(statistics.stdev(one[key] for one in rows["VSE"]))
        assert halves[2] == 0
        assert lines(axis)["chance"] == pytest.approx([0, 1]) and axis.lines[-1].get_xdata() == pytest.approx(
            [0.001] * 2
        )


def test_a_comparison_shows_figures_under_named_weights_alone(shown, tmp_path):
    rows = {
        "one": [{"search/mAP": 0.4, "other/search/mAP": 0.3, "search/chance/mAP": 0.1}],
        "two": [{"search/mAP": 0.2, "clean/search/mAP": 0.1}],
    }
    plot_comparison(rows, {"search/mAP": "search", "absent": "nothing"}, tmp_path / "p.png", ("clean",))
    (axis,) = shown().values()
    assert axis.get_title() == "search"
    assert [label.get_text() for label in axis.get_yticklabels()] == ["one", "two", "two: clean"]
    assert [bar.get_width() for bar in axis.patches] == [0.4, 0.2, 0.1]


def test_nothing_to_show_is_no_file(tmp_path):
    plot_comparison({"row": [{"other": 1.0}]}, WAYS, tmp_path / "p.png")
    plot_training(written(tmp_path / "m.csv", [{}]), tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


@pytest.mark.parametrize(("first", "scale"), [(0.5, "log"), (-0.5, "linear"), (0.0, "linear")])
def test_a_loss_that_is_not_positive_is_seen_too(shown, tmp_path, first, scale):
    """A negative cosine, say, in the stage before a hinge."""
    rows = [{"stage": "a", "loss": first, "validation/mAP": 0.1}, {"stage": "b", "loss": 7.0, "validation/mAP": 0.2}]
    plot_training(written(tmp_path / "m.csv", rows), tmp_path / "p.png")
    axis = shown()["loss"]
    assert axis.get_yscale() == scale
    low, high = axis.get_ylim()
    assert low < first and high > 7


def test_training_in_two_stages(shown, tmp_path):
    """The second stage has no loss of sentences; its cells are empty."""
    common = {
        "validation/image_to_text/R@1": 0.1,
        "validation/image_to_text/chance/R@1": 0.001,
        "validation/rsum": 90.0,
    }
    rows = [
        {"stage": "clean", "epoch": 1, "loss": 9.0, "sentence_loss": 5.0, **common, "seconds": 3.0},
        {"stage": "clean", "epoch": 2, "loss": 8.0, "sentence_loss": 4.0, **common, "validation/rsum": 95.0},
        {"stage": "web", "epoch": 1, "loss": 3.0, **common, "validation/rsum": 97.0},
    ]
    plot_training(written(tmp_path / "m.csv", rows), tmp_path / "p.png")
    axes = shown()
    assert list(axes) == ["loss", "validation recall at k", "validation sum of recalls"]
    nan = math.nan
    wanted = {
        # A gap between the stages: control, say, begins where the first stage was best.
        "loss": {"loss": [9.0, 8.0, nan, 3.0], "sentence_loss": [5.0, 4.0, nan, nan]},
        "validation recall at k": {"validation/image_to_text/R@1": [0.1, 0.1, nan, 0.1]},
        "validation sum of recalls": {"validation/rsum": [90.0, 95.0, nan, 97.0]},
    }
    for title, names in wanted.items():
        assert list(lines(axes[title])) == list(names)
        for name, values in names.items():
            np.testing.assert_array_equal(lines(axes[title])[name], values)
    np.testing.assert_array_equal(axes["loss"].lines[0].get_xdata(), [1, 2, nan, 3])
    for axis in axes.values():
        assert [text.get_text() for text in axis.texts] == ["web"]
        assert [list(line.get_xdata()) for line in axis.lines if line.get_label().startswith("_")] == [[2.5, 2.5]]


def test_the_best_epoch_of_each_stage_is_marked(shown, tmp_path):
    """The first of equal ones, as training keeps it."""
    found = [("clean", 0.2), ("clean", 0.4), ("clean", 0.4), ("web", 0.3), ("web", 0.1)]
    rows = [{"stage": stage, "epoch": 1, "loss": 1.0, "validation/mAP": value} for stage, value in found]
    plot_training(written(tmp_path / "m.csv", rows), tmp_path / "p.png", "mAP")
    marked = next(line for line in shown()["validation mAP"].lines if line.get_label() == "best epoch")
    assert (list(marked.get_xdata()), list(marked.get_ydata())) == ([2, 4], [0.4, 0.3])


@pytest.mark.parametrize(
    ("names", "title", "drawn"),
    [
        (["search/mAP", "search/chance/mAP", "search/p@1"], "validation mAP", ["search/mAP"]),
        (["accuracy", "chance/accuracy"], "validation", ["accuracy"]),
        (["folds/image_to_text/R@1", "image_to_text/R@1"], "validation recall at k", ["image_to_text/R@1"]),
    ],
)
def test_training_shows_the_validation_figures_that_there_are(shown, tmp_path, names, title, drawn):
    rows = [
        {"stage": "train", "epoch": 1, "loss": 1.0, **{f"validation/{name}": 0.5 for name in names}, "seconds": 1.0}
    ]
    plot_training(written(tmp_path / "m.csv", rows), tmp_path / "p.png")
    assert list(shown()) == ["loss", title]
    assert list(lines(shown()[title])) == [f"validation/{name}" for name in drawn]
    assert not shown()["loss"].texts


def test_curves_that_coincide_are_told_apart(rng):
    import matplotlib.pyplot as plt

    axis = plt.figure().add_subplot()
    same, other = rng.random(6), 1 + rng.random(6)
    for name, values in {"a": same, "b": other, "c": same + 1e-4, "d": same}.items():
        axis.plot(range(6), values, label=name)
    tell_apart(axis)
    drawn = {line.get_label(): line for line in axis.get_lines()}
    assert [drawn[name].get_linestyle() for name in "abcd"] == ["-", "-", "--", "--"]
    widths = {name: line.get_linewidth() for name, line in drawn.items()}
    # The first lies beneath two, the next beneath one; nothing lies on the others.
    assert widths["a"] > widths["c"] > widths["d"] == widths["b"]
    # Dashes of the third leave more of what is beneath than those of the second.
    assert drawn["c"]._unscaled_dash_pattern[1][1] < drawn["d"]._unscaled_dash_pattern[1][1]
    plt.close()


def test_no_curve_is_nothing_to_tell_apart():
    import matplotlib.pyplot as plt

    axis = plt.figure().add_subplot()
    tell_apart(axis)
    axis.plot([1, 2, 3], [math.nan] * 3)
    tell_apart(axis)
    plt.close()
