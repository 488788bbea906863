"""Ready-made annotations, in all the forms that people have them."""

import csv
import gzip
import json

import pytest

from data_prep.annotators.column import Column
from data_prep.config import BuildConfig, Connotations
from data_prep.draft import Draft
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.post import Post
from kerasmm.settings import validated
from tests.data_prep.world import build_world


def post(post_id):
    return Draft(Post(id=post_id, text=f"text of {post_id}", labels=("given",)))


def annotated(path, folder, ids, column="labels"):
    annotator = Column(Connotations(method="column", annotations=str(path), column=column), folder)
    annotator.prepare()
    figures = annotator.learn(map(post, ids))
    return [annotator.labels(post(post_id)) for post_id in ids], figures


CONTENT = {"a": ["Racism", "European Union"], "b": [], "42": ["Brexit"], "nobody": ["Brexit"]}


def written(path):
    rows = list(CONTENT.items())
    text = {
        ".csv": "id,other,names\n" + "".join(f"{key},x,{'|'.join(labels)}\n" for key, labels in rows),
        ".tsv": "id\tother\tnames\n" + "".join(f"{key}\tx\t{json.dumps(labels)}\n" for key, labels in rows),
        ".jsonl": "".join(
            json.dumps({"id": int(key) if key.isdigit() else key, "names": labels or None}) + "\n"
            for key, labels in rows
        ),
    }
    (gzip.open if path.suffix == ".gz" else open)(path, "wt").write(text["." + path.name.split(".")[1]])
    return path


@pytest.mark.parametrize("name", ["f.csv", "f.tsv", "f.jsonl", "f.csv.gz"])
def test_forms(tmp_path, name):
    found, figures = annotated(written(tmp_path / name), tmp_path / "own", ["a", "b", "c", "42", "\ud800"], "names")
    assert found == [("Racism", "European Union"), (), (), ("Brexit",), ()]
    assert figures == {"unknown_ids": 1}


def test_csv_as_csv_writes_it(tmp_path):
    with (tmp_path / "f.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("labels", "id"), (json.dumps(['a "b"', "c, d"]), "1,2"), (" | x ||", "3")])
    found, _ = annotated(tmp_path / "f.csv", tmp_path / "own", ["1,2", "3"])
    assert found == [('a "b"', "c, d"), (" x ",)]


def test_lines_of_one_id_add_up(tmp_path):
    (tmp_path / "f.csv").write_text("id,labels\n1,a\n2,b\n1,c\n9,z\n9,y\n")
    found, figures = annotated(tmp_path / "f.csv", tmp_path / "own", ["1", "2"])
    assert (found, figures) == ([("a", "c"), ("b",)], {"unknown_ids": 1})


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("f.csv", "id,label\n1,a\n", r"f\.csv:1: has no column 'labels'\. Did you mean 'label'\?"),
        ("f.csv", "labels\na\n", r"f\.csv:1: has no column 'id'"),
        ("f.csv", "id,labels\n1,a,b\n", r"f\.csv:2: must have 2 columns. Received: 3"),
        ("f.csv", "id,labels\n,a\n", r"f\.csv:2: `id` must be text"),
        ("f.csv", "id,labels\n1,[a\n", r"f\.csv:2: `labels`: not valid JSON"),
        ("f.csv", "id,labels\n", "holds no annotation"),
        ("f.jsonl", "", "holds no annotation"),
        ("f.jsonl", '{"id": "1", "labels": ["a"]}\n{"id": "2"}\n', r"f\.jsonl:2: has no 'labels'"),
        ("f.jsonl", '{"id": "1", "labels": 7}\n', r"f\.jsonl:1: `labels` must be a list of strings"),
        ("f.jsonl", '{"id": true, "labels": []}\n', r"f\.jsonl:1: `id` must be text"),
        ("f.jsonl", "[]\n", r"f\.jsonl:1: must be an object"),
        ("f.jsonl", "{\n", r"f\.jsonl:1: not valid JSON"),
        ("f.xlsx", "x", r"must end in \.csv"),
    ],
)
def test_bad_files(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=message) as error:
        annotated(tmp_path / name, tmp_path / "own", ["1"])
    assert "\n" not in str(error.value)


def test_a_missing_file_and_missing_keys(tmp_path):
    with pytest.raises(UserError, match=r"connotations.annotations: .*f\.csv: no such file"):
        annotated(tmp_path / "f.csv", tmp_path, [])
    for content, message in (
        ({"method": "column"}, "`method: column` needs `annotations`"),
        ({"method": "gazetteer"}, "`method: gazetteer` needs `concepts`"),
        ({"method": "hashtags", "concepts": "f"}, "`concepts` goes with `method: gazetteer`"),
        ({"concepts": "f"}, "`method` turns the connotations on"),
        ({"methode": "column"}, "Did you mean 'connotations.method'"),
    ):
        with pytest.raises(UserError, match=message):
            validated(BuildConfig, {"connotations": content})


def test_in_a_build(tmp_path):
    (tmp_path / "f.tsv").write_text("id\tlabels\n" + "".join(f"{n}\tSea|{n % 2} Sea\n" for n in range(8)))
    config = {
        "connotations": {"method": "column", "annotations": str(tmp_path / "f.tsv")},
        "labels": {"minimum": 5},
        "image": {"required": False},
        "needs": ["text", "labels"],
        "split": {"test": 0.0, "validation": 0.0},
    }
    manifest = build_world(tmp_path, [post(str(n)) for n in range(1, 10)], config)
    posts = list(open_dataset(tmp_path / "data").posts("train"))
    assert {(p.id, p.labels) for p in posts} == {(str(n), ("sea",)) for n in range(1, 8)}
    assert manifest.dropped == {"needs": {"no labels": 2}}
    found = {name: figure for name, figure in manifest.statistics.items() if name.startswith("connotations/")}
    # By hand: seven posts with two labels each, "sea" seven times, "1 sea" four times, "0 sea" three times.
    assert found == {
        "connotations/unknown_ids": 1,
        "connotations/found_labels": 3,
        "connotations/found_posts": 7,
        "connotations/found_labels_per_post": 2,
        "connotations/found_labels_per_post_std": 0,
        "connotations/found_top_ten_share": 1,
        "connotations/found_rare_labels": 3,
    }
