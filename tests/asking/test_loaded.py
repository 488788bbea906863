import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.asking.loaded import LoadedExport
from kerasmm.asking.query import choose_signature, known_words, tensors
from kerasmm.console import UserError
from kerasmm.serving.check import SIGNATURES_FILE
from tests.serving.fake import LABELS, TAGS, exported


@pytest.fixture
def copy(tmp_path):
    return shutil.copytree(exported(), tmp_path / "fake" / "3")


class Offer:
    """What choosing a signature looks at, without a model behind it."""

    def __init__(self, **signatures):
        self.folder = "saved_models/m/1"
        text = {"dtype": "string", "shape": [None]}
        kinds = {"k": {"dtype": "int32", "shape": [None]}, "weight": {"dtype": "float32", "shape": [None]}}
        lists = {"tags", "plus", "minus"}
        self.inputs = {
            name: {
                key: kinds.get(key, {"dtype": "string", "shape": [None, None]} if key in lists else text)
                for key in inputs
            }
            for name, inputs in signatures.items()
        }
        self.outputs = {name: {"ids": {}, "scores": {}} for name in signatures}


def test_reads_what_the_export_offers(copy):
    for folder in (copy, copy.parent):
        loaded = LoadedExport(folder)
        assert loaded.folder == copy
        assert loaded.vocabulary("tags") == TAGS and loaded.vocabulary("labels") == LABELS
        assert loaded.vocabulary("users") == []
        assert sorted(loaded.inputs["search_by_tags"]) == ["k", "tags"]


def test_vocabularies_are_read_from_the_export_only(copy):
    path = copy / SIGNATURES_FILE
    about = json.loads(path.read_text(encoding="utf-8"))
    about["vocabularies"] = {"tags": "/etc/passwd", "../../secret": "x"}
    path.write_text(json.dumps(about))
    (copy.parent / "secret.txt").write_text("hidden\n")
    loaded = LoadedExport(copy)
    assert loaded.vocabulary("tags") == TAGS
    with pytest.raises(UserError, match="assets/secret.txt"):
        loaded.vocabulary("../../secret")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"signatures": 3, "vocabularies": {}}', '{"signatures": {"a": []}}']
)
def test_a_damaged_description_is_named(copy, content):
    (copy / SIGNATURES_FILE).write_text(content)
    with pytest.raises(UserError, match="signatures.json: damaged"):
        LoadedExport(copy)


@pytest.mark.parametrize("file", ["saved_model.pb", "variables/variables.index"])
def test_a_damaged_model_is_named(copy, file):
    (copy / file).write_bytes((copy / file).read_bytes()[:50])
    with pytest.raises(UserError, match="fake/3.*(weights can't be read|no graph can be read)"):
        LoadedExport(copy).answer("serving_default", {})


def test_a_graph_that_reads_files_is_not_run(copy, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hidden")

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, name="image")])
    def answer(image):
        return {"embedding": tf.io.read_file(str(secret))[None]}

    shutil.rmtree(copy / "variables")
    module = tf.Module()
    tf.saved_model.save(module, str(copy), signatures={"serving_default": answer})
    with pytest.raises(UserError, match="saved_model.pb: holds ops that no export has: ReadFile"):
        LoadedExport(copy).answer("serving_default", {"image": np.array([b""], object)})


def test_missing_posts_are_named(copy):
    (copy / "assets.extra" / "posts.sqlite").unlink()
    with pytest.raises(UserError, match="posts.sqlite: missing"):
        LoadedExport(copy).posts()


# === Choosing and filling a signature ===

DMAN = Offer(serving_default=["image"], search_by_tags=["tags", "k"], search_by_image=["image", "k"])
TEXT_SPACE = Offer(by_image=["image", "k"], mixed=["image", "plus", "minus", "weight", "k"], by_text=["text", "k"])
WEBLY = Offer(
    serving_default=["image"],
    embed_image=["image"],
    embed_text=["text"],
    search_images=["text", "k"],
    search_texts=["image", "k"],
)
for offer, name in (
    (DMAN, "serving_default"),
    *((WEBLY, one) for one in ("serving_default", "embed_image", "embed_text")),
):
    del offer.outputs[name]["ids"]
WEBLY.outputs["search_texts"]["texts"] = {}


@pytest.mark.parametrize(
    ("offer", "asked", "want"),
    [
        (DMAN, ["tags"], "search_by_tags"),
        (DMAN, ["image"], "search_by_image"),
        (TEXT_SPACE, ["image"], "by_image"),
        (TEXT_SPACE, ["image", "plus"], "mixed"),
        (TEXT_SPACE, ["image", "minus", "weight"], "mixed"),
        (TEXT_SPACE, ["text"], "by_text"),
        (WEBLY, ["text"], "search_images"),
        (WEBLY, ["image"], "search_texts"),
    ],
)
def test_the_signature_that_takes_just_what_was_asked(offer, asked, want):
    assert choose_signature(offer, asked, ("ids", "scores")) == want


@pytest.mark.parametrize("asked", [["image", "tags"], ["text"], ["image", "user"]])
def test_what_is_not_offered_names_what_is(asked):
    with pytest.raises(UserError, match="search_by_tags takes tags; search_by_image takes image"):
        choose_signature(DMAN, asked, ("ids", "scores"))


@pytest.mark.parametrize("asked", [["tags"], ["image", "text"]])
def test_what_webly_can_be_asked(asked):
    with pytest.raises(UserError, match="search_images takes text; search_texts takes image"):
        choose_signature(WEBLY, asked, ("ids", "scores"))


def test_tensors_are_a_batch_of_one():
    batch = tensors(DMAN, "search_by_tags", {"tags": ["snow", "hündin"], "k": 7})
    assert batch["tags"].tolist() == [[b"snow", "hündin".encode()]]
    assert batch["k"].tolist() == [7] and batch["k"].dtype == np.int32
    # NumPy's own bytes type would cut the zero byte off.
    assert tensors(DMAN, "serving_default", {"image": b"png\x00"})["image"].tolist() == [b"png\x00"]
    mixed = tensors(TEXT_SPACE, "mixed", {"image": b"x", "plus": ["night"], "k": 1})
    assert (mixed["plus"].tolist(), mixed["minus"].tolist(), mixed["weight"].tolist()) == ([[b"night"]], [[b""]], [1.0])


def test_one_word_where_the_signature_takes_one():
    offer = Offer(search=["word", "k"])
    assert tensors(offer, "search", {"word": ["a"], "k": 1})["word"].tolist() == [b"a"]
    with pytest.raises(UserError, match="takes one of word. Received: a, b"):
        tensors(offer, "search", {"word": ["a", "b"], "k": 1})


def test_words_are_spelled_as_the_vocabulary_spells_them():
    loaded = LoadedExport(exported())
    assert known_words(loaded, {"tags": [" RED", "Sci-Fi", "straße"], "k": 3}) == {
        "tags": ["red", "sci-fi", "straße"],
        "k": 3,
    }
    with pytest.raises(UserError, match="'gren' is not among the 5 tags of .*Nearest: 'green'"):
        known_words(loaded, {"tags": ["red", "gren"]})
