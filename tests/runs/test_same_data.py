"""A run evaluates, draws, exports and goes on with the data set that it was trained on, or says that it is another."""

import json
import shutil

import pytest

from kerasmm import evaluate, export, fit
from kerasmm.console import UserError, guarded
from kerasmm.data.dataset import Dataset
from kerasmm.runs.run import FACTS, write_run
from kerasmm.runs.same_data import (
    OTHERS,
    check_data,
    difference,
    other_digests,
    refuse_another,
    refuse_others,
    split_digests,
)
from kerasmm.systems import system
from tests.tiny import tiny_posts, write_dataset


def dataset_of(folder, seed, train=12, shard_records=5):
    """Posts that are always the same, split otherwise by each seed: what a build with another `--seed` does."""
    posts = tiny_posts(train + 12, 7)
    cut = seed % len(posts)
    posts = [*posts[cut:], *posts[:cut]]
    parts = {"train": posts[:train], "validation": posts[train : train + 6], "test": posts[train + 6 :]}
    return write_dataset(folder, parts, shard_records)


@pytest.fixture
def run(tmp_path):
    """A run that looks trained: what is refused here is refused before a weight is read."""
    data = dataset_of(tmp_path / "data", 0)
    kind, folder = system("dman"), tmp_path / "run"
    config, dataset = kind.Config(), Dataset(data)
    write_run(folder, kind(config, kind.gather_facts(config, dataset), 0), dataset, {})
    (folder / "best.weights.h5").write_bytes(b"")
    return folder


def rebuilt(run, seed):
    data = run.parent / "data"
    shutil.rmtree(data)
    return dataset_of(data, seed)


def content_of(run):
    return json.loads((run / FACTS).read_text())


def failed(capsys, main, *arguments):
    capsys.readouterr()
    assert guarded(main, [*map(str, arguments), "--quiet"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_a_data_set_built_over_the_old_one_is_refused(run, tmp_path, capsys):
    data = rebuilt(run, 5)
    for main, arguments in (
        (evaluate.main, ("--run", run)),
        (export.main, ("--run", run, "--output", tmp_path / "export")),
        (fit.main, ("--resume", "--run", run)),
        (fit.main, ("--resume", "--run", run, "--data", data)),
    ):
        line = failed(capsys, main, *arguments)
        assert (
            f"{data}: is not the data set that {run} was trained on (other posts in train, validation and test)" in line
        )
    assert sorted(path.name for path in run.iterdir()) == ["best.weights.h5", "config.yaml", "run.json"]


def test_the_same_posts_are_the_same_data_set_wherever_they_lie(run, tmp_path, capsys):
    moved = dataset_of(tmp_path / "moved", 0)
    for dataset in (Dataset(run.parent / "data"), Dataset(moved)):
        assert check_data(run, content_of(run), dataset, named=True, quiet=False) is False
    assert check_data(run, content_of(run), Dataset(run.parent / "data"), named=False, quiet=False) is False
    assert capsys.readouterr().err == ""


def test_another_one_that_was_named_is_said(run, tmp_path, capsys):
    other = Dataset(dataset_of(tmp_path / "other", 3))
    assert check_data(run, content_of(run), other, named=True, quiet=False) is True
    line = capsys.readouterr().err
    assert (
        line.startswith(f"note: {other.folder} is not the data set that {run} was trained on") and line.count("\n") == 1
    )
    check_data(run, content_of(run), other, named=True, quiet=True)
    assert capsys.readouterr().err == ""


def test_digests_are_of_posts_and_their_order(tmp_path, rng):
    seed = int(rng.integers(1, 24))
    same, other = (split_digests(Dataset(dataset_of(tmp_path / str(n), n)).manifest) for n in (0, seed))
    assert same.keys() == {"train", "validation", "test"}
    # By split: the validation posts of one seed may be the test posts of another.
    assert not set(same.items()) & set(other.items())
    again = split_digests(Dataset(dataset_of(tmp_path / "again", 0)).manifest)
    assert again == same


def test_a_run_of_an_earlier_version_knows_less(run, tmp_path, capsys):
    content = content_of(run)
    del content["data_splits"]
    data = Dataset(run.parent / "data")
    assert check_data(run, content, data, named=False, quiet=False) is False
    assert capsys.readouterr().err == ""
    other = Dataset(rebuilt(run, 5))
    assert difference(content, other) == "another dataset.json"
    with pytest.raises(Exception, match=r"may be ones that training saw; start anew"):
        refuse_another(run, content, other, "start anew")
    del content["data_sha256"]
    assert check_data(run, content, other, named=False, quiet=False) is False
    assert "is of an earlier version and doesn't know its data set" in capsys.readouterr().err


def test_what_a_training_reads_beside_its_data_set_is_known(run, tmp_path):
    web = dataset_of(tmp_path / "web", 0)
    content = {OTHERS: other_digests([str(web)])}
    refuse_others(run, content)
    refuse_others(run, {})
    shutil.rmtree(web)
    dataset_of(web, 5)
    with pytest.raises(UserError, match=r"web: is not the data set that .*run was trained on \(other posts in train"):
        refuse_others(run, content)
