"""`python -m kerasmm.compare` on the tiny data set: a trained row and baselines, twice."""

from __future__ import annotations

import json
import re
import statistics

import pytest

from kerasmm.compare import main
from kerasmm.console import guarded
from kerasmm.runs import comparison
from kerasmm.runs.comparison import slug
from kerasmm.systems import names, system

SMALL = ["--set", "network.fully_connected=[8]", "--set", "training.epochs=3"]
IN_ITS_OWN_PROCESS = comparison.fit_aside
OWN = ["--set", "DMAN_Triplet+Text:training.epochs=1"]


@pytest.fixture(scope="module")
def compared(tiny, tmp_path_factory, trained_here):
    output = tmp_path_factory.mktemp("compare") / "out"
    rows = "ridge,DMAN_Triplet+Text,cca"
    asked = [
        "--model",
        "dman",
        "--data",
        str(tiny),
        "--output",
        str(output),
        "--seeds",
        "2",
        "--rows",
        rows,
        *SMALL,
        *OWN,
    ]
    assert guarded(main, [*asked, "--quiet"]) == 0
    return output, asked


def test_figures_are_means_and_deviations_of_the_seeds(compared):
    output, _ = compared
    flat = json.loads((output / "comparison.json").read_text())
    for row in ("dman_triplet_text", "ridge", "cca"):
        seeds = [json.loads((output / f"{row}_seed{seed}" / "evaluation.json").read_text()) for seed in (0, 1)]
        assert flat[f"{row}/seeds"] == 2
        for key in ("classification/mAP", "search/p@10", "tag_search/mAP"):
            assert flat[f"{row}/{key}"] == pytest.approx(statistics.mean(one[key] for one in seeds))
            assert flat[f"{row}/{key}/sd"] == pytest.approx(statistics.stdev(one[key] for one in seeds))
    # Two seeds are two trainings; a closed form is the same twice.
    assert flat["dman_triplet_text/tag_search/mAP/sd"] > 0
    assert flat["cca/tag_search/mAP/sd"] == 0


def test_a_row_has_the_settings_that_make_it_and_its_own(compared):
    config = (compared[0] / "dman_triplet_text_seed1" / "config.yaml").read_text()
    assert "base: words" in config and "epochs: 1" in config and re.search(r"fully_connected:\n\s+- 8\n", config)


def test_settings_are_chosen_once_from_the_grids(compared):
    from kerasmm.evaluation.baselines import find

    settings = json.loads((compared[0] / "settings.json").read_text())
    assert set(settings) == {"ridge", "cca"}
    assert all(setting in find(name).grid for name, setting in settings.items())


def test_tables_have_every_row_in_the_papers_order_and_chance(compared):
    output, _ = compared
    text = (output / "comparison.md").read_text()
    assert [line.split("|")[1].strip() for line in text.split("\n\n")[1].splitlines()[2:]] == [
        "DMAN_Triplet+Text",
        "CCA",
        "Ridge",
        "chance",
    ]
    flat = json.loads((output / "comparison.json").read_text())
    (row,) = re.findall(r"^\| CCA \|.*$", text.split("(table 3)")[1].split("\n\n")[1], re.MULTILINE)
    assert f"{100 * flat['cca/search/p@10']:.1f} ± {100 * flat['cca/search/p@10/sd']:.1f}%" in row
    assert (output / "comparison.png").stat().st_size > 5_000


def test_what_is_there_is_kept_and_what_is_missing_is_done(compared, capsys):
    output, asked = compared
    kept, again = output / "ridge_seed0" / "evaluation.json", output / "cca_seed1" / "evaluation.json"
    before, figures = kept.stat().st_mtime_ns, json.loads(again.read_text())
    again.unlink()
    assert guarded(main, asked) == 0
    assert kept.stat().st_mtime_ns == before
    assert json.loads(again.read_text()) == pytest.approx(figures)
    printed = capsys.readouterr()
    assert re.search(r"cca, seed 1: \d+ s", printed.err) and "ridge, seed" not in printed.err
    assert "Multi-label classification (table 2)" in printed.out


def test_a_folder_of_other_settings_is_left_alone(compared, capsys):
    output, asked = compared
    assert guarded(main, [*asked, "--set", "training.epochs=2"]) == 2
    assert "a comparison on other data or with other settings; name another --output" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["--rows", "dcaa"], "no row 'dcaa'"),
        (["--rows", ","], "--rows names no row"),
        (["--seeds", "0"], "--seeds must be 1 or more"),
        (["--set", "training.epoch=1"], "Did you mean 'training.epochs'?"),
        (["--set", "DMAN:training.epoch=1"], "Did you mean 'training.epochs'?"),
        (["--set", "dman:training.epochs=1"], "no row 'dman' is trained. Did you mean 'DMAN'?"),
        (["--data", "nowhere"], "nowhere"),
        (["--model", "dmn"], "Did you mean 'dman'?"),
    ],
)
def test_bad_usage_is_one_line(tiny, tmp_path, capsys, changes, message):
    data = [] if "--data" in changes else ["--data", str(tiny)]
    asked = ["--model", "dman", *data, "--output", str(tmp_path / "out")]
    assert guarded(main, [*asked, *changes]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line
    assert not (tmp_path / "out").exists()


def test_a_training_that_refuses_its_input_says_why(tiny, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(comparison, "fit_aside", IN_ITS_OWN_PROCESS)
    asked = ["--model", "dman", "--data", str(tiny), "--output", str(tmp_path / "out"), "--rows", "DMAN"]
    assert guarded(main, [*asked, "--quiet", "--set", "training.batch_size=5000"]) == 2
    assert "training.batch_size: 5000 is more than the 120 training posts" in capsys.readouterr().err


def test_baselines_need_features_and_that_is_said_first(tmp_path, capsys):
    from tests.tiny import tiny_dataset

    data = tiny_dataset(tmp_path / "data", train=20, other=9, features=False)
    asked = ["--model", "dman", "--data", str(data), "--output", str(tmp_path / "out")]
    assert guarded(main, asked) == 2
    assert "holds no image features, which baselines learn from" in capsys.readouterr().err
    assert not list((tmp_path / "out").glob("*_seed0"))


def test_lists_its_rows(tiny, capsys):
    assert guarded(main, ["--model", "dman", "--data", str(tiny), "--output", "unused", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "DMAN",
        "DMAN_Triplet+Text",
        "DMAN_Triplet",
        *("hne", "lhne", "dcca", "kcca", "cca", "ridge", "features"),
    ]
    kcca = next(line for line in lines if line.startswith("kcca"))
    assert "baseline KCCA: canonical correlation analysis behind kernels" in kcca


@pytest.mark.parametrize("model", names())
def test_says_of_each_row_what_it_is(model, capsys):
    assert guarded(main, ["--model", model, "--list"]) == 0
    kind = system(model)
    told, rows = capsys.readouterr().out.splitlines(), [*kind.variants, *kind.Protocol.baselines]
    for row, line in zip(rows, told, strict=True):
        # A row's name may hold spaces.
        assert line.startswith(f"{row} ")
        what, _, words = line.removeprefix(row).strip().partition(": ")
        assert what.startswith("baseline" if row in kind.Protocol.baselines else "trained") and len(words.split()) > 2


def test_what_a_comparison_needs_beside_a_list(tiny, capsys):
    assert guarded(main, ["--model", "dman", "--data", str(tiny)]) == 2
    assert "the following arguments are required: --output" in capsys.readouterr().err


def test_names_for_files_and_keys():
    assert slug("DMAN_Triplet+Text") == "dman_triplet_text"
