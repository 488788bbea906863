"""`python -m kerasmm`: the commands by name, a list of them, and former names."""

import importlib
import json
import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import kerasmm
from kerasmm.__main__ import ALIASES, COMMANDS, main, run
from kerasmm.console import guarded
from tests.serving.fake import COLOURS, exported, picture
from tests.serving.fake_pairs import exported_pairs

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def ask(capsys):
    def answer(*arguments, program=main):
        code = guarded(program, list(map(str, arguments)))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return answer


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "red.png"
    path.write_bytes(picture(COLOURS["red"]))
    return path


def test_every_command_is_listed_with_what_it_does(ask):
    code, out, err = ask()
    assert code == 0 and err == ""
    told = dict(re.findall(r"^  (\S.*?)  +(\S.*)$", out, re.MULTILINE))
    assert list(told) == [*COMMANDS, "python -m data_prep"]
    assert all(len(about.split()) > 3 for about in told.values())


def test_the_list_is_whole():
    """A module with a command line is a command, or a former name of one."""
    runnable = {path.stem for path in (ROOT / "kerasmm").glob("*.py") if "guarded(main)" in path.read_text()}
    assert runnable - {"__main__"} == {*COMMANDS, *ALIASES}


def test_help_and_version(ask, capsys):
    with pytest.raises(SystemExit) as left:
        main(["--help"])
    assert left.value.code == 0
    out = capsys.readouterr().out
    assert "example:" in out and all(name in out for name in COMMANDS)
    assert ask("--version")[:2] == (
        0,
        f"kerasmm {kerasmm.__version__}, TensorFlow {version('tensorflow')}, Keras {version('keras')}\n",
    )


def test_a_command_by_name_answers_as_its_module(ask, photo):
    arguments = ["--model", exported(), "--image", photo, "-k", "2", "--json", "--quiet"]
    by_name = ask("search", *arguments)
    assert by_name == ask(*arguments, program=importlib.import_module("kerasmm.search").main)
    assert by_name[0] == 0 and len(json.loads(by_name[1])["results"]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["serch"], "no command 'serch'; there are: fit, evaluate,"),
        (["serch"], "Did you mean 'search'?"),
        (["run", "--help"], "no command 'run'"),
        (["--verbose"], "unrecognized arguments: --verbose"),
        (["search"], "the following arguments are required: --model"),
        (["draw"], "the following arguments are required: SHEET"),
        (["draw", "sentence", "--run", "x"], "invalid choice: 'sentence'"),
        (["export", "--check", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_wrong_usage_is_one_line(ask, arguments, message):
    code, out, err = ask(*arguments)
    assert code == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and message in err


def test_the_console_script(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["kerasmm", "serch"])
    assert run() == 2 and "Did you mean 'search'?" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--version"]])
def test_a_list_needs_nothing_heavy(arguments, tmp_path):
    for package in ("tensorflow", "keras", "numpy", "pydantic", "matplotlib"):
        (tmp_path / f"{package}.py").write_text("raise RuntimeError('imported')")
    done = subprocess.run(
        [sys.executable, "-m", "kerasmm", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "") and "kerasmm" in done.stdout


# === Former names ===


def test_former_names_answer_as_before_and_say_the_new_one(ask, photo):
    for old, export, arguments, headings in (
        ("classify", exported(), ["--image", photo], ["picture", "label", "confidence"]),
        ("annotate", exported_pairs("text"), ["--text", "green"], ["text", "connotation", "score"]),
    ):
        asked = ["--model", export, *arguments]
        code, out, err = ask(old, *asked)
        assert code == 0 and out.splitlines()[0].split() == headings
        # A line of its own; a terminal also gets a progress bar.
        (note,) = [line for line in err.splitlines() if line.startswith("note: ")]
        assert f"`python -m kerasmm.{old}` is now `python -m kerasmm.label`" in note
        assert ask("label", *asked)[1] == out
        assert ask(old, *asked, "--quiet") == (0, out, "")


@pytest.mark.parametrize("sheet", ["sentences", "connotations"])
def test_former_names_of_sheets(ask, sheet, tmp_path):
    arguments = ["--run", tmp_path / "nowhere", "--output", tmp_path / "s.png"]
    code, out, err = ask("draw", sheet, *arguments)
    assert code == 2 and "no run here" in err
    old = ask(sheet, *arguments)
    assert old[:2] == (code, out)
    assert old[2] == f"note: `python -m kerasmm.{sheet}` is now `python -m kerasmm.draw {sheet}`; " + (
        f"the old name goes with the next version\n{err}"
    )
    assert ask(sheet, *arguments, "--quiet") == (code, out, err)


def test_draw_lists_the_sheets_of_the_systems(capsys):
    with pytest.raises(SystemExit):
        main(["draw", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    for sheet, model in (("connotations", "cmem"), ("sentences", "webly")):
        assert sheet in out and f"({model})" in out
    with pytest.raises(SystemExit):
        main(["draw", "connotations", "--help"])
    out = capsys.readouterr().out
    assert "--denotations" in out and "FOLDER[=TITLE]" in out and "example:" in out and "--weights" not in out
