"""`python -m kerasmm.compare --vary`: trained rows once for each value of a setting."""

from __future__ import annotations

import json
import statistics

import pytest
import yaml

from kerasmm.compare import main
from kerasmm.console import UserError, guarded
from kerasmm.runs.varied import Varied
from tests.drawing.shown import lines
from tests.systems.hashtag.world import SETTINGS, write_world

ROWS = ("Tensor (NCSL-PPMI)", "MCLL")
KEY = "network.dimension"


@pytest.fixture(scope="module")
def asked(tmp_path_factory, trained_here):
    folder = tmp_path_factory.mktemp("vary")
    data = write_world(folder / "data", second=True)
    settings = [part for setting in SETTINGS if not setting.startswith(KEY) for part in ("--set", setting)]
    common = ["--model", "hashtag", "--data", str(data), "--output", str(folder / "out"), *settings, "--quiet"]
    found = [*common, "--rows", f"{','.join(ROWS)},frequency", "--vary", f"{KEY}=4,8", "--seeds", "2"]
    assert guarded(main, found) == 0
    return found


@pytest.fixture(scope="module")
def output(asked):
    from pathlib import Path

    return Path(asked[asked.index("--output") + 1])


def folder(row, value, seed):
    name = {"Tensor (NCSL-PPMI)": "tensor_ncsl_ppmi", "MCLL": "mcll"}[row]
    return f"{name}_network_dimension_{value}_seed{seed}"


def figures(output, row, value, key):
    return [json.loads((output / folder(row, value, seed) / "evaluation.json").read_text())[key] for seed in range(2)]


def test_a_trained_row_for_each_value_and_a_baseline_once(output):
    flat = json.loads((output / "comparison.json").read_text())
    rows = {f"{row}_network_dimension_{value}" for row in ("tensor_ncsl_ppmi", "mcll") for value in (4, 8)}
    assert {key.partition("/")[0] for key in flat} == {*rows, "frequency"}
    for row in ROWS:
        for value in (4, 8):
            seeds = figures(output, row, value, "A@1")
            key = f"{folder(row, value, 0).removesuffix('_seed0')}/A@1"
            assert flat[key] == pytest.approx(statistics.mean(seeds))
            assert flat[f"{key}/sd"] == pytest.approx(statistics.stdev(seeds))
            for seed in range(2):
                config = yaml.safe_load((output / folder(row, value, seed) / "config.yaml").read_text())
                assert config["network"]["dimension"] == value and config["network"]["user_dimension"] == 4
    table = (output / "comparison.md").read_text().split("\n\n")[1].splitlines()[2:]
    titles = [line.split("|")[1].strip() for line in table]
    wanted = [f"{row}, {KEY}={value}" for row in ROWS for value in (4, 8)]
    assert [title for title in titles if title in wanted] == wanted and "Global frequency" in titles


def test_the_plot_goes_along_the_values(asked, output, shown):
    """Called again nothing is trained; what is drawn last is the curves."""
    (output / f"vary_{KEY}.png").unlink()
    assert guarded(main, asked) == 0
    axes = shown()
    assert list(axes) == ["A@1: tagging", "A@10: tagging", "P@10: tags as queries, without users"]
    for key, axis in zip(("A@1", "A@10"), axes.values(), strict=False):
        assert axis.get_xlabel() == KEY
        assert [label.get_text() for label in axis.get_xticklabels()] == ["4", "8"]
        drawn = lines(axis)
        for row in ROWS:
            means = [statistics.mean(figures(output, row, value, key)) for value in (4, 8)]
            assert drawn[row] == pytest.approx(means)
        assert set(drawn) == {*ROWS, f"{ROWS[0]}: agnostic"}
    assert (output / f"vary_{KEY}.png").stat().st_size > 5_000


def test_more_values_follow_in_the_same_folder_and_other_settings_do_not(asked, output, capsys):
    kept = output / folder("MCLL", 4, 0) / "evaluation.json"
    before = kept.stat().st_mtime_ns
    assert guarded(main, [*asked, "--rows", "MCLL", "--vary", "training.epochs=1"]) == 2
    assert "one key can be varied at a time" in capsys.readouterr().err
    changed = [part if part != f"{KEY}=4,8" else f"{KEY}=4,6" for part in asked]
    assert guarded(main, [*changed, "--rows", "MCLL", "--seeds", "1"]) == 0
    assert kept.stat().st_mtime_ns == before and (output / folder("MCLL", 6, 0) / "evaluation.json").is_file()
    assert guarded(main, [*asked, "--set", "training.epochs=2"]) == 2
    assert "a comparison on other data or with other settings" in capsys.readouterr().err


def test_lists_the_rows_that_there_would_be(capsys):
    asked = ["--model", "hashtag", "--list", "--vary", "network.user_dimension=10,25", "--rows"]
    assert guarded(main, [*asked, "Tensor (MCLL),frequency"]) == 0
    said = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert said == [*(f"Tensor (MCLL), network.user_dimension={value}" for value in (10, 25)), "frequency"]


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        (["--vary", "network.dimension=4,0"], "--vary network.dimension=0 of row 'MCLL'"),
        (["--vary", "network.dimension=4,big"], "valid integer"),
        (["--vary", "network.dimensions=4"], "Did you mean 'network.dimension'?"),
        (["--vary", "network.dimension=4,4"], "two values would be called '4'"),
        (["--vary", "loss.margin=1,-1"], "two values would be called '1'"),
        (["--vary", "network.dimension"], "--vary takes key=value,value"),
        (["--vary", "network.dimension="], "--vary takes key=value,value"),
        (["--vary", "=4"], "--vary takes key=value,value"),
        (["--vary", "network.dimension=4]"], "not valid YAML"),
        (["--vary", f"network.mlp_units={[8] * 30}"], "a value is longer than 60 letters"),
        (["--vary", "loss.margin=1", "--vary", "loss.margin=2"], "one key can be varied at a time"),
        (["--vary", "loss.margin=1", "--rows", "frequency"], "--vary repeats trained rows"),
    ],
)
def test_bad_values_are_one_line_before_anything_is_trained(tmp_path, capsys, vary, message):
    asked = ["--model", "hashtag", "--data", "nowhere", "--output", str(tmp_path / "out"), "--rows", "MCLL", *vary]
    assert guarded(main, asked) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line and not (tmp_path / "out").exists()


def test_values_are_read_as_a_list_of_yaml():
    varied = Varied.read("loss.sampled=~, 10, [8, 1], ppmi, 0.50")
    assert varied.changes == {
        "null": "loss.sampled=null",
        "10": "loss.sampled=10",
        "[8, 1]": "loss.sampled=[8, 1]",
        "ppmi": 'loss.sampled="ppmi"',
        "0.5": "loss.sampled=0.5",
    }
    with pytest.raises(UserError, match="name each once"):
        Varied.read("key=ppmi,PPMI")


def test_curves_of_several_data_sets_are_told_apart():
    varied = Varied.read("key=1,2")
    found = {"A, key=1": [{"x": 0.1}], "A, key=2": [{"x": 0.2}], "cca": [{"x": 0.3}]}
    assert varied.curves(["A"], found, "VGG16") == {"A, VGG16": [[{"x": 0.1}], [{"x": 0.2}]]}
    assert Varied().curves(["A"], {"A": [{"x": 0.1}]}) == {}
