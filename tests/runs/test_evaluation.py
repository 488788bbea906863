"""What an evaluation keeps of the outputs of a system with posts and sentences."""

from __future__ import annotations

import numpy as np
import pytest

from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.runs.evaluation import Evaluation
from tests.tiny import write_dataset


def strings(values):
    array = np.empty(len(values), object)
    array[:] = [value.encode() for value in values]
    return array


class Lengths:
    """A system whose vectors say which row they are: a post's place, and the lengths of sentences."""

    kinds = ("posts", "sentences")

    def __init__(self):
        self.runs = []

    def outputs(self, model, dataset, split, kind="posts"):
        self.runs.append((split, kind))
        posts = list(dataset.posts(split))
        for start in range(0, len(posts), 3):
            some = list(enumerate(posts))[start : start + 3]
            if kind == "posts":
                ids, vectors = [post.id for _, post in some], [[row, row + 0.5] for row, _ in some]
                yield {"id": strings(ids), "vectors": np.array(vectors, "float32")}
                continue
            rows = [(row, post, place, text) for row, post in some for place, text in enumerate(post.sentences)]
            yield {
                "id": strings([f"{post.id}#{place}" for _, post, place, _ in rows]),
                "post": np.array([row for row, *_ in rows], "int64"),
                "text": strings([text for *_, text in rows]),
                "vectors": np.array([[len(text)] for *_, text in rows], "float16").reshape(-1, 1),
            }


def sentences(count, rng):
    """As many sentences as chance has it, so that batches of posts have other sizes, some none."""
    return [tuple("a" * int(n) for n in rng.integers(1, 50, rng.integers(0, 4))) for _ in range(count)]


@pytest.fixture
def said(rng):
    return {"train": sentences(7, rng), "test": [("a dog",), (), ("a cat", "a cat")], "web": [(), ()]}


@pytest.fixture
def evaluation(tmp_path, said):
    splits = {
        split: [Post(id=f"{split} {n}", sentences=texts, text="x") for n, texts in enumerate(of_split)]
        for split, of_split in said.items()
    }
    return Evaluation(Lengths(), None, open_dataset(write_dataset(tmp_path / "data", splits)), "test")


def test_rows_of_each_kind(evaluation, said):
    for split in ("train", "test"):
        posts, found = evaluation.outputs(split), evaluation.outputs(split, "sentences")
        assert sorted(posts) == ["id", "vectors"] and sorted(found) == ["id", "post", "text", "vectors"]
        assert posts["vectors"].tolist() == [[row, row + 0.5] for row in range(len(said[split]))]
        want = [(row, len(text)) for row, texts in enumerate(said[split]) for text in texts]
        assert list(zip(found["post"].tolist(), found["vectors"][:, 0].tolist(), strict=True)) == want
        assert posts["id"].tolist() == [f"{split} {row}".encode() for row in range(len(said[split]))]
        assert found["text"].tolist() == [text.encode() for texts in said[split] for text in texts]
        assert found["id"].tolist() == [
            f"{split} {row}#{place}".encode() for row, texts in enumerate(said[split]) for place in range(len(texts))
        ]
        assert all(isinstance(array, np.memmap) for name, array in found.items() if name not in ("id", "text"))


def test_each_kind_of_a_split_is_computed_once(evaluation):
    for _ in range(2):
        evaluation.outputs("test")
        evaluation.outputs("test", "sentences")
    assert evaluation.system.runs == [("test", "posts"), ("test", "sentences")]


def test_a_split_without_sentences_is_named(evaluation):
    assert len(evaluation.outputs("web")["vectors"]) == 2
    with pytest.raises(UserError, match="data: split 'web' has no sentences to evaluate on"):
        evaluation.outputs("web", "sentences")


def test_a_kind_that_the_system_has_not(evaluation):
    with pytest.raises(ValueError, match=r"must be one of \('posts', 'sentences'\). Received: kind='tags'"):
        evaluation.outputs("test", "tags")
