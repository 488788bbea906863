"""Features from elsewhere: what is read, what is refused, and how they join their posts."""

import dataclasses
import json
import shutil
import zipfile

import numpy as np
import pyarrow
import pytest
from pyarrow import parquet

from data_prep.build import configuration
from data_prep.work.chunks import Work
from data_prep.write.vectors import Vectors, is_vector_file, prepare_vectors
from kerasmm.console import UserError
from kerasmm.data.dataset import open_dataset
from kerasmm.data.manifest import sha256_of
from tests.data.test_npy import written
from tests.data_prep.world import build_world, random_drafts


def write_npz(path, ids, vectors):
    np.savez(path, ids=np.array(ids), vectors=vectors)
    return path


def write_compressed(path, ids, vectors):
    with np.errstate(over="ignore"):
        np.savez_compressed(path, ids=np.array(ids), vectors=vectors.astype("float16"))
    return path


def write_npy(path, ids, vectors):
    np.save(path.with_suffix(".npy"), vectors.astype("float64"))
    path.with_suffix(".ids").write_text("".join(f"{one}\n" for one in ids), encoding="utf-8")
    return path.with_suffix(".npy")


def write_parquet(path, ids, vectors):
    table = pyarrow.table({"more": list(range(len(ids))), "vector": vectors.tolist(), "id": list(ids)})
    parquet.write_table(table, path.with_suffix(".parquet"), row_group_size=7)
    return path.with_suffix(".parquet")


@pytest.mark.parametrize("write", [write_npz, write_compressed, write_npy, write_parquet])
@pytest.mark.parametrize("shape", [(5,), (3, 4)])
def test_looks_vectors_up_by_id(tmp_path, rng, write, shape):
    ids = [f"{number} é" for number in rng.permutation(40)]
    vectors = rng.normal(size=(40, *shape)).astype("float16").astype("float32")
    vectors[3] = 1e6
    path = write(tmp_path / "clip.npz", ids, vectors)
    if write is write_compressed:
        vectors[3] = np.inf
        with pytest.raises(UserError, match=f"the vector of '{ids[3]}' is not finite"):
            prepare_vectors(path, Work(tmp_path / "work"))
        vectors[3] = 7
        path = write(tmp_path / "clip.npz", ids, vectors)
    features = prepare_vectors(path, Work(tmp_path / "work"))
    assert features.encoder == f"file:{path.name}" and features.shape == shape
    assert features.fingerprint == sha256_of(path)
    found = Vectors.of(Work(tmp_path / "work"))
    for post_id, vector in zip(ids, vectors, strict=True):
        assert post_id in found and found[post_id].dtype == np.float16
        np.testing.assert_array_equal(found[post_id], np.clip(vector, -65504, 65504))
    assert "41 é" not in found and "" not in found


def test_numbers_as_ids(tmp_path):
    path = write_npz(tmp_path / "v.npz", [17, 4], np.eye(2, dtype="float32"))
    prepare_vectors(path, Work(tmp_path / "work"))
    np.testing.assert_array_equal(Vectors(tmp_path / "work")["4"], [0, 1])


def refused(path, work):
    with pytest.raises(UserError) as error:
        prepare_vectors(path, Work(work))
    assert "\n" not in str(error.value)
    return str(error.value)


def test_what_is_refused(tmp_path):
    eye, work = np.eye(3, dtype="float32"), tmp_path / "work"
    assert "no such file of vectors" in refused(tmp_path / "none.npz", work)
    assert "the id 'a' stands there twice" in refused(write_npz(tmp_path / "a.npz", list("aba"), eye), work)
    assert "has 3 vectors and 2 ids" in refused(write_npz(tmp_path / "b.npz", list("ab"), eye), work)
    bad = eye.copy()
    bad[1, 2] = np.nan
    assert "the vector of 'b' is not finite" in refused(write_npz(tmp_path / "c.npz", list("abc"), bad), work)
    assert "expected floats (n, d) or (n, regions, d)" in refused(
        write_npz(tmp_path / "d.npz", list("abc"), np.arange(3)), work
    )
    np.savez(tmp_path / "e.npz", names=eye)
    assert "expected the arrays `ids` and `vectors`. Received: names" in refused(tmp_path / "e.npz", work)
    np.savez(tmp_path / "f.npz", ids=np.array(["a", None], object), vectors=eye[:2])
    assert "can't be read as vectors by id" in refused(tmp_path / "f.npz", work)
    (tmp_path / "g.npz").write_bytes(b"PK\x03\x04 no archive")
    assert "can't be read as vectors by id" in refused(tmp_path / "g.npz", work)
    np.save(tmp_path / "h.npy", eye)
    assert "no ids beside it; expected one a line in h.ids, h.txt, ids.txt" in refused(tmp_path / "h.npy", work)
    (tmp_path / "i.parquet").write_bytes(b"none")
    assert "i.parquet" in refused(tmp_path / "i.parquet", work)
    parquet.write_table(pyarrow.table({"id": ["a", "b"], "vector": [[1.0], [1.0, 2.0]]}), tmp_path / "j.parquet")
    assert "vectors of several sizes" in refused(tmp_path / "j.parquet", work)


def test_files_that_lie(tmp_path):
    eye, work = np.eye(3, dtype="float32"), tmp_path / "work"
    (tmp_path / "a.npz").write_text("0.1 0.2")
    assert "(is no NumPy file)" in refused(tmp_path / "a.npz", work)
    (tmp_path / "b.npy").write_text("0.1 0.2")
    (tmp_path / "b.ids").write_text("a\n")
    assert "(is no NumPy file)" in refused(tmp_path / "b.npy", work)
    written(tmp_path / "b.npy", "(True, 8)")
    assert "expected whole numbers" in refused(tmp_path / "b.npy", work)
    assert r"the id 'a\udc80' is not valid Unicode" in refused(
        write_npz(tmp_path / "c.npz", ["a\udc80", "b", "c"], eye), work
    )
    huge = written(tmp_path / "huge.npy", "(100000000000,)", dtype="'<U9'").read_bytes()
    wide = written(tmp_path / "wide.npy", "(100000000000, 8)").read_bytes()
    other = written(tmp_path / "other.npy", "(4, 2)").read_bytes()
    np.save(tmp_path / "ids.npy", np.array(["a", "b"]))
    two = (tmp_path / "ids.npy").read_bytes()
    for ids, vectors, says in (
        (huge, other, "`ids` should hold <U9"),
        (two, wide, "`vectors` should hold float32"),
        (two, other + b"0" * 9, "has 4 vectors and 2 ids"),
        (two, b"text", "`vectors` is no NumPy file"),
    ):
        with zipfile.ZipFile(tmp_path / "d.npz", "w") as archive:
            archive.writestr("ids.npy", ids)
            archive.writestr("vectors.npy", vectors)
        assert says in refused(tmp_path / "d.npz", tmp_path / "other")
        assert not (tmp_path / "other" / "unpacked.npy").exists()


@pytest.mark.parametrize(
    ("ids", "vectors", "says"),
    [
        ([1.0, 2.0], [[1.0], [2.0]], "`id` must be strings or whole numbers. Received: double"),
        ([b"a", b"b"], [[1.0], [2.0]], "`id` must be strings or whole numbers. Received: binary"),
        (["a", None], [[1.0], [2.0]], "`id` is missing in a row"),
        (["a", "b"], [{"x": 1.0}, {"x": 2.0}], "`vector` must be lists of floats. Received: struct"),
        (["a", "b"], [[{"x": 1.0}], [{"x": 2.0}]], "`vector` must be lists of floats. Received: list"),
        (["a", "b"], [1.0, 2.0], "`vector` must be lists of floats. Received: double"),
    ],
    ids=["floats", "bytes", "null", "structs", "lists of structs", "scalars"],
)
def test_parquet_columns_of_other_kinds(tmp_path, ids, vectors, says):
    parquet.write_table(pyarrow.table({"id": ids, "vector": vectors}), tmp_path / "a.parquet")
    assert says in refused(tmp_path / "a.parquet", tmp_path / "work")


def test_ids_may_begin_with_a_mark(tmp_path):
    np.save(tmp_path / "a.npy", np.eye(2))
    (tmp_path / "a.ids").write_bytes(b"\xef\xbb\xbfx\r\ny\r\n")
    prepare_vectors(tmp_path / "a.npy", Work(tmp_path / "work"))
    np.testing.assert_array_equal(Vectors.of(Work(tmp_path / "work"))["x"], [1, 0])


def test_another_build_in_the_same_folder_has_its_own(tmp_path):
    for number in range(3):
        path = write_npz(tmp_path / "v.npz", ["a"], np.full((1, 2), number, "float32"))
        prepare_vectors(path, Work(tmp_path / "work"))
        np.testing.assert_array_equal(Vectors.of(Work(tmp_path / "work"))["a"], [number, number])
        shutil.rmtree(tmp_path / "work")


def test_ids_that_none_has_are_shown(tmp_path, rng):
    path = write_npz(tmp_path / "v.npz", ["7.jpg", "8.jpg"], np.eye(2, dtype="float32"))
    drafts = random_drafts(tmp_path / "pictures", 3, rng)
    with pytest.raises(UserError, match=r"no features in the file .*the file has ids like '7.jpg'") as error:
        build_world(tmp_path, drafts, {"features": {"encoder": str(path)}})
    assert any(f"e.g. {draft.post.id}:" in str(error.value) for draft in drafts)


def test_posts_are_joined_with_their_vectors_and_need_no_picture(tmp_path, rng):
    drafts = random_drafts(tmp_path / "pictures", 20, rng)
    drafts[4] = dataclasses.replace(drafts[4], picture=None)
    ids = [draft.post.id for draft in drafts if draft is not drafts[7]]
    order = rng.permutation(len(ids))
    vectors = rng.normal(size=(len(ids), 6)).astype("float16")
    path = write_npz(
        tmp_path / "v.npz", [*(ids[row] for row in order), "of no post"], np.append(vectors[order], vectors[:1], 0)
    )
    manifest = build_world(tmp_path, drafts, {"features": {"encoder": str(path)}, "tags": {"most": None}})
    assert manifest.features is not None and manifest.features.shape == (6,)
    dataset = open_dataset(tmp_path / "data")
    posts = {post.id: post for split in manifest.splits for post in dataset.posts(split)}
    assert set(posts) == set(ids)
    for post_id, vector in zip(ids, vectors, strict=True):
        np.testing.assert_array_equal(posts[post_id].features, vector)
    assert posts[drafts[4].post.id].image is None
    (reject,) = map(json.loads, (tmp_path / "data" / "rejects.jsonl").read_text().splitlines())
    assert (reject["where"], reject["reason"]) == (drafts[7].post.id, "no features in the file")


def test_which_names_are_files():
    names = {"a.npz": True, "x/b.NPY": True, "c.parquet": True, "vgg16": False, "vgg16@block4_pool": False, None: False}
    assert {name: is_vector_file(name) for name in names} == names
    config = configuration("posts", None, {"features": {"encoder": "a.npz"}})
    assert config.needs == ["tags"] and not config.image.required
