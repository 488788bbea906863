"""`python -m kerasmm.draw connotations`, in process, with tiny runs."""

import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from kerasmm.console import UserError, guarded
from kerasmm.data.dataset import Dataset
from kerasmm.draw import main as draw
from kerasmm.runs.run import open_run
from kerasmm.systems.cmem import sheet as connotation_sheet
from tests.systems.cmem.world import cmem_data, tiny_cmem


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A data set, and runs `a`, `b` and `=c` on it; read only."""
    folder = tmp_path_factory.mktemp("connotations")
    data = cmem_data(folder / "data")
    tiny_cmem(folder / "a", data)
    tiny_cmem(folder / "b", data, "network.inputs=text")
    shutil.copytree(folder / "a", folder / "lr=1")
    return folder


@pytest.fixture
def drawn(monkeypatch):
    """The rows of the sheets that are drawn, and the network of their denotations."""
    seen = []
    real = connotation_sheet.draw_connotation_sheet

    def draw(rows, path, classifier):
        seen.append((rows, classifier))
        real(rows, path, classifier)

    monkeypatch.setattr(connotation_sheet, "draw_connotation_sheet", draw)
    return seen


@pytest.fixture
def ask(monkeypatch, world, tmp_path, capsys):
    monkeypatch.chdir(world)

    def run(*arguments):
        code = guarded(draw, ["connotations", "--output", str(tmp_path / "s.png"), *map(str, arguments)])
        return code, capsys.readouterr().err

    return run


def best_by_hand(run, dataset, k):
    """The best connotations of each test post."""
    opened = open_run(run)
    found = {}
    for batch in opened.system.outputs(opened.model, dataset, "test"):
        for post_id, scores in zip(batch["id"].tolist(), batch["scores"].tolist(), strict=True):
            order = sorted(range(len(scores)), key=lambda place: -scores[place])
            found[post_id.decode()] = tuple(opened.system.vocabularies["labels"][place] for place in order[:k])
    return found


def test_draws_what_each_run_ranks_first(ask, drawn, world, tmp_path):
    dataset = Dataset(world / "data")
    posts = {post.id: post for post in dataset.posts("test") if post.labels}
    asked = [list(posts)[place] for place in (5, 0, 3)]
    code, err = ask("--run", "a", "--run", "b=tweets", "--posts", *asked, "--quiet")
    assert (code, err) == (0, "")
    ((rows, classifier),) = drawn
    wanted = {"CMEM-lsep-8": best_by_hand(world / "a", dataset, 2), "tweets": best_by_hand(world / "b", dataset, 2)}
    assert [row.tweet for row in rows] == [posts[one].text for one in asked]
    assert [row.truth for row in rows] == [posts[one].labels for one in asked]
    for row, post_id in zip(rows, asked, strict=True):
        assert {found.name: found.connotations for found in row.found} == {
            title: best[post_id] for title, best in wanted.items()
        }
        assert row.picture.shape == (540, 540, 3) and len(row.denotations) == 2
    # An encoder that is trained from scratch has no classifier.
    assert classifier == "efficientnet_lite0"
    with Image.open(tmp_path / "s.png") as image:
        assert np.asarray(image).shape[1] > 1000


def test_random_photos_and_no_denotations(ask, drawn, tmp_path):
    code, err = ask("--run", "lr=1", "-n", 3, "--seed", 4, "-k", 3, "--denotations", 0)
    assert code == 0 and f"wrote {tmp_path / 's.png'}" in err
    ((rows, _),) = drawn
    assert len(rows) == 3 and all(row.denotations is None for row in rows)
    assert [sorted(found.connotations) for row in rows for found in row.found] == [["blue", "green", "red"]] * 3
    # The folder's name holds a sign of equality; the run has its own title.
    assert rows[0].found[0].name == "CMEM-lsep-8"
    ask("--run", "a", "-n", 3, "--seed", 4, "--denotations", 0)
    assert [row.tweet for row in drawn[1][0]] == [row.tweet for row in rows]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--run", "a", "--posts", "test-99"], "--posts test-99: split 'test' of"),
        (["--run", "a", "--run", "lr=1"], "another run is called 'CMEM-lsep-8', too; give it a name, a=NAME"),
        (["--run", "a=x", "--run", "b=x"], "another run is called 'x', too"),
        (["--run", "a", "--run", "a=x"], "--run a: given twice"),
        (["--run", "nowhere=x"], "nowhere/run.json: no run here"),
        (["--run", "a", "--split", "nowhere"], "split 'nowhere' has no posts"),
        (["--run", "a", "--data", "nowhere"], "nowhere"),
        (["--run", "a", "-k", "0"], "-k must lie in 1 … 10"),
        (["--run", "a", "--denotations", "11"], "--denotations in 0 … 10"),
        (["--run", "a", "-n", "0"], "-n must be at least 1"),
        (["--run", "a", "-n", "61"], "too large"),
        (["--run", "a", "--output", "s.gif"], "expected a name that ends in .png, .pdf, .svg"),
        ([], "the following arguments are required: --run"),
    ],
)
def test_says_what_was_wrong(ask, arguments, message):
    code, err = ask(*arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def changed(world, tmp_path, old, new):
    """A copy of run `a` whose `run.json` says something else."""
    copy = shutil.copytree(world / "a", tmp_path / "other")
    text = (copy / "run.json").read_text(encoding="utf-8")
    assert old in text
    (copy / "run.json").write_text(text.replace(old, new), encoding="utf-8")
    return copy


def test_runs_of_other_connotations(ask, world, tmp_path):
    other = changed(world, tmp_path, '"blue"', '"azure"')
    code, err = ask("--run", "a", "--run", f"{other}=x")
    assert code == 2 and err.count("\n") == 1 and "ranks other connotations (labels) than a" in err
    code, err = ask("--run", other)
    assert code == 2 and err.count("\n") == 1 and "the vocabulary of labels (3 words) is not the model's" in err


def test_runs_of_other_data_sets(ask, drawn, world, tmp_path):
    data = str(world / "data")
    other = changed(world, tmp_path, f'"{data}"', f'"{data}/../moved"')
    code, err = ask("--run", "a", "--run", f"{other}=x")
    assert code == 2 and err.count("\n") == 1 and "say with --data which is shown" in err
    assert ask("--run", "a", "--run", f"{other}=x", "--data", data, "-n", 1, "--denotations", 0)[0] == 0
    assert [found.name for found in drawn[0][0][0].found] == ["CMEM-lsep-8", "x"]


def test_a_run_of_another_system(ask, tiny, tmp_path):
    from kerasmm.fit import main as fit

    settings = ["--set", "training.epochs=1", "--set", "network.units=[4, 1]", "--no-export", "--no-evaluate"]
    run = tmp_path / "dman"
    assert guarded(fit, ["--quiet", "--model", "dman", "--data", str(tiny), "--run", str(run), *settings]) == 0
    code, err = ask("--run", run, "--quiet")
    assert code == 2 and "dman ranks no labels; expected a run of cmem" in err


def test_the_first_encoder_with_a_classifier_names_what_photos_show(monkeypatch):
    from kerasmm.encoders import denotations
    from kerasmm.systems.cmem.sheet import _classifier

    tried = []

    def known(name="efficientnet_lite0", weights="imagenet"):
        tried.append((name, weights))
        if name.startswith("vgg16"):
            raise UserError("the ImageNet weights of vgg16 can't be downloaded")
        return name

    def system(name=None, stored=None, weights=None):
        features = stored and {"encoder": stored}
        encoder = SimpleNamespace(name=name, weights=weights)
        return SimpleNamespace(config=SimpleNamespace(encoder=encoder), facts=SimpleNamespace(features=features))

    monkeypatch.setattr(denotations, "Denotations", known)
    assert _classifier([system(), system(stored="vgg16"), system("resnet50", "vgg16", "r.h5")]) == "resnet50"
    assert tried == [("vgg16", "imagenet"), ("resnet50", "r.h5")]
    assert _classifier([system(), system("vgg16")]) == "efficientnet_lite0"
