from __future__ import annotations

from kerasmm.systems.webly.tables import webly_tables


def figures(first, five, ten, median, prefix=""):
    """One way's, and the other way's with R@1 five points lower."""
    found = {}
    for way, less in (("image_to_text", 0.0), ("text_to_image", 0.05)):
        found |= {
            f"{prefix}{way}/R@1": first - less,
            f"{prefix}{way}/R@5": five,
            f"{prefix}{way}/R@10": ten,
            f"{prefix}{way}/median_rank": median,
            f"{prefix}{way}/queries": 100.0,
        }
    return found


def chance(prefix="", median=50.5):
    return {
        f"{prefix}{way}/chance/{name}": value
        for way in ("image_to_text", "text_to_image")
        for name, value in (("R@1", 0.01), ("R@5", 0.05), ("R@10", 0.1), ("median_rank", median), ("mean_rank", 50.0))
    }


COLUMNS = ["", "R@1", "R@5", "R@10", "MedR"]


def test_one_row_and_chance_by_hand():
    tables = webly_tables({"VSEPP": [{**figures(0.25, 0.5, 0.75, 3.0), **chance(), "rsum": 300.0}]})
    last = ["chance", "1.0%", "5.0%", "10.0%", "50.5"]
    assert tables == [
        ("Image-to-Text Retrieval", COLUMNS, [["VSEPP", "25.0%", "50.0%", "75.0%", "3.0"], last]),
        ("Text-to-Image Retrieval", COLUMNS, [["VSEPP", "20.0%", "50.0%", "75.0%", "3.0"], last]),
    ]


def test_several_seeds_have_mean_and_deviation():
    seeds = [figures(0.1, 0.4, 0.5, 4.0), figures(0.3, 0.4, 0.5, 7.0)]
    (_, _, rows), _ = webly_tables({"VSE": seeds})
    # Of 10 and 30: 20 ± 14.142; of 4 and 7: 5.5 ± 2.121.
    assert rows == [["VSE", "20.0 ± 14.1%", "40.0 ± 0.0%", "50.0 ± 0.0%", "5.5 ± 2.1"]]


def test_other_weights_of_a_run_are_rows_before_it():
    run = {
        **figures(0.5, 0.6, 0.7, 1.0),
        **figures(0.4, 0.5, 0.6, 2.0, "clean/"),
        **figures(0.45, 0.5, 0.6, 2.0, "control/"),
        **chance(),
        **chance("clean/"),
        **chance("control/"),
        **figures(0.5, 0.6, 0.7, 1.0, "web/"),
    }
    (_, _, rows), _ = webly_tables({"VSE": [figures(0.2, 0.3, 0.4, 9.0)], "VSEPP_web": [run]})
    assert [row[:2] for row in rows] == [
        ["VSE", "20.0%"],
        ["VSEPP_web: stage I", "40.0%"],
        ["VSEPP_web: stage I, then as long without web posts", "45.0%"],
        ["VSEPP_web: stage I, then web posts", "50.0%"],
        ["VSEPP_web", "50.0%"],
        ["chance", "1.0%"],
    ]


def test_folds_have_tables_of_their_own():
    run = {
        **figures(0.2, 0.3, 0.4, 9.0),
        **figures(0.5, 0.6, 0.7, 1.0, "folds/"),
        **figures(0.1, 0.3, 0.4, 9.0, "clean/"),
        **figures(0.4, 0.5, 0.6, 2.0, "clean/folds/"),
        **chance(),
        **chance("folds/", 10.5),
        "folds/folds": 5.0,
    }
    tables = webly_tables({"small": [figures(0.9, 0.9, 0.9, 1.0)], "VSE_web": [run]})
    assert [title for title, _, _ in tables] == [
        "Image-to-Text Retrieval",
        "Text-to-Image Retrieval",
        "Image-to-Text Retrieval, five folds of 1,000 images",
        "Text-to-Image Retrieval, five folds of 1,000 images",
    ]
    assert [row[:2] for row in tables[0][2]] == [
        ["small", "90.0%"],
        ["VSE_web: stage I", "10.0%"],
        ["VSE_web", "20.0%"],
        ["chance", "1.0%"],
    ]
    # A row without folds is none there, and doesn't hide what chance gives in a fold.
    assert tables[3][2] == [
        ["VSE_web: stage I", "35.0%", "50.0%", "60.0%", "2.0"],
        ["VSE_web", "45.0%", "60.0%", "70.0%", "1.0"],
        ["chance", "1.0%", "5.0%", "10.0%", "10.5"],
    ]


def test_no_rows_and_no_figures():
    assert [rows for _, _, rows in webly_tables({})] == [[], []]
    assert [rows for _, _, rows in webly_tables({"VSE": []})] == [[], []]
    assert [rows for _, _, rows in webly_tables({"VSE": [{"rsum": 1.0}]})] == [[], []]
