"""`python -m kerasmm.export`, in process, on a hardly trained DMAN: from a run to answers."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasmm.console import guarded
from kerasmm.export import main
from kerasmm.fit import main as fit
from kerasmm.search import main as search
from tests.serving.fake import exported
from tests.tiny import COLOURS, tiny_dataset

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one epoch on the tiny pictures."""
    folder = tmp_path_factory.mktemp("project")
    data, made = tiny_dataset(folder / "data", train=40, other=8, features=False), folder / "runs" / "colours"
    arguments = ["--model", "dman", "--data", str(data), "--run", str(made), "--quiet", "--no-export", "--no-evaluate"]
    assert guarded(fit, [*arguments, "--set", "training.epochs=1", "--set", "training.batch_size=20"]) == 0
    return made


@pytest.fixture(scope="module")
def version(run):
    output = run.parent.parent / "saved_models" / "colours"
    assert guarded(main, ["--run", str(run), "--output", str(output), "--quiet"]) == 0
    return output / "1"


def call(capsys, *arguments):
    code = guarded(main, [str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_every_signature_of_dman_is_there(version):
    about = json.loads((version / "assets.extra" / "signatures.json").read_text(encoding="utf-8"))
    assert sorted(about["signatures"]) == ["attend", "classify", "search_by_image", "search_by_tags", "serving_default"]
    assert about["posts"] == 40 + 8 + 8 and about["system"] == "dman" and about["name"] == "colours"


def test_answers_what_the_model_answers(version, run):
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.data.dataset import open_dataset
    from kerasmm.runs.run import open_run

    opened = open_run(run)
    dataset = open_dataset(opened.data)
    posts = list(dataset.posts("test"))
    images = np.empty(len(posts) + 1, object)
    images[:] = [post.image for post in posts] + [b"no picture"]
    loaded = LoadedExport(version)
    answer = loaded.answer("serving_default", {"image": images})
    assert answer["valid"].tolist() == [True] * len(posts) + [False]
    (outputs,) = opened.system.outputs(opened.model, dataset, "test")
    ids, vectors = [one.decode() for one in outputs["id"]], opened.system.Signatures.index_vectors(outputs)
    embedding = answer["embedding"][:-1]
    assert ids == [post.id for post in posts]
    np.testing.assert_allclose(embedding / np.linalg.norm(embedding, axis=1, keepdims=True), vectors, atol=1e-4)
    # A picture finds itself first.
    found = loaded.answer("search_by_image", {"image": images[:-1], "k": np.full(len(posts), 3, "int32")})
    np.testing.assert_allclose(found["scores"][:, 0], 1.0, atol=1e-4)
    words = np.array([b"red"] * len(images), object)
    attention = loaded.answer("attend", {"image": images, "word": words})
    np.testing.assert_allclose(attention["map"][:-1].sum(axis=(1, 2)), 1.0, atol=1e-4)
    red = opened.system.vocabularies["tags"].index("red")
    np.testing.assert_allclose(attention["score"][:-1], embedding[:, red], atol=1e-6)


def test_classifies_as_a_classifier_trained_on_the_training_posts(version, run):
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.data.dataset import open_dataset
    from kerasmm.evaluation.classification import classifier_scores
    from kerasmm.runs.run import open_run

    opened = open_run(run)
    dataset, labels = open_dataset(opened.data), opened.system.vocabularies["labels"]
    (train,), (test,) = (list(opened.system.outputs(opened.model, dataset, split)) for split in ("train", "test"))
    scores = classifier_scores(train["vectors"], train["labels"], test["vectors"], opened.system.seed)
    images = np.empty(len(test["id"]), object)
    images[:] = [post.image for post in dataset.posts("test")]
    answer = LoadedExport(version).answer("classify", {"image": images})
    for row, found in enumerate(answer["labels"]):
        named = dict(zip((label.decode() for label in found), answer["scores"][row], strict=True))
        # The order of the rows is drawn by Keras' global seed, which nobody set.
        np.testing.assert_allclose([named[label] for label in labels], scores[row], atol=0.1)
        assert list(answer["scores"][row]) == sorted(answer["scores"][row], reverse=True)


def test_tags_are_searched_by_what_the_run_chose(version, run, capsys, tmp_path):
    from kerasmm.asking.loaded import LoadedExport
    from kerasmm.data.dataset import open_dataset
    from kerasmm.evaluation.search import similarities
    from kerasmm.runs.run import open_run

    chosen = json.loads((run / "choices.json").read_text(encoding="utf-8"))
    about = json.loads((version / "assets.extra" / "signatures.json").read_text(encoding="utf-8"))
    assert about["choices"] == chosen and list(chosen["search_by_tags"]["figures"]) == ["cosine", "score", "rank_sum"]
    copy = Path(shutil.copytree(run, tmp_path / "ranks"))
    chosen["search_by_tags"]["chosen"] = "rank_sum"
    (copy / "choices.json").write_text(json.dumps(chosen), encoding="utf-8")
    arguments = ["--run", copy, "--output", tmp_path / "ranks_export", "--splits", "test", "--no-thumbnails", "--quiet"]
    assert call(capsys, *arguments)[0] == 0
    opened = open_run(copy)
    (outputs,) = opened.system.outputs(opened.model, open_dataset(opened.data), "test")
    query = np.zeros((1, 6), "float32")
    query[0, opened.system.vocabularies["tags"].index("red")] = 1
    summed = similarities(query, outputs["vectors"], "ranks")[0]
    found = LoadedExport(tmp_path / "ranks_export").answer(
        "search_by_tags", {"tags": np.array([["red"]], object), "k": np.array([8], "int32")}
    )
    # Pictures are decoded by other kernels in a build: close scores may change places.
    np.testing.assert_allclose(found["scores"][0], np.sort(1 + summed / 16)[::-1], atol=2.5 / 16)
    (copy / "choices.json").write_text("{", encoding="utf-8")
    code, _, err = call(capsys, *arguments)
    assert code == 2 and err.count("\n") == 1 and "choices.json: not valid JSON" in err


def test_can_be_searched(version, capsys):
    assert guarded(search, ["--model", str(version.parent), "--tag", "red", "-k", "3", "--json"]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert len(results) == 3 and all(set(result["tags"]) <= set(COLOURS) for result in results)


def test_prints_the_folder_and_counts_versions(version, run, capsys):
    code, out, _ = call(capsys, "--run", run, "--output", version.parent, "--splits", "test", "--no-thumbnails")
    assert code == 0 and out == f"{version.parent / '2'}\n"
    about = json.loads((version.parent / "2" / "assets.extra" / "signatures.json").read_text(encoding="utf-8"))
    assert about["splits"] == ["test"] and about["posts"] == 8
    shutil.rmtree(version.parent / "2")


def test_a_folder_of_another_run_is_refused_unless_forced(version, run, capsys, tmp_path):
    about = json.loads((version / "assets.extra" / "signatures.json").read_text(encoding="utf-8"))
    assert about["origin"] == {"run": "colours", "data": "data", "source": "tiny"}
    another = shutil.copytree(run, tmp_path / "another")
    arguments = ["--run", another, "--output", version.parent, "--splits", "test", "--no-thumbnails", "--quiet"]
    code, out, err = call(capsys, *arguments)
    assert code == 2 and out == "" and "holds run 'colours' on data set 'data' (tiny), not run 'another'" in err
    assert call(capsys, *arguments, "--force")[0] == 0
    # What is newest counts: its own run is now refused.
    assert call(capsys, "--run", run, "--output", version.parent)[0] == 2
    shutil.rmtree(version.parent / "2")


def test_check_says_what_it_checked(capsys):
    code, out, err = call(capsys, "--check", exported())
    assert code == 0 and out == ""
    assert "answers as when it was made: serving_default, search_by_image, search_by_tags, attend, classify" in err


def test_check_names_what_is_wrong(tmp_path, capsys):
    copy = shutil.copytree(exported(), tmp_path / "fake" / "1")
    path = copy / "assets.extra" / "signatures.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"p/0é"', '"p/999"'), encoding="utf-8")
    code, _, err = call(capsys, "--check", tmp_path / "fake")
    assert code == 2 and err.startswith(f"error: {copy}: ") and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--run is missing"),
        (["--run", "nowhere"], "nowhere/run.json: no run here"),
        (["--check", "."], "not an export of kerasmm: saved_model.pb is missing"),
        (["--check", "nowhere"], "nowhere: no such folder"),
        (["--check", "x", "--run", "y"], "leave --run and --output away"),
        (["--weights", "x"], "unrecognized arguments"),
    ],
)
def test_bad_input_is_one_line(tmp_path, capsys, monkeypatch, arguments, message):
    monkeypatch.chdir(tmp_path)
    code, out, err = call(capsys, *arguments)
    assert code == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1 and message in err


def test_a_data_set_with_other_words_is_refused(run, capsys, tmp_path):
    other = shutil.copytree(run.parent.parent / "data", tmp_path / "other")
    from kerasmm.data.manifest import FILE_NAME, sha256_of

    path = other / "vocabularies" / "tags.txt"
    path.write_text(path.read_text().replace("red", "rot"))
    manifest = json.loads((other / FILE_NAME).read_text())
    manifest["vocabularies"]["tags"] |= {"sha256": sha256_of(path)}
    (other / FILE_NAME).write_text(json.dumps(manifest))
    code, _, err = call(capsys, "--run", run, "--data", other, "--output", tmp_path / "out")
    assert code == 2 and str(other) in err and "vocabulary of tags" in err
    assert not (tmp_path / "out").exists()


def test_an_unknown_split_is_refused(run, capsys, tmp_path):
    code, _, err = call(capsys, "--run", run, "--output", tmp_path / "out", "--splits", "tset")
    assert code == 2 and "'tset'" in err and "train, validation, test" in err and not (tmp_path / "out").exists()


@pytest.mark.parametrize("arguments", [["--help"], ["--run", "nowhere"], ["--check", "."]])
def test_help_and_usage_errors_answer_without_tensorflow(arguments, tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise RuntimeError('imported')")
    done = subprocess.run(
        [sys.executable, "-m", "kerasmm.export", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == (0 if "--help" in arguments else 2), done.stderr
    assert "imported" not in done.stderr and ("example:" in done.stdout) == ("--help" in arguments)
