"""What a run says of its end: which metric picked its epochs, why it stopped, what is ahead of it."""

from __future__ import annotations

import json
import re

import pytest

from kerasmm.console import UserError, guarded
from kerasmm.fit import main as fit
from kerasmm.runs.ending import ending_lines, monitored
from kerasmm.systems.dman.system import DMAN


def trained(data, run, *settings: str) -> int:
    flags = [setting for setting in settings if setting.startswith("--")]
    changes = [part for setting in ("network.units=[4, 1]", *settings) if "=" in setting for part in ("--set", setting)]
    changes += flags
    return guarded(fit, ["--model", "dman", "--data", str(data), "--run", str(run), "--no-export", *changes])


@pytest.fixture(scope="module")
def hardly(tiny, tmp_path_factory):
    """A run that doesn't learn: its metric stays, and a linear model is ahead."""
    folder = tmp_path_factory.mktemp("hardly") / "run"
    return folder, ["training.epochs=5", "training.patience=1", "training.optimizer.learning_rate=1e-30"]


def test_the_run_says_what_picked_its_epochs_and_why_it_stopped(tiny, hardly, capsys):
    folder, settings = hardly
    assert trained(tiny, folder, *settings) == 0
    said = capsys.readouterr()
    told, printed = (" ".join(text.split()) for text in (said.err, said.out))
    # Three labels are words of the vocabulary, which has six.
    why = "tag_search/mAP (6 queries) picks the best epoch, since search/mAP has 3 on the validation split"
    stopped = "train: stopped after epoch 2 of 5, with training.patience 1; the best tag_search/mAP, "
    assert told.count(why) == 1 and stopped in told and "epoch 2/5" in told and "epoch 3/5" not in told
    ahead = "ridge, pooled is ahead of DMAN: tag_search/mAP "
    assert ahead in printed and "An export's search_by_tags ranks by" in printed
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    for line in (why, stopped, ahead, "`search_by_tags` ranks by"):
        assert line in card
    content = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    assert content["monitor"] == "tag_search/mAP" and list(content["ended"]) == ["train"]
    rows = (folder / "metrics.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 3


def test_a_training_that_diverges_ends_at_once(tiny, tmp_path, capsys, monkeypatch):
    """Whether so large a step makes no numbers of the weights hangs on the processor's kernels: the loss is none anyway."""
    objective = DMAN.objective

    def diverged(system, targets, outputs):
        return {name: value * float("inf") for name, value in objective(system, targets, outputs).items()}

    monkeypatch.setattr(DMAN, "objective", diverged)
    run = tmp_path / "run"
    assert trained(tiny, run, "training.epochs=2", "training.optimizer.learning_rate=1e38", "--quiet") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert re.match(r"error: train, epoch 1: (the loss is (nan|inf)|weights are no numbers)", line)
    assert "the training has diverged; lower training.optimizer.learning_rate (1e+38)" in line
    assert not (run / "run.json").exists()


def test_no_setting_is_infinite(tiny, tmp_path, capsys):
    for value in (".inf", "-.inf", ".nan", "1e999"):
        assert trained(tiny, tmp_path / "run", f"training.optimizer.learning_rate={value}", "--quiet") == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "`training.optimizer.learning_rate`" in line and not (tmp_path / "run").exists()


def test_an_older_run_says_nothing_of_its_end(tmp_path):
    assert ending_lines(tmp_path) == [] and monitored(tmp_path) == ""


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "not valid JSON"),
        ("[]", "Received: []"),
        ("{}", "`monitor`: Field required"),
        ('{"monitor": "a", "why": "", "ended": 3}', "`ended`: "),
    ],
)
def test_a_damaged_end_is_named(tmp_path, content, told):
    (tmp_path / "training.json").write_text(content)
    for read in (ending_lines, monitored):
        with pytest.raises(UserError, match="training.json") as raised:
            read(tmp_path)
        assert told in str(raised.value)
