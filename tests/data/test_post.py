"""A post as TensorFlow itself reads it, and back."""

import pytest
import tensorflow as tf

from kerasmm.data.post import Post

WORDS = ("a dog runs", "über 語 😀", "so it is")
PSEUDO_TAGS = ("dog run", "", "")


def features(post):
    """The stored features of a post, as Python values."""
    example = tf.train.Example.FromString(post.to_bytes())
    return {name: list(value.bytes_list.value) for name, value in example.features.feature.items()}


def test_every_sentence_has_its_pseudo_tags_and_a_web_post_its_keywords():
    post = Post(id="7", sentences=WORDS, sentence_tags=PSEUDO_TAGS, keywords=("dog", "schnee 語"))
    assert features(post) == {
        "post/id": [b"7"],
        "sentences": [word.encode() for word in WORDS],
        "sentences/tags": [b"dog run", b"", b""],
        "keywords": [b"dog", "schnee 語".encode()],
    }
    assert Post.from_bytes(post.to_bytes()) == post


def test_sentences_without_any_pseudo_tag_are_not_sentences_without_annotation():
    annotated, plain = Post(id="7", sentences=("so it is",), sentence_tags=("",)), Post(id="7", sentences=("so it is",))
    assert annotated.fields() - plain.fields() == {"sentences/tags"}
    assert Post.from_bytes(annotated.to_bytes()).sentence_tags == ("",)
    assert Post.from_bytes(plain.to_bytes()).sentence_tags == ()


def test_absent_fields_are_left_out():
    assert features(Post(id="7")) == {"post/id": [b"7"]}


@pytest.mark.parametrize("tags", [("dog",), ("dog", "run", "", "")])
def test_pseudo_tags_go_with_sentences(tags):
    with pytest.raises(ValueError, match=f"Received: {len(tags)} for 3 sentences of post '7'"):
        Post(id="7", sentences=WORDS, sentence_tags=tags)
