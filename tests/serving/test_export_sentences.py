"""An export of posts and their sentences: what is found, what is in it, and what junk can't do to it."""

import json
import shutil

import numpy as np
import pytest
import tensorflow as tf

from kerasmm.asking.loaded import LoadedExport
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.serving import export as export_module
from kerasmm.serving.check import SIGNATURES_FILE, check_export
from kerasmm.serving.export import export
from tests.serving.fake import (
    COLOURS,
    SAID,
    TAGS,
    SentenceSystem,
    exported_sentences,
    make_model,
    picture,
    sentence_posts,
)
from tests.tiny import write_dataset

SENTENCES = {f"{post}#{place}": text for post, texts in SAID.items() for place, text in enumerate(texts)}


@pytest.fixture(scope="module")
def loaded():
    return LoadedExport(exported_sentences())


def strings(*values):
    array = np.empty(len(values), object)
    array[:] = values
    return array


def direction(colour):
    """What the tiny model makes of a picture of one colour; its batch normalisation adds 0.001."""
    mean = np.array(colour, "float64") / 255 / np.sqrt(1.001)
    return mean / np.linalg.norm(mean)


def test_finds_sentences_as_numpy_does(loaded):
    images = strings(picture(COLOURS["red"]), picture((90, 200, 160)))
    answer = loaded.answer("search_texts", {"image": images, "k": np.array([98, 99], "int32")})
    assert answer["ids"].shape == answer["texts"].shape == answer["scores"].shape == (2, len(SENTENCES))
    for row, colour in enumerate((COLOURS["red"], (90, 200, 160))):
        found = [(i.decode(), t.decode()) for i, t in zip(answer["ids"][row], answer["texts"][row], strict=True)]
        # Every sentence once, those that say the same too, each with its own words.
        assert sorted(found) == sorted(SENTENCES.items())
        scores = [float(SentenceSystem.by_hand(text) @ direction(colour)) for _, text in found]
        np.testing.assert_allclose(answer["scores"][row], scores, atol=1e-4)
        assert (np.diff(answer["scores"][row]) <= 0).all()


def test_finds_posts_by_a_sentence(loaded):
    answer = loaded.answer("search_images", {"text": strings(b"Something GREEN."), "k": np.array([4], "int32")})
    assert answer["ids"][0, 0] == b"post" and sorted(answer["ids"][0]) == sorted(post.encode() for post in SAID)
    assert sorted(answer) == ["ids", "scores", "valid"]


@pytest.mark.parametrize(
    "junk",
    [
        b"\xff\xfe\x80 red",
        b"",
        b"   \t\n ",
        "🐶🏽‍🦱".encode(),
        "כלב אדום رجل".encode(),
        b"red " * 10_000,
        b"unknown words only",
    ],
)
def test_a_text_that_is_junk_touches_no_other(loaded, junk):
    alone = loaded.answer("embed_text", {"text": strings(b"a red dog", b"blue")})
    answer = loaded.answer("embed_text", {"text": strings(b"a red dog", junk, b"blue")})
    np.testing.assert_allclose(answer["embedding"][[0, 2]], alone["embedding"], rtol=1e-6)
    assert answer["valid"].tolist() == [True, b"red" in junk, True]
    assert np.isfinite(answer["embedding"]).all()


def test_empty_batches(loaded):
    for name in ("search_images", "search_texts"):
        (question,) = set(loaded.inputs[name]) - {"k"}
        answer = loaded.answer(name, {question: strings(), "k": np.zeros(0, "int32")})
        assert {len(value) for value in answer.values()} == {0}


def test_what_it_says_of_itself():
    about = json.loads((exported_sentences() / SIGNATURES_FILE).read_text(encoding="utf-8"))
    assert (about["posts"], about["sentences"]) == (4, 6)
    example = about["signatures"]["search_images"]["example"]
    assert example["request"]["inputs"] == {"text": ["a red green blue"], "k": [5]}
    assert example["answer"]["valid"] == [True]
    assert about["signatures"]["search_texts"]["outputs"]["texts"] == {"dtype": "string", "shape": [None, None]}
    words = (exported_sentences() / "assets" / "words.txt").read_text(encoding="utf-8").splitlines()
    assert words == SentenceSystem.vocabularies["words"]
    assert "classify" not in about["signatures"]


def test_answers_in_a_fresh_process_wherever_it_lies(tmp_path):
    copy = shutil.copytree(exported_sentences(), tmp_path / "moved here" / "1")
    report = check_export(copy)
    assert report["problems"] == []
    assert sorted(report["signatures"]) == ["embed_text", "search_images", "search_texts", "serving_default"]


def test_posts_of_sentences_can_be_shown(loaded):
    store = loaded.posts()
    assert sorted(store.find(list(SAID))) == sorted(SAID)
    store.close()


# === Splits without sentences, sentences without their post ===


@pytest.fixture
def quick(tmp_path, monkeypatch):
    """Exports splits of posts without the fresh process, which other tests wait for."""
    monkeypatch.setattr(export_module, "check_export", lambda folder: {"problems": []})

    def run(system, posts, **options):
        dataset = open_dataset(write_dataset(tmp_path / "data", posts))
        return export(system, make_model(), dataset, tmp_path / "fake", quiet=True, **options)

    return run


def web_posts():
    return [Post(id=f"web {n}", image=picture(colour), tags=("red",)) for n, colour in enumerate(COLOURS.values())]


def test_of_a_split_without_sentences_only_posts_are_found(quick):
    version = quick(SentenceSystem(), {"train": sentence_posts(), "web": web_posts()}, splits=["web"])
    one = LoadedExport(version)
    assert sorted(one.inputs) == ["embed_text", "search_images", "serving_default"]
    assert one.about["posts"] == 3 and "sentences" not in one.about
    answer = one.answer("search_images", {"text": strings(b"blue"), "k": np.array([9], "int32")})
    assert answer["ids"][0, 0] == b"web 2" and len(answer["ids"][0]) == 3


def test_a_signature_that_searches_what_there_is_not_says_so(quick, tmp_path):
    class Stubborn(SentenceSystem):
        def signatures(self, model, services):
            class Everything:
                kinds = self.kinds

                def __getattr__(self, name):
                    return getattr(services, name)

            return super().signatures(model, Everything())

    with pytest.raises(UserError, match="have no sentences to search, only posts; choose splits whose posts have sent"):
        quick(Stubborn(), {"web": web_posts()})
    assert [path for path in (tmp_path / "fake").iterdir() if path.is_dir()] == []


def test_a_post_that_is_found_only_by_its_sentence_is_kept(quick):
    class NoPictures(SentenceSystem):
        """A post without a picture isn't embedded, but what is said of it is."""

        def outputs(self, model, dataset, split, kind="posts"):
            for found in super().outputs(model, dataset, split, kind):
                keep = np.array([row_id != b"silent" for row_id in found["id"]]) if kind == "posts" else slice(None)
                yield {name: values[keep] for name, values in found.items()}

    posts = [*sentence_posts()[:2], Post(id="silent", image=picture((0, 0, 255)), sentences=("it is blue",))]
    one = LoadedExport(quick(NoPictures(), {"train": posts}))
    assert one.about["posts"] == 2 and len(one.posts()) == 3
    answer = one.answer("search_images", {"text": strings(b"blue"), "k": np.array([9], "int32")})
    assert b"silent" not in answer["ids"]
    found = one.answer("search_texts", {"image": strings(picture(COLOURS["blue"])), "k": np.array([1], "int32")})
    assert (found["ids"].tolist(), found["texts"].tolist()) == ([[b"silent#0"]], [[b"it is blue"]])


def test_labels_of_the_vocabulary_but_not_of_the_outputs_give_no_classifier(quick):
    class Labelled(SentenceSystem):
        vocabularies = {**SentenceSystem.vocabularies, "labels": ["Warm", "Cold"]}

    one = LoadedExport(quick(Labelled(), {"train": sentence_posts()}))
    assert "classify" not in one.inputs and one.vocabulary("labels") == ["Warm", "Cold"]
    assert one.vocabulary("tags") == TAGS


def test_rows_that_are_not_numbers_for_junk_are_a_problem(monkeypatch, tmp_path):
    class Careless(SentenceSystem):
        """The mean of no words is 0 / 0."""

        def signatures(self, model, services):
            made = super().signatures(model, services)

            def embed_text(text):
                found = made["embed_text"].answer(text)
                count = tf.cast(found["valid"], tf.float32)[:, None]
                # Nor does it say which rows are valid, whose others would be emptied.
                return {"embedding": found["embedding"] / count}

            return {**made, "embed_text": type(made["embed_text"])(made["embed_text"].inputs, embed_text)}

    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": sentence_posts()}))
    with pytest.raises(export_module.ExportError, match="embed_text: output 'embedding' is not finite for junk"):
        export(Careless(), make_model(), dataset, tmp_path / "fake", quiet=True)
