from __future__ import annotations

from types import SimpleNamespace

import pytest

from kerasmm.systems.dman.plots import plot_search
from kerasmm.systems.dman.protocol import DMANProtocol
from tests.drawing.shown import lines, retrieval


def test_precision_of_each_way_to_search_with_chance(rng, shown, tmp_path):
    ways = (
        "search",
        "search_literal",
        "search_score",
        "search_ranks",
        "search/chance",
        "tag_search",
        "tag_search/chance",
    )
    figures = {f"{way}/p@{k}": 0.5 * float(rng.random()) for way in ways for k in (1, 5, 10, 20, 50)}
    ridge = {f"search/{part}p@{k}": 0.5 * float(rng.random()) for part in ("", "chance/") for k in (1, 5, 10, 20, 50)}
    plot_search({"DMAN": figures, "ridge, pooled": ridge}, tmp_path / "p.png")
    assert (tmp_path / "p.png").read_bytes()[:4] == b"\x89PNG"
    axes = shown()
    assert list(axes) == ["label words as queries", "every word as a query"]
    named = {"DMAN": "search", "DMAN, literal": "search_literal", "DMAN, word's score": "search_score"}
    named |= {"DMAN, rank sum": "search_ranks", "chance": "search/chance"}
    for title, series in {
        "label words as queries": named,
        "every word as a query": {"DMAN": "tag_search", "chance": "tag_search/chance"},
    }.items():
        wanted = {label: [figures[f"{way}/p@{k}"] for k in (1, 5, 10, 20, 50)] for label, way in series.items()}
        if title == "label words as queries":
            wanted["ridge, pooled"] = [ridge[f"search/p@{k}"] for k in (1, 5, 10, 20, 50)]
        assert lines(axes[title]) == wanted
        assert axes[title].get_ylabel() == "precision at k"
        # The axis ends a tenth above the largest value, and no blank half is left.
        assert axes[title].get_ylim() == (0, pytest.approx(1.1 * max(max(values) for values in wanted.values())))


def test_an_evaluation_draws_its_rows_by_name(rng, shown, tmp_path):
    ways = ("search", "search/chance", "ridge/search", "ridge/search/chance")
    figures = {f"{way}/p@{k}": float(rng.random()) for way in ways for k in (1, 5, 10, 20, 50)}
    config = SimpleNamespace(network=SimpleNamespace(base="attention"))
    variants = {"DMAN": {"network.base": "attention"}}
    DMANProtocol(SimpleNamespace(config=config, variants=variants)).plots(figures, tmp_path)
    (axis,) = shown().values()
    assert set(lines(axis)) == {"DMAN", "ridge, pooled", "chance"}


def test_nothing_to_show_is_no_file(rng, tmp_path):
    plot_search({"DMAN": retrieval(rng, "")}, tmp_path / "p.png")
    assert not (tmp_path / "p.png").exists()


def test_a_comparison_shows_the_main_rows_alone(shown, tmp_path):
    """Other ways to search have figures under prefixes too; they are no weights."""
    rows = {
        "DMAN": [{"search/mAP": 0.4, "ridge/search/mAP": 0.3, "search/chance/mAP": 0.1}],
        "CCA": [{"search/mAP": 0.2}],
    }
    DMANProtocol.comparison_plots(rows, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["comparison.png"]
    (axis,) = shown().values()
    assert [label.get_text() for label in axis.get_yticklabels()] == ["DMAN", "CCA"]
    assert [bar.get_width() for bar in axis.patches] == [0.4, 0.2]
