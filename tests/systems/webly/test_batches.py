"""What webly's stages are shown."""

from __future__ import annotations

import dataclasses
from collections import Counter

import numpy as np
import tensorflow as tf

from kerasmm.text import END, OFFSET
from tests.systems.webly.world import (
    KEYWORDS,
    clean_posts,
    made,
    stages_of,
    web_posts,
    words_of,
    write_clean,
)
from tests.tiny import write_dataset


def test_an_epoch_shows_each_sentence_once_with_its_tags_and_picture(clean, seed):
    webly, _, dataset, stages = stages_of(clean, seed=seed)
    posts = {tuple(post.features.astype("float32").tolist()): post for post in dataset.posts("train")}
    words, tags, seen = webly.vocabularies["words"], webly.vocabularies["tags"], []
    for inputs, targets in stages["clean"].batches(0, 0):
        assert inputs["words"].shape[1] == (inputs["words"].numpy() > 0).sum(axis=1).max(), "padding beyond the longest"
        for row in range(16):
            post = posts[tuple(inputs["features"][row].numpy().tolist())]
            ids = [int(one) for one in inputs["words"][row] if one]
            assert ids[-1] == END
            said = [words[one - OFFSET] for one in ids[:-1]]
            (place,) = (k for k, text in enumerate(post.sentences) if words_of(text) == said)
            shown = [tags[one - 1] for one in inputs["tags"][row].numpy() if one]
            assert shown == post.sentence_tags[place].split()
            seen.append((post.id, place))
        assert targets["hardest"].numpy().tolist() == [False] * 16
    # 80 sentences in batches of 16: five batches, nothing left out.
    assert len(seen) == len(set(seen)) == 80
    assert stages["clean"].steps(0) == 5


def test_skipping_batches_goes_on_where_the_epoch_stood(clean, web):
    *_, stages = stages_of(clean, f"web.data={web}", "web.control=true")
    for stage in stages.values():
        whole, rest = list(stage.batches(1, 0)), list(stage.batches(1, 2))
        assert len(rest) == len(whole) - 2 == stage.steps(1) - 2
        for own, other in zip(whole[2:], rest, strict=True):
            tf.nest.map_structure(np.testing.assert_array_equal, own, other)


def test_a_long_sentence_is_cut(clean):
    *_, stages = stages_of(clean, "text.most_words=3")
    for inputs, _ in stages["clean"].batches(0, 0):
        assert inputs["words"].shape == (16, 4)


def targets_of(folder, posts, *changes):
    """One batch of all sentences of these posts: the inputs and targets by what was said."""
    path = write_dataset(folder / "data", {"train": posts})
    count = sum(len(post.sentences) for post in posts)
    _, _, _, stages = stages_of(path, f"training.batch_size={count}", *changes)
    ((inputs, targets),) = list(stages["clean"].batches(0, 0))
    return inputs, {name: values.numpy() for name, values in targets.items()}


def test_a_copy_of_a_picture_is_the_same_picture(tmp_path):
    first, second, third = clean_posts(3, 1)
    copy = dataclasses.replace(first, id="copy", sentences=("something else",), sentence_tags=("else",))
    inputs, targets = targets_of(tmp_path, [first, second, copy, third])
    pictures = [tuple(row) for row in inputs["features"].numpy().tolist()]
    assert len(set(pictures)) == len(set(targets["picture"].tolist())) == 3
    by_picture = {}
    for picture, fingerprint in zip(pictures, targets["picture"].tolist(), strict=True):
        assert by_picture.setdefault(picture, fingerprint) == fingerprint
    assert sorted(Counter(targets["picture"].tolist()).values()) == [2, 2, 3]


def test_the_same_known_tags_are_the_same_in_any_order(tmp_path):
    """They have one embedding, so that no margin could lie between them."""
    tags = ["dog park", "park dog", "dog unseen park", "dog", "unseen", "", "dog dog park"]
    posts = [
        dataclasses.replace(post, sentence_tags=(own,))
        for post, own in zip(clean_posts(7, 1, sentences=1), tags, strict=True)
    ]
    # `unseen` is twice there, `dog` and `park` more often.
    webly_tags = ("text.tag_minimum=3",)
    inputs, targets = targets_of(tmp_path, posts, *webly_tags)
    by_features = {tuple(p.features.astype("float32").tolist()): own for p, own in zip(posts, tags, strict=True)}
    found = {
        by_features[tuple(row)]: int(mark)
        for row, mark in zip(inputs["features"].numpy().tolist(), targets["tag_text"], strict=True)
    }
    assert found["dog park"] == found["park dog"] == found["dog unseen park"] >= 0
    assert found["unseen"] == found[""] == -1
    assert len({found["dog park"], found["dog"], found["dog dog park"], -1}) == 4


def shown_ids(stage, epoch, posts):
    """Ids of the posts of an epoch, batch by batch."""
    by_features = {tuple(post.features.astype("float32").tolist()): post.id for post in posts}
    return [
        [by_features[tuple(row)] for row in inputs["features"].numpy().tolist()]
        for inputs, _ in stage.batches(epoch, 0)
    ]


def test_an_epoch_admits_web_posts_on_common_keywords_first(clean, web):
    """Six keywords over three epochs: red and green, then blue and yellow, then white and black."""
    changes = (f"web.data={web}", "web.curriculum=3", "web.epochs=4", "training.batch_size=4")
    _, _, _, stages = stages_of(clean, *changes)
    posts = web_posts(50, 4)
    for epoch, known in enumerate((KEYWORDS[:2], KEYWORDS[:4], KEYWORDS, KEYWORDS)):
        admitted = {post.id for post in posts if set(post.tags) & set(known)}
        batches = shown_ids(stages["web"], epoch, posts)
        seen = [one for batch in batches for one in batch]
        assert len(seen) == len(set(seen)) == len(admitted) // 4 * 4
        assert set(seen) <= admitted
        assert stages["web"].steps(epoch) == len(batches) == len(admitted) // 4
    assert len(admitted) == 50


def test_web_posts_come_with_their_tags_and_keywords(clean, web):
    webly, _, _, stages = stages_of(clean, f"web.data={web}", "text.tag_minimum=10")
    posts = {tuple(post.features.astype("float32").tolist()): post for post in web_posts(50, 4)}
    tags = webly.vocabularies["tags"]
    for inputs, targets in stages["web"].batches(0, 0):
        assert set(inputs) == {"features", "tags"}
        for row, features in enumerate(inputs["features"].numpy().tolist()):
            post = posts[tuple(features)]
            wanted = [word for word in (*post.tags, *post.keywords) if word in tags]
            assert [tags[one - 1] for one in inputs["tags"][row].numpy() if one] == wanted
            assert targets["hardest"][row]


def test_the_control_has_as_many_steps_of_clean_tags(clean, web):
    changes = (f"web.data={web}", "web.control=true", "web.epochs=3", "web.curriculum=3")
    _, _, dataset, stages = stages_of(clean, *changes, "training.batch_size=8")
    posts = {tuple(post.features.astype("float32").tolist()): post for post in dataset.posts("train")}
    webly, _ = made(clean, *changes)
    tags = webly.vocabularies["tags"]
    for epoch in range(3):
        batches = list(stages["control"].batches(epoch, 0))
        assert len(batches) == stages["control"].steps(epoch) == stages["web"].steps(epoch)
        for inputs, _ in batches:
            assert set(inputs) == {"features", "tags"}
            for row, features in enumerate(inputs["features"].numpy().tolist()):
                shown = " ".join(tags[one - 1] for one in inputs["tags"][row].numpy() if one)
                assert shown in posts[tuple(features)].sentence_tags


def test_a_control_of_few_sentences_goes_round(tmp_path, web):
    path = write_clean(tmp_path / "few", train=6)
    *_, stages = stages_of(path, f"web.data={web}", "web.control=true", "training.batch_size=10", "web.curriculum=0")
    # 12 sentences are one batch of ten, 50 web posts are five.
    assert (stages["clean"].steps(0), stages["web"].steps(0), stages["control"].steps(0)) == (1, 5, 5)
    assert len(list(stages["control"].batches(0, 0))) == 5
