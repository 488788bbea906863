"""Gazetteers, annotations and vectors of a stranger's: one line that names the file, or read; never a fault of ours."""

import io
import json
import zipfile

import numpy as np
import pytest

from data_prep.annotators.column import Column
from data_prep.annotators.gazetteer import Gazetteer
from data_prep.config import Connotations
from data_prep.draft import Draft
from data_prep.work.chunks import Work
from data_prep.write.vectors import prepare_vectors
from kerasmm.console import UserError
from kerasmm.data.post import Post
from kerasmm.text.vector_files import VectorFile

DEEP = "[" * 100_000
DRAFTS = [Draft(Post(id=str(number), text="an apple")) for number in range(3)]
CONCEPTS = {
    "deep": ("concepts.jsonl", DEEP),
    "deep aliases": ("concepts.jsonl", f'{{"title": "Apple", "aliases": {DEEP}'),
    "large count": ("concepts.jsonl", '{"title": "Apple", "count": 10000000000000000000000000}'),
    "count without end": ("concepts.jsonl", f'{{"title": "Apple", "count": {"9" * 5000}}}'),
    "count in columns": ("concepts.tsv", f"Apple\t\t{'9' * 5000}"),
    "half a character": ("concepts.jsonl", '{"title": "App\\ud800le"}'),
    "half a character in an alias": ("concepts.jsonl", '{"title": "Apple", "aliases": ["\\ud800"]}'),
    "wrong types": ("concepts.jsonl", '{"title": ["Apple"], "aliases": {"a": 1}}'),
    "a number": ("concepts.jsonl", "7"),
}
ANNOTATIONS = {
    "deep": ("labels.jsonl", DEEP),
    "deep labels": ("labels.csv", f"id,labels\n1,{DEEP}\n"),
    "no id": ("labels.jsonl", '{"labels": ["a"]}'),
    "an id that is a list": ("labels.jsonl", '{"id": [], "labels": ["a"]}'),
    "labels that are numbers": ("labels.jsonl", '{"id": 1, "labels": 7}'),
    "not UTF-8": ("labels.csv", b"id,labels\n1,\xff\n"),
}


def annotated(annotator):
    annotator.prepare()
    annotator.learn(DRAFTS)
    return [annotator.labels(draft) for draft in DRAFTS]


def written(folder, name, content):
    (path := folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def one_line(caught, path):
    text = str(caught.value)
    assert str(path) in text and "\n" not in text and len(text) < 1000


@pytest.mark.parametrize(("name", "content"), CONCEPTS.values(), ids=CONCEPTS)
def test_a_concept_that_is_none_is_named(tmp_path, name, content):
    path = written(tmp_path, name, f"{content}\n")
    with pytest.raises(UserError) as caught:
        annotated(Gazetteer(Connotations(method="gazetteer", concepts=str(path)), tmp_path / "made"))
    one_line(caught, f"{path}:1")


@pytest.mark.parametrize(("name", "content"), ANNOTATIONS.values(), ids=ANNOTATIONS)
def test_an_annotation_that_is_none_is_named(tmp_path, name, content):
    path = written(tmp_path, name, content)
    with pytest.raises(UserError) as caught:
        annotated(Column(Connotations(method="column", annotations=str(path)), tmp_path / "made"))
    one_line(caught, path)


def test_labels_of_one_post_in_many_lines_take_no_square_of_them(tmp_path):
    lines = [json.dumps({"id": "1", "labels": [f"label {number}", "again"]}) for number in range(20_000)]
    path = written(tmp_path, "labels.jsonl", "\n".join([*lines, '{"id": 2, "labels": ["\\ud800", "b"]}']))
    found = annotated(Column(Connotations(method="column", annotations=str(path)), tmp_path / "made"))
    assert found[0] == () and found[2] == ("b",)
    assert found[1][:3] == ("label 0", "again", "label 1") and len(found[1]) == 20_001


def npy(array):
    np.save(file := io.BytesIO(), array)
    return file.getvalue()


def test_an_archive_of_zeros_is_not_unpacked(tmp_path):
    path = tmp_path / "vectors.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ids.npy", npy(np.array(["1"] * 10)))
        archive.writestr("vectors.npy", npy(np.zeros((10, 1 << 19), "float32")))
    with pytest.raises(UserError, match="would be unpacked to 20,971,") as caught:
        prepare_vectors(path, Work(tmp_path / "work"))
    one_line(caught, path)
    assert not list((tmp_path / "work").glob("*"))


def test_a_header_that_promises_more_allocates_nothing(tmp_path):
    head = npy(np.zeros((1, 1), "float32"))
    long = head.replace(b"'shape': (1, 1), }" + b" " * 20, b"'shape': (1000000, 3000000), }" + b" " * 8)
    assert len(long) == len(head) and long != head
    written(tmp_path, "ids.txt", "1\n")
    with pytest.raises(UserError, match="should hold float32") as caught:
        prepare_vectors(path := written(tmp_path, "vectors.npy", long), Work(tmp_path / "work"))
    one_line(caught, path)
    with pytest.raises(UserError, match="expected a first line") as caught:
        VectorFile(path := written(tmp_path, "words.vec", "1000000 3000000\na 1 2 3\n"))
    one_line(caught, path)


def test_many_equal_numbers_of_parquet_are_not_unpacked(tmp_path):
    arrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    path = tmp_path / "vectors.parquet"
    vector = arrow.array([np.zeros(20_000_000, "float32")], arrow.list_(arrow.float32()))
    parquet.write_table(arrow.table({"id": ["1"], "vector": vector}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(UserError, match="20,000,000 values") as caught:
        prepare_vectors(path, Work(tmp_path / "work"))
    one_line(caught, path)


def test_a_line_of_spaces_is_matched_in_one_go():
    from data_prep.sources.sentence_files import _PIPED

    assert _PIPED.fullmatch("a" + " " * 500_000) is None
    match = _PIPED.fullmatch("7 b.jpg | 2| a dog . ")
    assert match and match.groups() == ("7 b.jpg", "2", "a dog . ")


def test_a_title_of_many_lines_keeps_some_of_their_words(tmp_path):
    from data_prep.annotators.concept_index import _MOST_LETTERS, ConceptIndex, build
    from data_prep.annotators.concepts import read_concepts

    lines = "".join(f"Apple\t\t1\tpie{'x' * 200}{number}\n" for number in range(300))
    assert build(tmp_path / "made.sqlite", read_concepts(written(tmp_path, "concepts.tsv", lines))) == 1
    (found,) = ConceptIndex(tmp_path / "made.sqlite").candidates("apple")
    assert found.frequency == 300
    assert abs(sum(len(word) + 1 for word in found.words) - _MOST_LETTERS) < 1000
