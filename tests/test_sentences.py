"""`python -m kerasmm.draw sentences`, in process, with embeddings that are given."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

import kerasmm.runs.run as runs
from kerasmm.console import guarded
from kerasmm.data.manifest import read_manifest
from kerasmm.draw import main as draw
from kerasmm.runs.same_data import DIGESTS, split_digests
from kerasmm.systems.webly import sheet as sentence_sheet
from tests.evaluation.fake_sentences import FakeSystem, post_sentences
from tests.tiny import tiny_posts, write_dataset

DISTRACTOR = -1
"""Place of the last sentence of the last photo."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Six photos with two sentences each, and a seventh with none."""
    posts = [
        dataclasses.replace(post, sentences=post_sentences(number, 2 * (number < 6)))
        for number, post in enumerate(tiny_posts(7, 5, prefix="test", linked=False))
    ]
    folder = tmp_path_factory.mktemp("sentences") / "data"
    return write_dataset(folder, {"train": tiny_posts(3, 1), "test": posts})


@pytest.fixture
def drawn(monkeypatch):
    """The rows of the sheets that are drawn."""
    rows = []
    real = sentence_sheet.draw_sentence_sheet
    monkeypatch.setattr(sentence_sheet, "draw_sentence_sheet", lambda some, path: (rows.extend(some), real(some, path)))
    return rows


@pytest.fixture
def ask(monkeypatch, data, tmp_path, capsys):
    """A run whose best weights find each photo's own sentence, while `clean` prefers one sentence for all of them."""
    best = np.repeat(np.eye(7)[:6], 2, axis=0)
    clean = best.copy()
    clean[DISTRACTOR] = 2.0
    systems = {"best": FakeSystem(np.eye(7), best), "clean": FakeSystem(np.eye(7), clean)}
    content = {"data": str(data), DIGESTS: split_digests(read_manifest(data))}
    monkeypatch.setattr(runs, "read_run", lambda folder: (systems["best"], content))
    monkeypatch.setattr(runs, "check_vocabularies", lambda system, dataset: None)
    monkeypatch.setattr(runs, "open_run", lambda folder, name: SimpleNamespace(system=systems[name], model=None))

    def run(*arguments):
        code = guarded(
            draw, ["sentences", "--run", "runs/webly", "--output", str(tmp_path / "s.png"), *map(str, arguments)]
        )
        return code, capsys.readouterr().err

    return run


def test_each_weights_first_sentence_and_the_rank_of_the_first_true_one(ask, drawn, tmp_path):
    code, err = ask(
        "--posts", "test-3", "test-5", "test-0", "--weights", "clean=without web", "best=with web", "--quiet"
    )
    assert (code, err) == (0, "")
    assert [row.truth for row in drawn] == [f"sentence 0 of photo {n}" for n in (3, 5, 0)]
    found = [[dataclasses.astuple(one) for one in row.found] for row in drawn]
    # The sentence that `clean` prefers is photo 5's own, so it is right there.
    assert found == [
        [("without web", 2, "sentence 1 of photo 5"), ("with web", 1, "sentence 0 of photo 3")],
        [("without web", 1, "sentence 1 of photo 5"), ("with web", 1, "sentence 0 of photo 5")],
        [("without web", 2, "sentence 1 of photo 5"), ("with web", 1, "sentence 0 of photo 0")],
    ]
    assert all(row.picture.shape == (540, 540, 3) for row in drawn)
    assert Image.open(tmp_path / "s.png").size[0] > 1000


def test_random_photos_by_seed_and_all_weights(ask, drawn, tmp_path):
    code, err = ask("-n", 3, "--seed", 4)
    assert code == 0 and f"wrote {tmp_path / 's.png'}" in err
    first = [row.truth for row in drawn]
    assert len(set(first)) == 3
    assert [one.name for one in drawn[0].found] == ["clean", "best"]
    drawn.clear()
    ask("-n", 3, "--seed", 4)
    assert [row.truth for row in drawn] == first
    drawn.clear()
    assert ask("-n", 50)[0] == 0
    assert len(drawn) == 6


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--posts", "test-9"], "--posts test-9: split 'test' of"),
        (["--posts", "test-6"], "--posts test-6: has no sentences"),
        (["--weights", "beste"], "--weights beste: the run has clean, best. Did you mean 'best'?"),
        (["--weights", "../best"], "--weights ../best: the run has clean, best."),
        (["--weights", "best=x", "clean=x"], "titles must differ"),
        (["--split", "nowhere"], "split 'nowhere' has no posts"),
        (["--split", "train"], "no post of split 'train' has sentences"),
        (["-n", "0"], "-n must be at least 1"),
        (["--seed", "-1"], "--seed at least 0"),
        (["-n", "61"], "too large"),
        (["--output", "s.gif"], "expected a name that ends in .png, .pdf, .svg"),
        (["--data", "nowhere"], "nowhere"),
    ],
)
def test_says_what_was_wrong(ask, arguments, message):
    code, err = ask(*arguments)
    assert code == 2 and message in err and err.count("\n") == 1


def test_a_system_without_sentences(ask, monkeypatch, data):
    class Pictures(FakeSystem):
        name, kinds = "dman", ("posts",)

    monkeypatch.setattr(runs, "read_run", lambda folder: (Pictures(None, None), {"data": str(data)}))
    code, err = ask()
    assert code == 2 and "runs/webly: dman embeds no sentences" in err


def test_no_run(tmp_path, capsys):
    assert guarded(draw, ["sentences", "--run", str(tmp_path), "--output", str(tmp_path / "s.png")]) == 2
    assert "no run here" in capsys.readouterr().err
