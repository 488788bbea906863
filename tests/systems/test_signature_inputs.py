"""The table of what signatures are asked by."""

import subprocess
import sys

import pytest
import tensorflow as tf

from kerasmm.systems.signature_inputs import example_sentence
from kerasmm.systems.signatures import INPUTS, specs


def test_specs_have_a_free_batch_and_free_words():
    found = specs("image", "tags", "k", "weight")
    assert list(found) == ["image", "tags", "k", "weight"]
    assert found["image"] == tf.TensorSpec((None,), tf.string) and found["tags"] == tf.TensorSpec(
        (None, None), tf.string
    )
    assert specs("image_tags")["image_tags"] == tf.TensorSpec((None, None, None), tf.string)
    assert found["k"] == tf.TensorSpec((None,), tf.int32) and found["weight"] == tf.TensorSpec((None,), tf.float32)


def test_what_may_be_left_out_and_what_must_be_known():
    assert {name: one.neutral for name, one in INPUTS.items() if one.neutral is not None} == {
        "plus": "",
        "minus": "",
        "weight": 1.0,
        "user": "",
    }
    assert {name: one.vocabulary for name, one in INPUTS.items() if one.vocabulary} == {"tags": "tags", "word": "tags"}
    assert all(one.help for one in INPUTS.values())


@pytest.mark.parametrize("vocabularies", [{}, {"words": []}, {"tags": ["sea"], "users": ["ann"]}])
def test_examples_are_of_the_inputs_dtype(vocabularies):
    for name, one in INPUTS.items():
        value = one.example(vocabularies)
        assert isinstance(value, bytes) == (one.dtype == "string"), name
    assert INPUTS["tags"].example(vocabularies) == b"".join(word.encode() for word in vocabularies.get("tags", ()))


@pytest.mark.parametrize(
    ("vocabularies", "want"),
    [
        ({"tags": ["sea"], "words": ["<unknown>", ".", "a", "in", "hündin", "und", "the"]}, "a in hündin und"),
        ({"tags": ["sea", "sky"]}, "sea sky"),
        ({"tags": ["#1", "sci-fi"], "labels": ["Warm"]}, "Warm"),
        ({"words": [], "tags": []}, "word"),
        ({}, "word"),
    ],
)
def test_a_sentence_is_made_of_words(vocabularies, want):
    assert example_sentence(vocabularies) == want


def test_command_lines_read_the_table_without_tensorflow():
    code = "import sys, kerasmm.systems.signatures; sys.exit(sum(m in sys.modules for m in ('tensorflow', 'keras', 'numpy')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
