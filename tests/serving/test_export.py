"""The export of the tiny system: what is in it, and what it answers in a Session."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.serving import export as export_module
from kerasmm.serving.check import SIGNATURES_FILE, WARMUP
from kerasmm.serving.export import ExportError, export
from kerasmm.serving.publish import aside
from tests.serving.fake import COLOURS, TAGS, FakeSystem, exported, make_dataset, make_model, make_posts, picture

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def loaded():
    return LoadedExport(exported())


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Exports without the fresh process and the classifier, which other tests wait for."""
    monkeypatch.setattr(export_module, "check_export", lambda folder: {"problems": []})
    monkeypatch.setattr(export_module, "fitted_classifier", lambda *_: None)
    dataset = make_dataset(tmp_path / "data")
    model = make_model()

    def run(output=tmp_path / "models" / "fake", system=None, **options):
        return export(system or FakeSystem(), model, dataset, output, quiet=True, **options)

    return run


def direction(colour):
    """What the tiny model makes of a picture of one colour, by hand; its batch normalisation adds 0.001."""
    mean = np.array(colour, "float64") / 255 / np.sqrt(1.001)
    return mean / np.linalg.norm(mean)


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


# === What it answers ===


def test_embeds_pictures(loaded):
    answer = loaded.answer(
        "serving_default", {"image": strings(picture((200, 40, 90)), picture((10, 90, 30), form="JPEG"))}
    )
    assert answer["valid"].tolist() == [True, True]
    np.testing.assert_allclose(answer["embedding"][0], direction((200, 40, 90)), atol=1e-4)
    np.testing.assert_allclose(answer["embedding"][1], direction((10, 90, 30)), atol=0.02)


def test_searches_by_tags(loaded):
    tags = np.array([["red", ""], ["BLUE ", "blue"], ["unknown", ""]], object)
    answer = loaded.answer("search_by_tags", {"tags": tags, "k": np.array([4, 2, 3], "int32")})
    assert answer["valid"].tolist() == [True, True, False]
    assert answer["ids"].shape == answer["scores"].shape == (3, 4)
    posts = {post.id: post for post in make_posts()}
    for row, tag, k in ((0, "red", 4), (1, "blue", 2)):
        assert [posts[post_id.decode()].tags for post_id in answer["ids"][row][:k]] == [(tag,)] * k
        assert answer["ids"][row][k:].tolist() == [b""] * (4 - k) and not answer["scores"][row][k:].any()
    # Words that nobody knows find nothing.
    assert answer["ids"][2].tolist() == [b""] * 4 and not answer["scores"][2].any()


def test_words_are_spelled_as_in_the_build(loaded):
    tags = np.array([["ｒｅｄ"], ["ＢＬＵＥ\u3000"], ["Red\x00"], ["red"], ["blue"], ["#Red"], ["＃＃blue"]], object)
    answer = loaded.answer("search_by_tags", {"tags": tags, "k": np.full(7, 4, "int32")})
    assert answer["valid"].all()
    for row, same in ((0, 3), (1, 4), (2, 3), (5, 3), (6, 4)):
        assert answer["ids"][row].tolist() == answer["ids"][same].tolist()


def test_searches_by_picture_as_numpy_does(loaded):
    posts = [post for post in make_posts() if post.image]
    query = picture((120, 60, 90))
    pixels = {post.id: tf.io.decode_image(post.image, channels=3).numpy()[0, 0] for post in posts}
    scores = {post_id: float(direction(colour) @ direction((120, 60, 90))) for post_id, colour in pixels.items()}
    answer = loaded.answer("search_by_image", {"image": strings(query), "k": np.array([99], "int32")})
    found = [post_id.decode() for post_id in answer["ids"][0]]
    assert sorted(found) == sorted(scores)
    np.testing.assert_allclose(answer["scores"][0], [scores[post_id] for post_id in found], atol=1e-3)
    assert (np.diff(answer["scores"][0]) <= 0).all()


def test_classifies_pictures(loaded):
    images = strings(picture((220, 30, 30)), b"junk", picture((20, 40, 230)))
    answer = loaded.answer("classify", {"image": images})
    assert answer["labels"].shape == answer["scores"].shape == (3, 2)
    assert [row[0].decode() for row in answer["labels"][[0, 2]]] == ["Warm", "Cold"]
    assert [sorted(label.decode() for label in row) for row in answer["labels"][[0, 2]]] == [["Cold", "Warm"]] * 2
    assert (np.diff(answer["scores"], axis=1) <= 0).all() and (answer["scores"][[0, 2], 0] > 0.5).all()
    assert answer["valid"].tolist() == [True, False, True]
    # What is no picture has no labels.
    assert answer["labels"][1].tolist() == [b"", b""] and not answer["scores"][1].any()


@pytest.mark.parametrize(
    "junk", [b"", b"junk", b"\xff\xd8\xff\xe0 cut", b"\x89PNG\r\n\x1a\n" + b"\xff" * 40, b"\xff\x00" * 9]
)
def test_a_bad_row_touches_no_other(loaded, junk):
    good = [picture((200, 40, 90)), picture((9, 200, 90))]
    alone = loaded.answer("serving_default", {"image": strings(*good)})
    answer = loaded.answer("serving_default", {"image": strings(good[0], junk, good[1], junk)})
    assert answer["valid"].tolist() == [True, False, True, False]
    np.testing.assert_allclose(answer["embedding"][[0, 2]], alone["embedding"], rtol=1e-6)
    assert not answer["embedding"][[1, 3]].any()
    found = loaded.answer("search_by_image", {"image": strings(good[0], junk), "k": np.array([2, 2], "int32")})
    assert all(found["ids"][0]) and found["ids"][1].tolist() == [b"", b""] and not found["scores"][1].any()
    tags = np.array([["red"], [junk]], object)
    answer = loaded.answer("search_by_tags", {"tags": tags, "k": np.array([2, 2], "int32")})
    assert answer["valid"].tolist() == [True, False]


def test_answers_an_empty_batch(loaded):
    for name, inputs in loaded.inputs.items():
        empty = {
            key: np.empty(
                (0, *([1] * (len(spec["shape"]) - 1))), object if spec["dtype"] == "string" else spec["dtype"]
            )
            for key, spec in inputs.items()
        }
        assert {len(value) for value in loaded.answer(name, empty).values()} == {0}


def test_says_what_there_is_to_ask(loaded):
    with pytest.raises(
        UserError, match=r"fake/1: has no signature 'serch' \(it has: attend takes image, word; classify"
    ):
        loaded.answer("serch", {})
    with pytest.raises(UserError, match="search_by_image takes image and k. Received: image"):
        loaded.answer("search_by_image", {"image": strings(b"x")})


# === What is in it ===


def test_lies_as_a_server_expects():
    folder = exported()
    assert folder.name == "1"
    assert sorted(path.name for path in folder.parent.iterdir()) == [
        "1",
        "batching.config",
        "compose.yaml",
        "models.config",
    ]
    assert (folder / "saved_model.pb").is_file() and (folder / "variables" / "variables.index").is_file()
    assert (folder / "assets" / "tags.txt").read_text(encoding="utf-8").splitlines() == TAGS


def test_signatures_are_described_with_a_request_that_can_be_sent():
    about = json.loads((exported() / SIGNATURES_FILE).read_text(encoding="utf-8"))
    search = about["signatures"]["search_by_tags"]
    assert search["inputs"]["tags"] == {"dtype": "string", "shape": [None, None]}
    assert search["outputs"]["ids"] == {"dtype": "string", "shape": [None, None]}
    assert search["example"]["request"] == {"signature_name": "search_by_tags", "inputs": {"tags": [["red"]], "k": [5]}}
    assert len(search["example"]["answer"]["ids"][0]) == 5
    image = about["signatures"]["serving_default"]["example"]["request"]["inputs"]["image"]
    assert list(image[0]) == ["b64"]
    assert (about["name"], about["system"], about["posts"], about["splits"]) == ("fake", "fake", 14, ["train", "test"])


def test_warm_up_holds_one_request_a_signature():
    found = {}
    for record in tf.data.TFRecordDataset(str(exported() / WARMUP)):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        assert request.model_spec.name == "fake"
        found[request.model_spec.signature_name] = {
            key: tf.make_ndarray(value) for key, value in request.inputs.items()
        }
    assert sorted(found) == ["attend", "classify", "search_by_image", "search_by_tags", "serving_default"]
    assert found["search_by_tags"]["tags"].tolist() == [[b"red"]]
    assert tf.io.decode_image(found["serving_default"]["image"][0]).shape[-1] == 3


def test_posts_can_be_shown(loaded):
    store = loaded.posts()
    assert len(store) == len(make_posts())
    post = store.find(["p/0é"])["p/0é"]
    colour = tf.io.decode_jpeg(post.thumbnail).numpy().reshape(-1, 3).mean(axis=0)
    assert post.split == "train" and post.tags == ("red",)
    np.testing.assert_allclose(colour, COLOURS["red"], atol=18)


# === How it is made ===


def test_options_reach_the_export(quick):
    folder = quick(splits=["test"], thumbnails=False)
    one = LoadedExport(folder)
    posts = make_posts()[9:]
    found = one.posts().find([post.id for post in make_posts()])
    assert sorted(found) == sorted(post.id for post in posts)
    assert all(post.thumbnail is None and post.split == "test" for post in found.values())
    answer = one.answer("search_by_tags", {"tags": np.array([["red"]], object), "k": np.array([99], "int32")})
    assert sorted(post_id.decode() for post_id in answer["ids"][0]) == sorted(found)


def test_versions_count_up_and_leave_the_old_ones(quick):
    first = quick()
    before = (first / "saved_model.pb").read_bytes()
    (first.parent / "7").mkdir()
    assert (first.name, quick().name) == ("1", "8")
    assert (first / "saved_model.pb").read_bytes() == before


def test_a_version_that_appears_meanwhile_is_not_overwritten(quick, monkeypatch, tmp_path):
    base = tmp_path / "models" / "fake"

    def meanwhile(folder):
        (base / "1").mkdir()
        (base / "1" / "theirs").write_text("x")
        return {"problems": []}

    monkeypatch.setattr(export_module, "check_export", meanwhile)
    assert quick().name == "2"
    assert (base / "1" / "theirs").is_file()


@pytest.mark.parametrize("step", ["trace", "write_posts", "write_server_files"])
def test_a_failure_at_any_step_leaves_no_version(quick, monkeypatch, tmp_path, step):
    def fail(*_, **__):
        raise OSError("disk full")

    monkeypatch.setattr(export_module, step, fail)
    with pytest.raises(OSError, match="disk full"):
        quick()
    assert [path.name for path in (tmp_path / "models" / "fake").iterdir() if path.is_dir()] == []


def test_a_failed_check_leaves_no_version(quick, monkeypatch, tmp_path):
    monkeypatch.setattr(export_module, "check_export", lambda folder: {"problems": ["serving_default: wrong"]})
    with pytest.raises(ExportError, match="serving_default: wrong"):
        quick()
    assert list((tmp_path / "models" / "fake").iterdir()) == []


def test_killed_before_it_is_whole_it_leaves_no_version(tmp_path):
    script = """
        import os, signal
        from pathlib import Path
        from kerasmm.serving import export as module
        from tests.serving.fake import FakeSystem, make_dataset, make_model
        folder = Path(os.environ["FOLDER"])
        module.check_export = lambda path: os.kill(os.getpid(), signal.SIGKILL)
        module.export(FakeSystem(), make_model(), make_dataset(folder / "data"), folder / "fake", quiet=True)
    """
    environment = {**os.environ, "FOLDER": str(tmp_path), "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env=environment, check=False, capture_output=True
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    (left,) = (tmp_path / "fake").iterdir()
    assert not left.name.isdecimal()
    with pytest.raises(UserError, match="not an export"):
        LoadedExport(tmp_path / "fake")


def test_what_a_killed_export_left_is_swept_a_day_later(quick, tmp_path):
    base = tmp_path / "models" / "fake"
    for name in (".partial-old", ".partial-young"):
        (base / name).mkdir(parents=True)
    two_days_ago = time.time() - 2 * 86400
    os.utime(base / ".partial-old", (two_days_ago, two_days_ago))
    quick()
    assert sorted(path.name for path in base.iterdir() if path.is_dir()) == [".partial-young", "1"]


def test_what_a_killed_export_left_goes_at_once_when_nobody_holds_it(tmp_path):
    base, victim = tmp_path / "fake", tmp_path / "victim"
    victim.mkdir()
    (victim / "lock").write_text("")
    with aside(base) as working:
        (working / "half").write_text("")
        (base / ".partial-killed").mkdir()
        (base / ".partial-killed" / "lock").write_text('{"pid": 1}')
        (base / ".partial-link").symlink_to(victim)
        with aside(base) as other:
            assert {path.name for path in base.iterdir()} == {working.name, other.name, ".partial-link"}
        assert (working / "half").exists()
    assert [path.name for path in base.iterdir()] == [".partial-link"]
    assert (victim / "lock").exists()


def test_says_what_was_wrong(quick, tmp_path):
    with pytest.raises(UserError, match="'nowhere'.*it has: train, test"):
        quick(splits=["nowhere"])
    with pytest.raises(UserError, match="name is the model's name"):
        quick(output=tmp_path / "my model")
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="expected a folder"):
        quick(output=tmp_path / "file")


def test_an_empty_vocabulary_is_no_obstacle(quick):
    class WithoutLabels(FakeSystem):
        vocabularies = {"labels": [], "tags": TAGS}

    folder = quick(system=WithoutLabels())
    one = LoadedExport(folder)
    assert one.vocabulary("labels") == [] and one.vocabulary("tags") == TAGS
    with pytest.raises(UserError, match="has no signature 'classify': its training posts have no labels"):
        one.answer("classify", {"image": strings(picture((1, 2, 3)))})
    assert "classify" not in one.inputs
