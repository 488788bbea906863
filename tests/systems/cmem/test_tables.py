from __future__ import annotations

from kerasmm.systems.cmem.tables import SHARES, cmem_tables, retrieval_rows


def labels(recall, accuracy, loss, coverage, prefix=""):
    return {
        f"{prefix}R@10": recall,
        f"{prefix}ML-A@10": accuracy,
        f"{prefix}HL@10": loss,
        f"{prefix}coverage": coverage,
        f"{prefix}R@1": 0.5,
    }


def ranks(first, step, prefix=""):
    """At 10 %, and so much more at each further tenth."""
    return {f"{prefix}image_to_tweet/mean_rank/{share}": first + step * (share // 10 - 1) for share in SHARES}


LABELS, RANKS = "Connotation label prediction (table 1)", "Image → tweet retrieval, mean rank (table 2)"
TEN = [str(share) for share in range(10, 101, 10)]


def test_both_tables_by_hand():
    run = {**labels(0.5, 0.25, 0.0625, 3.5), **ranks(10.0, 1.0), "chance/mean_rank": 50.5}
    assert cmem_tables({"CMEM-plsp-512": [run]}) == [
        (LABELS, ["", "R@10", "ML-A@10", "HL@10", "Coverage"], [["CMEM-plsp-512", "50.0%", "25.0%", "0.0625", "3.50"]]),
        (
            RANKS,
            ["", *TEN],
            [["CMEM-plsp-512", *(f"{10 + tenth}.0" for tenth in range(10))], ["chance", *["50.5"] * 10]],
        ),
    ]


def test_several_seeds_have_mean_and_deviation():
    """Of 10 and 30: 20 ± 14.142; of 0.1 and 0.3: 0.2 ± 0.1414; of 1 and 2: 1.5 ± 0.707."""
    seeds = [{**labels(0.1, 0.2, 0.1, 1.0), **ranks(1.0, 0.0)}, {**labels(0.3, 0.2, 0.3, 2.0), **ranks(2.0, 0.0)}]
    first, second = cmem_tables({"CMEM-prl-256": seeds})
    assert first[2] == [["CMEM-prl-256", "20.0 ± 14.1%", "20.0 ± 0.0%", "0.2000 ± 0.1414", "1.50 ± 0.71"]]
    assert second[2] == [["CMEM-prl-256", *["1.5 ± 0.7"] * 10]]


def test_rows_keep_their_order_and_those_without_figures_are_left_out():
    rows = {
        "CMEM-warp-512": [{**labels(0.2, 0.1, 0.1, 1.0), **ranks(5.0, 0.0)}],
        "image-only": [labels(0.3, 0.1, 0.1, 1.0)],
        "CCA-LDA": [{**ranks(9.0, 0.0), "chance/mean_rank": 10.0}],
        "nothing": [{"other": 1.0}],
        "not measured": [],
        "tweet-only logistic regression": [labels(0.1, 0.1, 0.1, 1.0)],
        "chance": [labels(0.05, 0.01, 0.1, 9.0)],
    }
    first, second = cmem_tables(rows)
    assert [row[0] for row in first[2]] == [
        "CMEM-warp-512",
        "image-only",
        "tweet-only logistic regression",
        "chance",
    ]
    assert [row[:2] for row in second[2]] == [["CMEM-warp-512", "5.0"], ["CCA-LDA", "9.0"], ["chance", "10.0"]]


def test_baselines_within_a_row_are_rows_once_before_them():
    """Those of the last row that has them; chance once and last."""

    def run(value, *prefixes):
        found = {**labels(0.5, 0.5, 0.5, 5.0), **ranks(1.0, 0.0), "chance/mean_rank": 7.0}
        found |= labels(value, 0.1, 0.1, 9.0, "frequency/") | labels(0.04, 0.01, 0.2, 12.0, "chance/")
        for prefix in prefixes:
            found |= ranks(100 * value, 0.0, f"{prefix}/") | {f"{prefix}/chance/mean_rank": 7.0}
        return found

    names = ["rcca_1000_lda", "rcca_100_lda", "cca_lda", "cca_state", "rcca_100_state", "rcca_1000_state"]
    rows = {
        "CMEM-prl-512": [run(0.1, *names)],
        "CMEM-lsep-512": [run(0.2, "cca_state"), run(0.4, "cca_state")],
        "tweet-only": [labels(0.3, 0.1, 0.1, 2.0)],
    }
    first, second = cmem_tables(rows)
    assert [row[:2] for row in first[2]] == [
        ["frequency", "30.0 ± 14.1%"],
        ["CMEM-prl-512", "50.0%"],
        ["CMEM-lsep-512", "50.0 ± 0.0%"],
        ["tweet-only", "30.0%"],
        ["chance", "4.0%"],
    ]
    assert [row[:2] for row in second[2]] == [
        ["CCA-LDA", "10.0"],
        ["RCCA-100-LDA", "10.0"],
        ["RCCA-1000-LDA", "10.0"],
        ["CCA-charLSTM", "30.0 ± 14.1"],
        ["RCCA-100-charLSTM", "10.0"],
        ["RCCA-1000-charLSTM", "10.0"],
        ["CMEM-prl-512", "1.0"],
        ["CMEM-lsep-512", "1.0 ± 0.0"],
        ["chance", "7.0"],
    ]


def test_a_row_of_that_name_stands_for_the_baseline_within():
    rows = {
        "frequency": [labels(0.2, 0.1, 0.1, 1.0)],
        "CMEM-plsp-512": [{**labels(0.5, 0.5, 0.5, 5.0), **labels(0.9, 0.9, 0.9, 9.0, "frequency/")}],
    }
    ((_, _, lines),) = cmem_tables(rows)
    assert [line[:2] for line in lines] == [["frequency", "20.0%"], ["CMEM-plsp-512", "50.0%"]]


def test_what_is_missing_in_a_row_is_a_dash():
    ((_, _, lines),) = cmem_tables({"old": [{"R@10": 0.5}]})
    assert lines == [["old", "50.0%", "-", "-", "-"]]


def test_no_rows_and_no_figures():
    assert cmem_tables({}) == cmem_tables({"CMEM-plsp-512": []}) == cmem_tables({"CMEM-plsp-512": [{"x": 1.0}]}) == []


def test_rows_for_a_plot_carry_their_figures():
    rows = retrieval_rows(
        {"CMEM-prl-512": [{**ranks(1.0, 1.0), **ranks(3.0, 0.0, "cca_lda/"), "chance/mean_rank": 7.0}]}
    )
    assert list(rows) == ["CCA-LDA", "CMEM-prl-512", "chance"]
    assert [found[0]["image_to_tweet/mean_rank/20"] for found in rows.values()] == [3.0, 2.0, 7.0]


def test_rows_with_noise_have_tables_of_their_own():
    rows = {
        "CMEM-prl-512": [labels(0.5, 0.1, 0.1, 2.0)],
        "CMEM-prl-512-noise-20": [labels(0.25, 0.1, 0.1, 4.0)],
        "CMEM-prl-512-noise-10": [labels(0.4, 0.1, 0.1, 3.0)],
        "CMEM-lsep-512-noise-10": [labels(0.3, 0.1, 0.1, 5.0), labels(0.5, 0.1, 0.1, 7.0)],
    }
    first, recall, coverage = cmem_tables(rows)
    assert [row[0] for row in first[2]] == ["CMEM-prl-512"]
    assert recall[1:] == (
        ["", "0 %", "10 %", "20 %"],
        [["CMEM-prl-512", "50.0%", "40.0%", "25.0%"], ["CMEM-lsep-512", "-", "40.0 ± 14.1%", "-"]],
    )
    assert coverage[2] == [["CMEM-prl-512", "2.00", "3.00", "4.00"], ["CMEM-lsep-512", "-", "6.00 ± 1.41", "-"]]
