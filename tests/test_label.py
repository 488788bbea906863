"""`python -m kerasmm.label`, in process."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasmm.console import guarded
from kerasmm.label import main as label
from tests.serving.fake import exported, exported_sentences, picture
from tests.serving.fake_pairs import exported_pairs
from tests.systems.cmem.world import cmem_data, tiny_cmem

ROOT = Path(__file__).resolve().parents[1]
RED, GREEN = (250, 0, 0), (0, 250, 0)


@pytest.fixture
def ask(capsys, loaded_once):
    def run(*arguments, sides=("image", "text"), model=None):
        model = str(model or exported_pairs(*sides).parent)
        code = guarded(label, ["--model", model, "--quiet", *map(str, arguments)])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder with a red and a green photo and a file that is none; the working directory."""
    (tmp_path / "photos").mkdir()
    contents = {
        "red.png": picture(RED),
        "photos/green.jpg": picture(GREEN, form="JPEG"),
        "text.jpg": b"not a picture",
    }
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(out):
    """Pictures, texts and their connotations in order."""
    return [
        (one.get("image"), one.get("text"), [label["label"] for label in one["labels"]])
        for one in json.loads(out)["results"]
    ]


def test_pairs_by_position(ask, photos):
    images, texts = ["red.png", "photos/green.jpg", "red.png"], ["so blue", "so green", ""]
    code, out, err = ask("--image", *images, "--text", *texts, "-k", 2, "--json")
    assert (code, err) == (0, "")
    # What is read counts 2, what is seen 1; of equal scores the earlier connotation goes first.
    assert said(out) == [
        ("red.png", "so blue", ["blue", "red"]),
        ("photos/green.jpg", "so green", ["green", "red"]),
        ("red.png", "", ["red", "green"]),
    ]
    scores = [label["score"] for label in json.loads(out)["results"][0]["labels"]]
    assert scores == pytest.approx([2, 1], abs=1e-5)
    assert json.loads(out)["model"] == str(exported_pairs("image", "text"))


def test_options_may_be_repeated(ask, photos):
    out = ask("--image", "red.png", "--text", "green", "--image", "red.png", "--text=-blue", "-k", 1, "--json")[1]
    assert said(out) == [("red.png", "green", ["green"]), ("red.png", "-blue", ["blue"])]


def test_a_line_a_connotation_in_a_table(ask, photos):
    tweet = "so\nblue " + "and a tweet that goes on and on " * 3
    out = ask("--image", "red.png", "--text", tweet, "-k", 2)[1]
    lines = out.splitlines()
    assert lines[0].split() == ["picture", "text", "connotation", "score"] and len(lines) == 3
    for line, (connotation, score) in zip(lines[1:], [("blue", "2.0000"), ("red", "1.0000")], strict=True):
        assert line.startswith("red.png  so blue and a tweet") and line.split()[-2:] == [connotation, score]
        assert "…" in line and len(line) < 80


def test_an_export_that_takes_texts_alone_and_one_that_takes_pictures_alone(ask, photos):
    out = ask("--text", "green", "a blue one", "-k", 1, "--json", sides=("text",))[1]
    assert said(out) == [(None, "green", ["green"]), (None, "a blue one", ["blue"])]
    assert ask("--text", "green", sides=("text",))[1].splitlines()[0].split() == ["text", "connotation", "score"]
    out = ask("--image", "red.png", "-k", 1, "--json", sides=("image",))[1]
    assert said(out) == [("red.png", None, ["red"])]


def test_bad_pictures_are_named_and_set_aside_with_their_texts(ask, photos):
    images = ["text.jpg", "red.png", "nowhere.png", "photos/green.jpg"]
    code, out, err = ask("--image", *images, "--text", "a", "b", "c", "d", "-k", 1, "--json")
    assert code == 0
    assert said(out) == [("red.png", "b", ["red"]), ("photos/green.jpg", "d", ["green"])]
    assert sorted(one["image"] for one in json.loads(out)["bad"]) == ["nowhere.png", "text.jpg"]
    lines = err.splitlines()
    assert "error: text.jpg: not a picture that can be decoded" in lines
    assert "error: nowhere.png: can't be read (No such file or directory)" in lines
    assert lines[-1] == "2 of 4 pictures set aside"


def test_more_pairs_than_are_in_memory_together(ask, photos):
    texts = [("red", "green", "blue")[place % 3] for place in range(35)]
    images = ["text.jpg" if place in (3, *range(16, 32)) else "red.png" for place in range(35)]
    out = ask("--image", *images, "--text", *texts, "-k", 1, "--json")[1]
    assert said(out) == [
        (image, text, [text]) for image, text in zip(images, texts, strict=True) if image != "text.jpg"
    ]


@pytest.mark.parametrize("text", ["", "é" * 5000, "\0", "\udcff blue", "😀", "[bold]x[/bold]"])
def test_texts_of_any_kind_and_length(ask, photos, text):
    code, out, err = ask("--image", "red.png", "--text", text, "-k", 1)
    assert (code, err) == (0, "") and out.splitlines()[1].split()[-2] == ("blue" if "blue" in text else "red")


def test_an_export_of_cmem(ask, photos, tmp_path):
    run = tiny_cmem(tmp_path / "run", cmem_data(tmp_path / "data"), export=True)
    images = ["red.png", "text.jpg", "photos/green.jpg"]
    code, out, err = ask("--image", *images, "--text", "red green", "red", "", "--json", model=run / "export")
    assert code == 0 and err.splitlines()[-1] == "1 of 3 pictures set aside"
    assert [(image, text) for image, text, _ in said(out)] == [("red.png", "red green"), ("photos/green.jpg", "")]
    for one in json.loads(out)["results"]:
        scores = [label["score"] for label in one["labels"]]
        assert sorted(label["label"] for label in one["labels"]) == ["blue", "green", "red"]
        assert scores == sorted(scores, reverse=True)


# === Files of pairs ===


def test_a_csv_file_and_json_lines_say_the_same(ask, photos, monkeypatch):
    folder = photos / "photos"
    (folder / "red.png").write_bytes(picture(RED))
    (folder / "pairs.csv").write_bytes(
        b'\xef\xbb\xbfid,text,image\r\n1,"blue, or\nnot?",green.jpg\r\n2,,red.png\r\n\r\n3,caf\xc3\xa9 \xe2\x80\xa8 green,./red.png\r\n'
    )
    rows = [
        {"image": "green.jpg", "text": "blue, or\nnot?", "tags": ["x"]},
        {"image": "red.png", "text": None},
        {"image": "./red.png", "text": "café \u2028 green"},
    ]
    (folder / "pairs.jsonl").write_text(
        "\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", encoding="utf-8"
    )
    expected = [("blue, or\nnot?", ["blue"]), ("", ["red"]), ("café \u2028 green", ["green"])]
    # Pictures are relative to the file's folder, whatever the working directory.
    for name in ("pairs.csv", "pairs.jsonl"):
        code, out, err = ask("--pairs", f"photos/{name}", "-k", 1, "--json")
        assert (code, err) == (0, "")
        assert [(text, labels) for _, text, labels in said(out)] == expected
        assert [Path(image).name for image, _, _ in said(out)] == ["green.jpg", "red.png", "red.png"]


def test_a_file_of_texts_needs_no_pictures(ask, photos):
    (photos / "pairs.csv").write_text("text\ngreen\nblue\n")
    out = ask("--pairs", "pairs.csv", "-k", 1, "--json", sides=("text",))[1]
    assert said(out) == [(None, "green", ["green"]), (None, "blue", ["blue"])]


def test_half_a_surrogate_pair_in_a_file(ask, photos):
    (photos / "pairs.jsonl").write_text('{"image": "red.png", "text": "\\ud800 green"}\n')
    code, out, err = ask("--pairs", "pairs.jsonl", "-k", 1)
    assert (code, err) == (0, "") and out.splitlines()[1].split()[-2] == "green"


def test_a_missing_picture_of_a_file_is_set_aside(ask, photos):
    (photos / "pairs.csv").write_text("image,text\nred.png,a\nnowhere.png,b\n")
    code, out, err = ask("--pairs", "pairs.csv", "-k", 1, "--json")
    assert code == 0 and [labels for _, _, labels in said(out)] == [["red"]]
    assert "nowhere.png: can't be read" in err and err.splitlines()[-1] == "1 of 2 pictures set aside"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("pairs.txt", b"x", "expected the name of a file that ends in .csv or .jsonl"),
        ("pairs.csv", b"", "holds no pair; expected one a line with image and text"),
        ("pairs.csv", b"image,text\n", "holds no pair"),
        (
            "pairs.csv",
            b"image,tweet\nred.png,x\n",
            "pairs.csv:2: has no 'text'; expected image and text, each a string",
        ),
        ("pairs.csv", b"image,text\nred.png,a, b\n", "pairs.csv:2: more cells than columns"),
        ("pairs.csv", b"image,text\nred.png\n", None),
        ("pairs.csv", b"image,text\n,hello\n", "pairs.csv:2: 'image' is empty"),
        ("pairs.csv", b'image,text\nred.png,"never closed\n', "not valid CSV"),
        ("pairs.csv", b"image,text\nred.png,x\nred.png,\xff\n", "pairs.csv:3: not valid UTF-8"),
        ("pairs.csv", b"image,text\n../red.png,x\n", "leaves the folder of the file"),
        ("pairs.csv", b"image,text\n/etc/passwd,x\n", "leaves the folder of the file"),
        ("pairs.csv", b"image,text\nlink.png,x\n", "leaves the folder of the file"),
        ("pairs.jsonl", b'{"image": "a\\u0000b", "text": "x"}\n', "is no path (ValueError)"),
        ("pairs.jsonl", b'\n{"image": "red.png"}\n', "pairs.jsonl:2: has no 'text'"),
        ("pairs.jsonl", b'{"image": "red.png", "text": 7}\n', "pairs.jsonl:1: has no 'text'"),
        ("pairs.jsonl", b'["red.png", "x"]\n', "pairs.jsonl:1: expected a JSON object"),
        ("pairs.jsonl", b"{\n", "pairs.jsonl:1: not valid JSON"),
        ("pairs.jsonl", b"[" * 100_000, "pairs.jsonl:1: not valid JSON"),
    ],
)
def test_says_what_is_wrong_with_a_file(ask, photos, name, content, message):
    (photos / "photos" / "red.png").write_bytes(picture(RED))
    (photos / "photos" / "link.png").symlink_to(photos / "red.png")
    (photos / "photos" / name).write_bytes(content)
    code, out, err = ask("--pairs", f"photos/{name}", "-k", 1, "--json")
    if message is None:  # a line without its last cell has an empty text
        assert (code, err) == (0, "") and said(out)[0][1:] == ("", ["red"])
        return
    assert code == 2 and out == ""
    assert err.startswith(f"error: photos/{name}") and err.count("\n") == 1 and message in err


# === Bad usage: one line, exit code 2 ===


@pytest.mark.parametrize(
    ("arguments", "sides", "message"),
    [
        (["--image", "red.png", "red.png", "--text", "x"], "both", "Received: 2 pictures and 1 texts"),
        (["--image", "red.png"], "both", "is asked by --image and --text together, or --pairs. Received: --image"),
        (["--text", "x"], "both", "Received: --text"),
        ([], "both", "Received: neither"),
        (
            ["--image", "red.png", "--text", "x"],
            "text",
            "is asked by --text together, or --pairs. Received: --image and",
        ),
        (["--text", "x", " "], "text", "--text holds no words"),
        (["--pairs", "pairs.csv", "--text", "x"], "both", "--pairs names pictures and texts; leave --text out"),
        (["--pairs", "nowhere.csv"], "both", "nowhere.csv: can't be read (No such file or directory)"),
        (["--image", "text.jpg", "--text", "x"], "both", "text.jpg: not a picture that can be decoded"),
        (["--image", "red.png", "--text", "x", "-k", "0"], "both", "-k must be at least 1. Received: -k 0"),
    ],
)
def test_bad_usage_is_one_line(ask, photos, arguments, sides, message):
    code, out, err = ask(*arguments, sides=("image", "text") if sides == "both" else (sides,))
    assert code == 2 and out == ""
    assert err.startswith("error: ") and err.count("\n") == 1 and message in err


def test_a_model_that_takes_no_texts_says_what_it_takes(ask, photos):
    code, _, err = ask("--image", "red.png", "--text", "x", model=exported())
    assert code == 2 and err.count("\n") == 1
    assert "is asked by --image together, or --pairs. Received: --image and --text" in err


def test_a_model_that_knows_no_users_says_so(ask, photos):
    code, _, err = ask("--image", "red.png", "--text", "x", "--user", "ann")
    assert code == 2 and err.count("\n") == 1
    assert "is asked by --image and --text together, or --pairs. Received: --image and --text and --user" in err


def test_a_model_without_labels_says_what_it_has(ask, photos):
    code, _, err = ask("--image", "red.png", model=exported_sentences())
    assert code == 2 and err.count("\n") == 1
    assert "has no signature that answers labels: its training posts have no labels" in err and "search_texts" in err


@pytest.mark.parametrize("arguments", [["--help"], ["--image", "x.png"], ["--model", "nowhere", "--text", "x"]])
def test_help_and_usage_errors_answer_without_tensorflow(arguments, tmp_path):
    for package in ("tensorflow", "numpy"):
        (tmp_path / f"{package}.py").write_text("raise RuntimeError('imported')")
    done = subprocess.run(
        [sys.executable, "-m", "kerasmm.label", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == (0 if "--help" in arguments else 2), done.stderr
    assert "imported" not in done.stderr and ("example:" in done.stdout) == ("--help" in arguments)
