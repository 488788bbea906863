"""An export asked from Python: what the commands ask, with answers as small objects."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasmm.asking.export import Export
from kerasmm.asking.labels import Label
from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from tests.serving.fake import COLOURS, SAID, exported, exported_sentences, make_posts, picture, quarters
from tests.serving.fake_pairs import exported_pairs

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def export():
    with Export(exported().parent) as opened:
        yield opened


@pytest.fixture(scope="module")
def sentences():
    with Export(exported_sentences()) as opened:
        yield opened


@pytest.fixture(scope="module")
def pairs():
    with Export(exported_pairs("image", "text")) as opened:
        yield opened


def test_says_what_it_is(export):
    text = repr(export)
    assert str(export.folder) in text and "search_by_tags" in text and "\n" not in text and len(text) < 300
    assert set(export.signatures["attend"]["inputs"]) == {"image", "word"}
    assert export.vocabulary("labels") == ["Warm", "Cold"]


def test_an_export_without_users_fits_none(export):
    for ask, message in (
        (lambda: export.fit_user([picture(COLOURS["red"])], [["red"]]), r"fits no users \(it has: "),
        (lambda: export.users("users.npz"), "can't be asked by users' vectors$"),
    ):
        with pytest.raises(UserError, match=message):
            ask()


# === search ===


def test_finds_posts_by_tags(export):
    posts = {post.id: post for post in make_posts()}
    found = export.search(tags=[" RED"], k=3)
    assert [one.rank for one in found] == [1, 2, 3] and len(found) == 3
    for one in found:
        assert (one.text, one.post.tags, one.post.labels) == (posts[one.id].text, ("red",), ("Warm",))
    assert found[0].score >= found[1].score >= found[2].score
    assert [one.id for one in export.search(tags="red", k=3)] == [one.id for one in found]
    assert "JFIF" not in repr(found) and len(repr(found)) < 1000


@pytest.mark.parametrize("kind", ["path", "text", "bytes", "pillow", "pixels", "transparent"])
def test_a_picture_may_be_a_file_bytes_or_in_memory(export, tmp_path, kind):
    path = tmp_path / "red.png"
    path.write_bytes(picture(COLOURS["red"]))
    opened = Image.open(path)
    pictures = {
        "path": path,
        "text": str(path),
        "bytes": path.read_bytes(),
        "pillow": opened,
        "pixels": np.asarray(opened),
        "transparent": opened.convert("RGBA"),
    }
    found = export.search(image=pictures[kind], k=4)
    assert [one.post.tags for one in found] == [("red",)] * 4
    wanted = export.search(image=path, k=4)
    assert [one.id for one in found] == [one.id for one in wanted]
    assert [one.score for one in found] == pytest.approx([one.score for one in wanted], abs=1e-5)


def test_finds_sentences(sentences):
    found = sentences.search(image=picture(COLOURS["red"]), k=6)
    assert sorted(one.text for one in found) == sorted(text for said in SAID.values() for text in said)
    best = sentences.search(text="A RED dog!", k=1)[0]
    assert (best.id, best.sentence, best.text) == ("post#1", None, SAID["post#1"][0])


@pytest.mark.parametrize(
    ("question", "message"),
    [
        ({}, "nothing to search for"),
        ({"user": "me"}, "nothing to search for"),
        ({"tags": ["gren"]}, "'gren' is not among the 5 tags of .*Nearest: 'green'"),
        ({"text": "hello"}, "can't be asked by text"),
        ({"tags": "red", "user_vector": [1.0]}, "can't be asked by users' vectors$"),
        ({"tags": "red", "k": 0}, "`k` must lie in 1 … 1000. Received: k=0"),
        ({"tags": "red", "k": 1001}, "`k` must lie in 1"),
        ({"tags": "red", "k": 1.5}, "`k` must be a whole number. Received: k=1.5"),
        ({"image": "nowhere.jpg"}, "^nowhere.jpg: can't be read"),
        ({"image": b"no picture"}, "^image: not a picture that can be decoded"),
        ({"image": 7}, "expected a picture: .*Received: int"),
        ({"image": np.zeros((4, 4, 3))}, "expected a picture: .*Received: ndarray"),
        ({"image": np.zeros((4,), "uint8")}, r"expected a picture: .*Received: shape \(4,\)"),
        ({"image": np.zeros((4, 4, 2), "uint8")}, r"expected a picture: .*Received: shape \(4, 4, 2\)"),
        ({"image": np.zeros((0, 4, 3), "uint8")}, r"expected a picture: .*Received: shape \(0, 4, 3\)"),
    ],
)
def test_wrong_questions_are_the_errors_of_the_command_line(export, question, message):
    with pytest.raises(UserError, match=message) as raised:
        export.search(**question)
    assert "\n" not in str(raised.value)


# === label ===


def test_a_picture_is_called_by_its_labels(export):
    labels = export.label(picture(COLOURS["blue"]))
    assert [(one.rank, one.name) for one in labels] == [(1, "Cold"), (2, "Warm")]
    assert labels[0].score > 0.5 > labels[1].score
    assert export.label(picture(COLOURS["red"]), k=1)[0].name == "Warm"


def test_a_picture_and_its_text_are_called_together(pairs):
    # What is read counts 2, what is seen 1.
    assert pairs.label(picture((250, 0, 0)), "so blue", k=2) == [
        Label(1, "blue", pytest.approx(2, abs=1e-5)),
        Label(2, "red", pytest.approx(1, abs=1e-5)),
    ]


def test_many_are_answered_in_their_order_and_bad_ones_say_why(pairs, tmp_path):
    (tmp_path / "text.jpg").write_bytes(b"not a picture")
    bad = {3: tmp_path / "nowhere.png", 16: tmp_path / "text.jpg", 17: b"", 34: 7}
    images = [bad.get(place, picture((250, 0, 0))) for place in range(35)]
    texts = [("red", "green", "blue")[place % 3] for place in range(35)]
    counted = []
    answers = pairs.label(images, texts, k=1, advance=counted.append)
    assert sum(counted) == 35
    for place, (answer, text) in enumerate(zip(answers, texts, strict=True)):
        assert [one.name for one in answer.labels] == ([] if place in bad else [text])
        assert (answer.problem is not None) == (place in bad)
    assert answers[3].problem == "can't be read (No such file or directory)"
    assert answers[16].problem == answers[17].problem == "not a picture that can be decoded"
    assert pairs.label([], []) == []


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "nothing to label"),
        ({"image": [b"", b""], "text": ["a"]}, "as many of both. Received: 2 of image and 1 of text"),
        ({"image": b""}, r"can't be asked by image \(it has: .*annotate takes image, text"),
        ({"image": b"", "text": "a", "user": "ann"}, "can't be asked by image and text and user"),
        ({"image": b"", "text": "a"}, "^image: not a picture that can"),
        ({"image": "nowhere.png", "text": "a"}, "^nowhere.png: can't be read"),
        ({"image": b"", "text": "a", "k": 0}, "`k` must be at least 1. Received: k=0"),
        ({"image": b"", "text": "a", "k": "2"}, "`k` must be a whole number. Received: k='2'"),
    ],
)
def test_what_cannot_be_labelled(pairs, asked, message):
    with pytest.raises(UserError, match=message):
        pairs.label(**asked)


def test_an_export_without_labels(sentences):
    with pytest.raises(UserError, match="has no signature that answers labels"):
        sentences.label(b"")


# === embed ===


def test_embeds_pictures_and_texts_in_one_space(sentences, tmp_path):
    path = tmp_path / "green.png"
    path.write_bytes(picture(COLOURS["green"]))
    images = sentences.embed(images=[picture(COLOURS["red"]), path] * 10)
    texts = sentences.embed(texts=["a red one", "a green dog"])
    assert images.shape == (20, 3) and texts.shape == (2, 3)
    assert texts == pytest.approx(np.eye(3)[:2], abs=1e-6)
    # Each picture is nearest to the word of its colour.
    assert (images @ texts.T).argmax(axis=1).tolist() == [0, 1] * 10
    assert len(sentences.embed(images=[])) == 0


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "nothing to embed"),
        ({"images": [picture((1, 2, 3)), b""]}, "^image 1: not a picture that can"),
        ({"images": ["nowhere.png"]}, "^nowhere.png: can't be read"),
        ({"texts": ["a red one", "zzz"]}, "^text 1: holds no word that the export knows"),
        ({"images": [b""], "texts": ["a"]}, "can't be asked by image and text"),
    ],
)
def test_what_cannot_be_embedded(sentences, asked, message):
    with pytest.raises(UserError, match=message):
        sentences.embed(**asked)


# === attend ===


def test_where_words_look(export):
    photo = quarters("blue", "red", "green", "blue")
    red = export.attend(photo, "Red")
    assert (red.word, red.peak, red.box) == ("red", (0, 1), (0.0, 0.5, 0.5, 1.0))
    assert red.weights.sum() == pytest.approx(1, abs=1e-5) and red.largest == red.weights.max()
    assert [(one.word, one.peak) for one in export.attend(photo, ["green", "red"])] == [
        ("green", (1, 0)),
        ("red", (0, 1)),
    ]
    first, bad, last = export.attend([photo, b"", quarters("green", "blue", "blue", "red")], ["red"])
    assert (first.looks[0].peak, last.looks[0].peak, first.problem) == ((0, 1), (1, 1), None)
    assert (bad.looks, bad.problem) == ((), "not a picture that can be decoded")


def test_where_nothing_looks(export, sentences):
    with pytest.raises(UserError, match="'gren' is not among the 5 tags"):
        export.attend(picture((1, 2, 3)), "gren")
    with pytest.raises(UserError, match="^image: not a picture that can"):
        export.attend(b"", "red")
    with pytest.raises(UserError, match="has no signature 'attend'"):
        sentences.attend(picture((1, 2, 3)), "red")


# === Loading ===


def test_the_model_is_loaded_once_and_freed_when_closed(monkeypatch):
    loads = []
    real = LoadedExport._load
    monkeypatch.setattr(LoadedExport, "_load", lambda self: (loads.append(self), real(self)))
    with Export(str(exported())) as opened:
        assert opened.vocabulary("tags") and not loads
        for _ in range(2):
            opened.search(tags="red", k=1)
            opened.label(picture((1, 2, 3)))
        assert len(loads) == 1
    assert opened.search(tags="red", k=1)[0].rank == 1 and len(loads) == 2
    opened.close()
    opened.close()


def test_no_export(tmp_path):
    with pytest.raises(UserError, match="no such folder"):
        Export(tmp_path / "nowhere")


def test_opening_imports_no_tensorflow(tmp_path):
    (tmp_path / "tensorflow.py").write_text("raise RuntimeError('imported')")
    program = f"from kerasmm.asking.export import Export\nprint(Export({str(exported())!r}).vocabulary('tags')[0])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "red\n", done.stderr
