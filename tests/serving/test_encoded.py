"""What an export computes before it is written: vectors in files, of the kinds that there are."""

import numpy as np
import pytest

from kerasmm.data.dataset import open_dataset
from kerasmm.serving.encoded import encode
from tests.serving.fake import SAID, FakeSystem, SentenceSystem, make_model, make_posts, sentence_posts
from tests.tiny import write_dataset


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "rows"


def test_posts_and_sentences_lie_in_files(tmp_path, folder):
    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": sentence_posts()}))
    encoded = encode(SentenceSystem(), make_model(), dataset, ["train"], folder, quiet=True)
    assert list(encoded.rows) == ["posts", "sentences"]
    posts, sentences = encoded.rows["posts"], encoded.rows["sentences"]
    assert posts.ids == list(SAID) and posts.texts is None
    said = [(f"{post}#{place}", text) for post, texts in SAID.items() for place, text in enumerate(texts)]
    assert list(zip(sentences.ids, [text.decode() for text in sentences.texts], strict=True)) == said
    np.testing.assert_allclose(sentences.vectors, [SentenceSystem.by_hand(text) for _, text in said], atol=1e-6)
    assert isinstance(posts.vectors, np.memmap) and isinstance(sentences.vectors, np.memmap)
    assert encoded.embeddings is None and encoded.labels is None


def test_labels_are_learned_from_training_posts_that_are_not_indexed(tmp_path, folder):
    posts = make_posts()[:12]
    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": posts[:8], "test": posts[8:]}))
    encoded = encode(FakeSystem(), make_model(), dataset, ["test"], folder, quiet=True)
    assert encoded.rows["posts"].ids == [post.id for post in posts[8:]] and list(encoded.rows) == ["posts"]
    assert encoded.embeddings.shape == (8, 3)
    assert encoded.labels.tolist() == [["Warm" in post.labels, "Cold" in post.labels] for post in posts[:8]]


def test_a_split_without_sentences_has_no_rows_of_them(tmp_path, folder):
    dataset = open_dataset(write_dataset(tmp_path / "data", {"train": sentence_posts()[2:3]}))
    assert list(encode(SentenceSystem(), make_model(), dataset, ["train"], folder, quiet=True).rows) == ["posts"]
