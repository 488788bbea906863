"""What the commands say: help at once, one line and exit code 2 for bad input, nothing half made."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kerasmm.console import UserError, guarded
from kerasmm.fit import main as fit

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    "kerasmm",
    "kerasmm.fit",
    "kerasmm.compare",
    "kerasmm.evaluate",
    "kerasmm.export",
    "kerasmm.search",
    "kerasmm.attend",
    "kerasmm.label",
    "kerasmm.users",
    "kerasmm.draw",
    "kerasmm.draw sentences",
    "kerasmm.draw connotations",
    "kerasmm.classify",
    "kerasmm.sentences",
    "kerasmm.annotate",
    "kerasmm.connotations",
    "data_prep",
    "data_prep build",
    "data_prep inspect",
)


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_an_example_and_imports_nothing_heavy(command):
    program = "import runpy, sys\nsys.argv = sys.argv[1:]\n"
    program += "try:\n    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
    program += "finally:\n    print(sorted({'tensorflow', 'keras', 'apache_beam', 'numpy'} & set(sys.modules)), file=sys.stderr)\n"
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split(), "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "example" in done.stdout
    assert done.stderr.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["kerasmm.fit"], "--model is missing"),
        (["kerasmm.fit", "--model", "dmn"], "Did you mean 'dman'?"),
        (["kerasmm.fit", "--modell", "dman"], "unrecognized arguments: --modell"),
        (["kerasmm.fit", "--model", "dman", "--set", "training.epoch=1"], "Did you mean 'training.epochs'?"),
        (["kerasmm.fit", "--model", "dman", "--strategy", "mirored"], "--strategy mirored: expected one of auto"),
        (["kerasmm.fit", "--model", "dman", "--run", "runs/my run"], "name is the model's name in requests"),
        (
            ["kerasmm.fit", "--model", "dman", "--run", "setup.cfg"],
            "setup.cfg: is a file; expected a folder for the run",
        ),
        (["kerasmm.fit", "--model", "dman", "--run", "setup.cfg/run"], "setup.cfg: is a file; expected a folder"),
        (["kerasmm.evaluate"], "--run"),
        (["kerasmm.evaluate", "--run", "nowhere"], "nowhere/run.json: no run here"),
        (["kerasmm.export", "--run", "nowhere"], "nowhere"),
        (["kerasmm.search", "--model", "nowhere", "--tag", "dog"], "nowhere"),
        (["data_prep", "build", "--source", "movieless", "--output", "nowhere"], "movielens"),
        (["data_prep", "inspect", "nowhere"], "nowhere"),
    ],
)
def test_usage_errors_are_one_line_without_tensorflow(arguments, message):
    program = "import runpy, sys\nsys.argv = sys.argv[1:]\n"
    program += "try:\n    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
    program += "finally:\n    print('tensorflow' in sys.modules)\n"
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2, done.stderr
    assert message in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (ROOT / "nowhere").exists()
    assert done.stdout.splitlines()[-1] == "False"


HUGE = "1" + "0" * 30


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        *(("fit", ["--model", "dman", "--seed", seed]) for seed in ("-1", HUGE, "nan", "1.5", "many digits")),
        ("fit", ["--model", "dman", "--set", f"training.epochs={HUGE}"]),
        ("fit", ["--model", "dman", "--set", f"training.batch_size={HUGE}"]),
        *(
            ("data_prep", ["build", "--source", "shapes", "--output", "nowhere", "--seed", seed])
            for seed in ("-1", HUGE)
        ),
        ("data_prep", ["build", "--source", "shapes", "--output", "nowhere", "--set", "seed=-1"]),
        *(("search", ["--model", "nowhere", "--tag", "a", "-k", k]) for k in ("0", HUGE, "nan")),
        *(("search", ["--model", "nowhere", "--text", "a", "--weight", weight]) for weight in ("nan", "inf", "1e999")),
        ("label", ["--model", "nowhere", "--image", "a.png", "-k", HUGE]),
        *(("compare", ["--model", "dman", "--data", "a", "--output", "nowhere", "--seeds", n]) for n in ("0", HUGE)),
        *((command, ["--run", "setup.cfg"]) for command in ("evaluate", "export", "fit --resume")),
        ("draw", ["sentences", "--run", "setup.cfg", "--output", "nowhere.png"]),
    ],
)
def test_numbers_out_of_range_and_files_for_folders(command, arguments, capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    name, *flags = command.split()
    module = importlib.import_module("data_prep.__main__" if name == "data_prep" else f"kerasmm.{name}")
    given = ["9" * 9000 if one == "many digits" else one for one in arguments]
    assert guarded(module.main, [*flags, *given]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: ") and len(line) < 400
    assert not (ROOT / "nowhere").exists()


@pytest.mark.parametrize("backend", ["jax", "torch", "tensorflow2"])
def test_another_backend_is_refused_before_it_is_loaded(backend, capsys, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", backend)
    assert guarded(lambda argv: pytest.fail("was called"), ["--model", "nowhere"]) == 2
    assert capsys.readouterr().err.startswith(f"error: KERAS_BACKEND={backend}: commands run on TensorFlow only")


WORKER = {"type": "worker", "index": 0}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{", "Expecting property name"),
        ("deep", "recursion"),
        ("7", "not subscriptable"),
        (json.dumps({"cluster": {}}), "lacks 'task'"),
        (json.dumps({"cluster": {"worker": "localhost:1"}, "task": WORKER}), "where a list of addresses belongs"),
        (json.dumps({"cluster": {"worker": [7]}, "task": WORKER}), "where a list of addresses belongs"),
        (json.dumps({"cluster": {"worker": ["localhost"]}, "task": WORKER}), "'localhost' is no host:port"),
        (json.dumps({"cluster": {"worker": ["localhost:99999"]}, "task": WORKER}), "is no host:port"),
        (json.dumps({"cluster": {"worker": ["localhost:1"]}, "task": {**WORKER, "index": 1}}), "is not one of the 1"),
        (
            json.dumps({"cluster": {"worker": ["localhost:1"]}, "task": {**WORKER, "index": None}}),
            "`task.index` is None",
        ),
        (json.dumps({"cluster": {"worker": ["no-such-host.invalid:1"]}, "task": WORKER}), "unknown host 'no-such-host"),
    ],
)
def test_a_cluster_that_is_none(given, message, capsys, monkeypatch):
    monkeypatch.setenv("TF_CONFIG", "[" * 100_000 if given == "deep" else given)
    line = fails(capsys, "--model", "dman", "--run", "nowhere", "--strategy", "multi_worker", "--no-export")
    assert line.startswith("error: TF_CONFIG: ") and message in line and len(line) < 500


def test_a_cluster_of_this_machine(monkeypatch):
    from kerasmm.runs.strategy import check_cluster

    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": {"worker": ["localhost:12345"]}, "task": WORKER}))
    check_cluster("multi_worker")
    monkeypatch.setenv("TF_CONFIG", "{")
    check_cluster("auto")


def fails(capsys, *arguments: str) -> str:
    capsys.readouterr()
    assert guarded(fit, ["--quiet", *map(str, arguments)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1, lines
    return lines[0]


@pytest.fixture
def copy(tiny, tmp_path):
    return Path(shutil.copytree(tiny, tmp_path / "data"))


def test_a_data_set_that_is_none(tmp_path, capsys):
    line = fails(capsys, "--model", "dman", "--data", tmp_path, "--run", tmp_path / "run")
    assert "no data set here; build one with `python -m data_prep build" in line
    assert not (tmp_path / "run").exists()


def test_a_missing_shard_and_a_flipped_byte(copy, tmp_path, capsys):
    shard = next(copy.glob("train-00002*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    line = fails(capsys, "--model", "dman", "--data", copy, "--run", tmp_path / "run")
    assert f"{shard}: SHA-256 differs" in line
    shard.unlink()
    line = fails(capsys, "--model", "dman", "--data", copy, "--run", tmp_path / "run")
    assert f"{shard}: named in dataset.json but missing" in line


def test_a_manifest_of_a_newer_schema(copy, tmp_path, capsys):
    path = copy / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "schema_version": 99}))
    line = fails(capsys, "--model", "dman", "--data", copy, "--run", tmp_path / "run")
    assert "`schema_version` is 99, this kerasmm reads up to 1" in line


def test_a_vocabulary_that_is_not_the_models(tiny, tmp_path, capsys):
    from tests.tiny import tiny_posts, write_dataset

    run_folder = tmp_path / "run"
    settings = ["--set", "training.epochs=1", "--set", "network.units=[4, 1]", "--no-export", "--no-evaluate"]
    assert guarded(fit, ["--quiet", "--model", "dman", "--data", str(tiny), "--run", str(run_folder), *settings]) == 0
    line = fails(capsys, "--model", "dman", "--data", tiny, "--run", run_folder)
    assert "already holds a run; use --resume" in line

    other = write_dataset(
        tmp_path / "other", {"train": tiny_posts(20, 0), "validation": tiny_posts(9, 1), "test": tiny_posts(9, 2)}
    )
    words = (other / "vocabularies" / "tags.txt").read_text().replace("red", "scarlet")
    manifest = json.loads((other / "dataset.json").read_text())
    (other / "vocabularies" / "tags.txt").write_text(words)
    from kerasmm.data.manifest import sha256_of

    path = other / "vocabularies" / "tags.txt"
    manifest["vocabularies"]["tags"] |= {"bytes": path.stat().st_size, "sha256": sha256_of(path)}
    (other / "dataset.json").write_text(json.dumps(manifest))
    line = fails(capsys, "--resume", "--run", run_folder, "--data", other)
    assert "the vocabulary of tags (6 words) is not the model's (6 words)" in line
    from kerasmm.evaluate import main as evaluate

    assert guarded(evaluate, ["--run", str(run_folder), "--data", str(other)]) == 2
    assert "the vocabulary of tags" in capsys.readouterr().err

    line = fails(capsys, "--resume", "--run", run_folder, "--set", "training.epochs=2")
    assert "a resumed run keeps its configuration" in line


def test_an_unknown_metric_to_monitor(tiny, tmp_path, capsys):
    settings = ["training.epochs=1", "network.units=[4, 1]", "training.monitor=search/map"]
    chosen = [part for setting in settings for part in ("--set", setting)]
    line = fails(capsys, "--model", "dman", "--data", tiny, "--run", tmp_path / "run", *chosen)
    assert "training.monitor: no such metric 'search/map'. Did you mean 'search/mAP'?" in line


def test_damaged_weights_are_said(tiny, tmp_path, capsys):
    run_folder = tmp_path / "run"
    settings = ["--set", "training.epochs=1", "--set", "network.units=[4, 1]", "--no-export", "--no-evaluate"]
    assert guarded(fit, ["--quiet", "--model", "dman", "--data", str(tiny), "--run", str(run_folder), *settings]) == 0
    (run_folder / "best.weights.h5").write_bytes(b"junk")
    from kerasmm.evaluate import main as evaluate

    assert guarded(evaluate, ["--quiet", "--run", str(run_folder)]) == 2
    assert "best.weights.h5: does not fit the model or is damaged" in capsys.readouterr().err


def test_a_terminal_without_unicode_gets_question_marks():
    """Posts hold any character; the terminal of the person who asks may not."""
    program = "import sys\nfrom kerasmm.console import guarded\nguarded(lambda argv: print('snow \u2603') or 0, [])"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii:strict", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("snow ?\n", "")


def test_names_of_others_move_no_terminal(capsys):
    def refuse(argv):
        raise UserError("a\x1b[2J\x07b\u202ec\nd é雪: expected another")

    assert guarded(refuse, []) == 2
    assert capsys.readouterr().err == "error: a\\u001b[2J\\u0007b\\u202ec d é雪: expected another\n"
