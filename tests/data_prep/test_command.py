"""The command line: `python -m data_prep sources|features|build|inspect`."""

import argparse
import json
import os
import subprocess
import sys
import time

import pytest

from data_prep.__main__ import main
from kerasmm.console import guarded
from kerasmm.data.dataset import open_dataset
from kerasmm.data.manifest import read_manifest
from tests.data_prep.world import picture_bytes


@pytest.fixture
def posts(tmp_path):
    """A folder of people's own posts, some of them broken."""
    folder = tmp_path / "posts"
    (folder / "images").mkdir(parents=True)
    lines = []
    for number in range(40):
        (folder / "images" / f"{number}.png").write_bytes(picture_bytes((number, 50, 7), (16, 16)))
        post = {
            "id": str(number),
            "text": f"Text {number}",
            "tags": [f"T{number % 3}", "All"],
            "labels": [f"l{number % 4}"],
        }
        lines.append(json.dumps(post))
    whole = (folder / "images" / "0.png").read_bytes()
    (folder / "images" / "0.png").write_bytes(whole[: len(whole) // 2])
    lines += ['{"id": "half', '{"id": "wrong", "tags": 7}', "[]"]
    (folder / "posts.jsonl").write_text("\n".join(lines))
    return folder


def failed(arguments, capsys):
    """The one line that a wrong call prints."""
    assert guarded(main, arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert printed.err.count("\n") == 1
    return printed.err


def test_build_and_inspect(posts, tmp_path, capsys):
    output = tmp_path / "data"
    command = ["build", "--source", "posts", "--input", str(posts), "--output", str(output)]
    assert (
        guarded(
            main,
            [
                *command,
                "--tags",
                "2",
                "--seed",
                "3",
                "--set",
                "split.validation=5",
                "--max_cache_memory_usage_mb",
                "50",
            ],
        )
        == 0
    )
    assert "5 validation" in capsys.readouterr().err
    manifest = read_manifest(output)
    # 43 lines: three broken, one truncated picture; 39 posts, a fifth of them for testing.
    assert (manifest.records("train"), manifest.records("validation"), manifest.records("test")) == (26, 5, 8)
    assert (manifest.config["seed"], manifest.config["tags"]["most"]) == (3, 2)
    assert open_dataset(output).vocabulary("tags") == ["all", "t0"]
    assert manifest.dropped["image"] == {"truncated or damaged picture": 1}
    assert sum(manifest.dropped["source"].values()) == 3
    assert manifest.command[:4] == ["python", "-m", "data_prep", "build"]

    assert guarded(main, ["inspect", str(output), "--plots", str(tmp_path / "plots")]) == 0
    shown = capsys.readouterr().out
    assert "whole: 3 shards match their SHA-256" in shown
    assert "source: not valid JSON" in shown
    for name in ("frequencies.png", "labels.png", "samples.png"):
        assert (tmp_path / "plots" / name).read_bytes()[:4] == b"\x89PNG"

    assert guarded(main, ["inspect", str(output), "--json", "--quiet"]) == 0
    figures = json.loads(capsys.readouterr().out)
    # The columns of table 1, counted by hand: every post has "all" and 13 of 39 the tag t0.
    assert figures["whole"] is True
    assert (figures["images"], figures["tags"], figures["labels"]) == (39, 2, 4)
    assert (figures["tags_per_image"], figures["labels_per_image"]) == (1.33, 1.0)
    assert (figures["nodes_training"], figures["nodes_testing"], figures["nodes_validation"]) == (26, 8, 5)
    assert figures["edges_training"] == sum(len(post.links) for post in open_dataset(output).posts("train"))


def test_flags_win_over_the_file_and_assignments_over_flags(posts, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(
        f"source: posts\ninput: {posts}\noutput: {tmp_path / 'from_file'}\nseed: 1\ntags: {{most: 9, minimum: 2}}\n"
        "split: {method: counts, counts: {test: 4}}\nlinks: {most: 3}\nmax_rejects: 0.5\n"
    )
    output = tmp_path / "data"
    arguments = ["build", "--config", str(config), "--output", str(output), "--seed", "2", "--tags", "8", "--quiet"]
    assert guarded(main, [*arguments, "--set", "tags.most=7", "--set", "needs=[image]"]) == 0
    resolved = read_manifest(output).config
    assert (resolved["seed"], resolved["links"]["most"]) == (2, 3)
    assert {"most": 7, "minimum": 2}.items() <= resolved["tags"].items()
    assert (resolved["split"]["counts"], resolved["needs"]) == ({"test": 4, "train": None, "validation": 0}, ["image"])
    assert not (tmp_path / "from_file").exists()


@pytest.mark.parametrize("wrong", ["source: 7", "output: [a]", "input: {a: 3}", "unit: 5"])
def test_a_file_that_names_no_text(posts, wrong, tmp_path, capsys):
    config = tmp_path / "config.yaml"
    config.write_text(f"{wrong}\n")
    arguments = ["build", "--config", str(config), "--source", "posts", "--input", str(posts), "--output"]
    key = wrong.partition(":")[0]
    assert f"{config}: `{key}` must be text" in failed([*arguments, str(tmp_path / "data")], capsys)


def test_plots_that_cannot_be_written(posts, tmp_path, capsys):
    output, taken = tmp_path / "data", tmp_path / "taken"
    taken.touch()
    arguments = ["build", "--source", "posts", "--input", str(posts), "--output", str(output), "--quiet"]
    assert guarded(main, arguments) == 0
    assert f"--plots {taken}: can't be written" in failed(["inspect", str(output), "--plots", str(taken)], capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["build"], "`--source` is missing"),
        (["build", "--source", "posts"], "`--output` is missing"),
        (["build", "--source", "flicker8k", "--output", "x"], "Did you mean 'flickr8k'?"),
        (["build", "--source", "posts", "--output", "x"], "needs `--input DIR`"),
        (["build", "--source", "posts", "--output", "x", "--input", "absent"], "absent: no such folder"),
        (["build", "--source", "shapes", "--output", "x", "--featurs", "vgg16"], "Did you mean '--features'?"),
        (["build", "--source", "shapes", "--output", "x", "--unheard-of-thing=1"], "neither ours nor Beam's"),
        (["build", "--source", "shapes", "--output", "x", "stray"], "'stray'"),
        (["build", "--source", "shapes", "--output", "x", "--split", "randomly"], "invalid choice"),
        (
            ["build", "--source", "shapes", "--output", "x", "--set", "tag.most=3"],
            "unknown key `tag`. Did you mean 'tags'?",
        ),
        (["build", "--source", "shapes", "--output", "x", "--tags", "-1"], "`tags.most`"),
        (["build", "--source", "shapes", "--output", "x", "--config", "absent.yaml"], "absent.yaml: no such"),
        (["build", "--source", "shapes", "--output", "x", "--unit", "film"], "source shapes: `unit`"),
        (["build", "--source", "shapes", "--output", "x", "--direct_num_workers=two"], "Beam option"),
        (["build", "--source", "shapes", "--output", "x", "--features", "lenet"], "lenet"),
        (["build", "--source", "shapes", "--output", "x", "--weights", "lenet.npz"], "`weights` are those of"),
        (["build", "--source", "shapes", "--output", "x", "--set", "tags=5"], "mapping with keys of most, minimum"),
        (["build", "--source", "shapes", "--output", "x", "--split", "counts"], "--set split.counts.test="),
        (["build", "--source", "shapes", "--output", "x", "--runner", "Running"], "--runner Running: "),
        (["build", "--source", "shapes", "--output", "\udcff"], r"argument '\udcff' is not valid Unicode"),
        (["inspect", "absent\udcff"], r"argument 'absent\udcff' is not valid Unicode"),
        (["inspect", "absent"], "no data set here"),
        (["inspect", "absent", "--plot", "x"], "--plot"),
        (["demolish"], "invalid choice: 'demolish'"),
    ],
)
def test_a_wrong_call_is_one_line_and_leaves_nothing(arguments, words, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert words in failed(arguments, capsys)
    assert not list(tmp_path.iterdir())


def test_none_of_beams_options_is_taken_for_a_slip(capsys):
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False)
    for options in PipelineOptions.__subclasses__():
        options._add_argparse_args(parser)
    names = [name for action in parser._actions for name in action.option_strings if name.startswith("--")]
    assert "--experiments" in names
    for name in set(names) - {"--runner", "--input", "--output"}:
        message = failed(["build", f"{name}=1"], capsys)
        assert "`--source` is missing" in message, name


def test_an_empty_folder(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    arguments = ["build", "--input", str(tmp_path / "empty"), "--output", str(tmp_path / "data"), "--source"]
    for source, file in (("posts", "posts.jsonl"), ("flickr8k", "Images/"), ("movielens", "posters/")):
        message = failed([*arguments, source], capsys)
        assert str(tmp_path / "empty") in message
        assert file in message
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_folder_of_rubbish(posts, tmp_path, capsys):
    for path in (posts / "images").iterdir():
        path.write_bytes(b"rubbish")
    message = failed(
        ["build", "--source", "posts", "--input", str(posts), "--output", str(tmp_path / "data"), "--quiet"], capsys
    )
    assert "43 of 43 posts are bad input (100%)" in message
    assert "image: not a JPEG, PNG, GIF, WebP or BMP (40)" in message
    assert (tmp_path / "data.rejects.jsonl").is_file()


@pytest.mark.parametrize("arguments", [["--help"], ["build", "--help"], ["sources", "--help"], ["inspect", "--help"]])
def test_help_has_an_example_and_costs_nothing(arguments):
    code = "import sys; from data_prep.__main__ import main\n"
    code += f"try: main({arguments!r})\nexcept SystemExit: pass\n"
    code += "heavy = {'tensorflow', 'keras', 'apache_beam', 'numpy', 'pydantic'} & set(sys.modules)\n"
    code += "sys.exit(f'imported {heavy}' if heavy else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "example:\n  python -m data_prep" in done.stdout
    assert "--quiet" in done.stdout or arguments == ["--help"]


def test_usage_errors_answer_before_anything_heavy_is_loaded():
    code = "import sys; from data_prep.__main__ import main; from kerasmm.console import guarded\n"
    code += "guarded(main, ['build', '--source', 'posts', '--output', 'x', '--set', 'seeds=1'])\n"
    code += "heavy = {'tensorflow', 'keras', 'apache_beam'} & set(sys.modules)\n"
    code += "sys.exit(f'imported {heavy}' if heavy else 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "unknown key `seeds`. Did you mean 'seed'?" in done.stderr


def test_sources_are_listed(capsys):
    begin = time.process_time()
    assert guarded(main, ["sources"]) == 0
    shown = capsys.readouterr().out
    assert all(f"{name}\n" in shown for name in ("shapes", "flickr8k", "movielens", "posts"))
    assert "--unit: film, act" in shown
    assert "synthetic" in shown
    assert time.process_time() - begin < 5


def silent(command):
    """Runs a command as a user would, outside the test's environment, and expects nothing on the terminal."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TF_")}
    done = subprocess.run(
        [sys.executable, "-m", "data_prep", *command], capture_output=True, text=True, env=environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_quiet_is_quiet(posts, tmp_path):
    silent(["build", "--source", "posts", "--input", str(posts), "--output", str(tmp_path / "data"), "--quiet"])


@pytest.mark.slow
def test_worker_processes_write_the_same_bytes(posts, tmp_path):
    command = ["build", "--source", "posts", "--input", str(posts), "--quiet", "--set", "shard_records=10", "--output"]
    assert guarded(main, [*command, str(tmp_path / "one")]) == 0
    silent([*command, str(tmp_path / "two"), "--direct_running_mode=multi_processing", "--direct_num_workers=2"])
    for path in (tmp_path / "one").iterdir():
        if path.name != "dataset.json":
            assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes(), path.name


def test_lists_encoders(capsys):
    from kerasmm.encoders import parse_spec
    from kerasmm.encoders.spec import APPLICATIONS, OWN

    assert guarded(main, ["features"]) == 0
    forms, networks = capsys.readouterr().out.split("\n\n")
    assert "FILE.npz" in forms and "NAME@pooled" in forms
    rows = [line.split()[:2] for line in networks.splitlines()[1:]]
    assert {name for name, _ in rows} == {*OWN, *APPLICATIONS}
    assert all(parse_spec(name).image_size == (int(side), int(side)) for name, side in rows)
