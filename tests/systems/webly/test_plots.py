from __future__ import annotations

from kerasmm.systems.webly.plots import plot_retrieval
from kerasmm.systems.webly.protocol import WeblyProtocol
from tests.drawing.shown import lines, retrieval


def test_recall_both_ways_of_all_weights_with_chance(rng, shown, tmp_path):
    figures = retrieval(rng, "", "clean/", "folds/", "clean/folds/")
    plot_retrieval(figures, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    assert list(shown()) == ["image → sentence", "sentence → image"]
    for axis, direction in zip(shown().values(), ("image_to_text", "text_to_image"), strict=True):
        wanted = {
            "best": [figures[f"{direction}/R@{k}"] for k in (1, 5, 10)],
            "clean": [figures[f"clean/{direction}/R@{k}"] for k in (1, 5, 10)],
            "chance": [0.001, 0.005, 0.01],
        }
        assert lines(axis) == wanted


def test_nothing_to_show_is_no_file(tmp_path):
    plot_retrieval({"search/p@1": 0.1}, tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


def test_a_comparison_shows_both_ways_and_the_weights_of_stages(rng, shown, tmp_path):
    rows = {"VSE": [retrieval(rng, "", "clean/")], "VSEPP": [retrieval(rng, "")]}
    WeblyProtocol.comparison_plots(rows, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.png"]
    assert list(shown()) == ["image → sentence", "sentence → image"]
    for axis in shown().values():
        assert axis.get_xlabel() == "R@1"
        assert [label.get_text() for label in axis.get_yticklabels()] == ["VSE", "VSE: clean", "VSEPP"]
