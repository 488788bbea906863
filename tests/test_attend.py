"""`python -m kerasmm.attend`, and `python -m kerasmm.label` of pictures alone, in process."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasmm.attend import main as attend
from kerasmm.console import guarded
from kerasmm.label import main as label
from tests.serving.fake import COLOURS, exported, picture, quarters

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def ask(capsys, loaded_once):
    def run(main, *arguments, model=None):
        code = guarded(main, ["--model", str(model or exported().parent), *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def photos(tmp_path):
    """Two photos of four colours, one of one colour, and three files that are no pictures."""
    contents = {
        "a.png": quarters("blue", "red", "green", "blue"),
        "b.png": quarters("green", "blue", "blue", "red"),
        "c.jpg": picture(COLOURS["blue"], form="JPEG"),
        "text.jpg": b"not a picture",
        "empty.png": b"",
        "cut.jpg": picture((1, 2, 3), form="JPEG")[:200],
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def without(signature, tmp_path):
    """The export, but that it has no such signature."""
    copy = shutil.copytree(exported(), tmp_path / "without" / "1")
    path = copy / "assets.extra" / "signatures.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    del about["signatures"][signature]
    path.write_text(json.dumps(about), encoding="utf-8")
    return copy


# === attend ===


def test_says_where_each_word_looks_in_each_picture(ask, photos):
    arguments = ["--image", photos / "a.png", photos / "b.png", "--word", "Red", "--word", "green"]
    code, out, err = ask(attend, *arguments, "--json", "--quiet")
    content = json.loads(out)
    assert code == 0 and err == "" and content["bad"] == []
    # By eye: red is the second quarter of a and the fourth of b, green the third and the first.
    where = {("a.png", "red"): (0, 1), ("a.png", "green"): (1, 0), ("b.png", "red"): (1, 1), ("b.png", "green"): (0, 0)}
    assert [(Path(one["image"]).name, one["word"]) for one in content["results"]] == list(where)
    for one, (row, column) in zip(content["results"], where.values(), strict=True):
        assert (one["row"], one["column"]) == (row, column)
        assert one["box"] == [row / 2, column / 2, row / 2 + 0.5, column / 2 + 0.5]
        weights = np.array(one["map"])
        assert weights.shape == (2, 2) and weights.sum() == pytest.approx(1, abs=1e-5)
        assert one["weight"] == weights[row, column] == weights.max() and one["score"] > 0.9

    lines = ask(attend, *arguments, "--quiet")[1].splitlines()
    titles = ["picture", "word", "confidence", "weight", "row", "column", "from the top", "from the left"]
    assert [part.strip() for part in lines[0].split("  ") if part.strip()] == titles
    assert lines[1].split()[1:] == [
        "red",
        *(f"{content['results'][0][key]:.4f}" for key in ("score", "weight")),
        *("0", "1", "0.00–0.50", "0.50–1.00"),
    ]
    assert len(lines) == 5


def test_draws_a_row_a_picture_and_a_map_a_word(ask, photos, tmp_path):
    sheet = tmp_path / "sheet.png"
    images = [photos / name for name in ("a.png", "text.jpg", "c.jpg")]
    code, _, err = ask(attend, "--image", *images, "--word", "red", "--word", "blue", "--output", sheet)
    assert code == 0 and f"wrote {sheet}" in err
    with Image.open(sheet) as image:
        pixels = np.asarray(image.convert("RGB")).astype(int)
    # Photos of the two good pictures: three columns wide, the first one holds them as they are.
    left = pixels[:, : pixels.shape[1] // 2]
    for colour in ("red", "green", "blue"):
        assert (np.abs(left - COLOURS[colour]).max(axis=-1) < 12).sum() > 0.9 * 180 * 180
    assert pixels.shape[1] == pytest.approx(300 * (2 * 0.08 + 1.0 + 3 * 1.2 + 2 * 0.07), abs=2)


def test_bad_pictures_are_named_counted_and_set_aside(ask, photos):
    images = [photos / name for name in ("text.jpg", "a.png", "empty.png", "cut.jpg", "nowhere.jpg")]
    for main, arguments in ((attend, ["--word", "red"]), (label, [])):
        code, out, err = ask(main, "--image", *images, *arguments, "--json", "--quiet")
        content = json.loads(out)
        assert code == 0 and {Path(one["image"]).name for one in content["results"]} == {"a.png"}
        assert sorted(Path(one["image"]).name for one in content["bad"]) == [
            "cut.jpg",
            "empty.png",
            "nowhere.jpg",
            "text.jpg",
        ]
        lines = err.splitlines()
        assert lines[-1] == "4 of 5 pictures set aside" and len(lines) == 5
        assert f"error: {photos / 'text.jpg'}: not a picture that can be decoded" in lines
        assert f"error: {photos / 'nowhere.jpg'}: can't be read (No such file or directory)" in lines


def test_more_pictures_than_are_in_memory_together(ask, photos):
    images = [photos / "a.png"] * 17 + [photos / "c.jpg"]
    content = json.loads(ask(label, "--image", *images, "-k", "1", "--json", "--quiet")[1])
    assert [len(one["labels"]) for one in content["results"]] == [1] * 18
    assert content["results"][17]["image"] == str(photos / "c.jpg")


def test_an_export_of_before_scores_has_no_confidences(ask, photos, monkeypatch):
    from kerasmm.asking.loaded import LoadedExport

    whole = LoadedExport.answer

    def old(self, signature, inputs):
        return {name: value for name, value in whole(self, signature, inputs).items() if name != "score"}

    monkeypatch.setattr(LoadedExport, "answer", old)
    out = ask(attend, "--image", photos / "a.png", "--word", "red", "--json", "--output", photos / "s.pdf")[1]
    assert json.loads(out)["results"][0]["score"] is None
    assert ask(attend, "--image", photos / "a.png", "--word", "red")[0] == 0


# === label ===


def test_gives_the_labels_best_first(ask, photos):
    code, out, _ = ask(label, "--image", photos / "c.jpg", "--json", "--quiet")
    (result,) = json.loads(out)["results"]
    assert code == 0 and [one["label"] for one in result["labels"]] == ["Cold", "Warm"]
    assert result["labels"][0]["score"] > 0.5 > result["labels"][1]["score"] >= 0
    lines = ask(label, "--image", photos / "c.jpg", "-k", "1", "--quiet")[1].splitlines()
    assert lines[0].split() == ["picture", "label", "confidence"] and len(lines) == 2
    assert lines[1].split()[1:] == ["Cold", f"{result['labels'][0]['score']:.4f}"]


# === Bad input: one line, exit code 2 ===


@pytest.mark.parametrize(
    ("main", "arguments", "message"),
    [
        (attend, ["--image", "a.png", "--word", "gren"], "'gren' is not among the 5 tags of"),
        (attend, ["--image", "a.png"], "the following arguments are required: --word"),
        (attend, ["--word", "red"], "the following arguments are required: --image"),
        (attend, ["--image", "text.jpg", "--word", "red"], "text.jpg: not a picture that can be decoded"),
        (
            attend,
            ["--image", "text.jpg", "empty.png", "nowhere.jpg", "--word", "red"],
            "nowhere.jpg: can't be read (No such file or directory); nor can the 2 others be read",
        ),
        (attend, ["--image", "a.png", "--word", "red", "--output", "s.gif"], "s.gif: expected a name that ends in"),
        (attend, ["--image", "a.png", *(["--word", "red"] * 12), "--output", "s.png"], "at most 60 rows and 12"),
        (label, ["--image", "empty.png"], "empty.png: not a picture that can be decoded"),
        (label, ["--image", "a.png", "-k", "0"], "-k must be at least 1"),
        (label, [], "is asked by --image together, or --pairs. Received: neither"),
    ],
)
def test_bad_input_is_one_line(ask, photos, monkeypatch, main, arguments, message):
    monkeypatch.chdir(photos)
    code, out, err = ask(main, *arguments, "--quiet")
    assert code == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err
    assert not list(photos.glob("s.*"))


def test_a_model_that_cannot_answer_is_told_in_one_line(ask, photos, tmp_path):
    code, _, err = ask(attend, "--image", photos / "a.png", "--word", "red", model=without("attend", tmp_path / "1"))
    assert code == 2 and err.count("\n") == 1 and "has no signature 'attend': its model has no attention" in err
    code, _, err = ask(label, "--image", photos / "a.png", model=without("classify", tmp_path / "2"))
    assert (
        code == 2
        and err.count("\n") == 1
        and "has no signature that answers labels: its training posts have no labels" in err
    )


@pytest.mark.parametrize("module", ["attend", "label"])
@pytest.mark.parametrize("arguments", [["--help"], ["--image", "x.png"], ["--model", "nowhere", "--image", "x.png"]])
def test_help_and_usage_errors_answer_without_tensorflow(module, arguments, tmp_path):
    for package in ("tensorflow", "numpy"):
        (tmp_path / f"{package}.py").write_text("raise RuntimeError('imported')")
    word = ["--word", "red"] if module == "attend" and "--model" in arguments else []
    done = subprocess.run(
        [sys.executable, "-m", f"kerasmm.{module}", *arguments, *word],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if "--help" in arguments else 2), done.stderr
    assert "imported" not in done.stderr and ("example:" in done.stdout) == ("--help" in arguments)
