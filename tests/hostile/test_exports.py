"""An export of another's touches nothing outside of its folder."""

from __future__ import annotations

import numpy as np
import pytest
from tensorflow.core.protobuf import saved_model_pb2

import kerasmm
from kerasmm.console import UserError
from kerasmm.serving import harmless
from kerasmm.serving.check import check_export
from kerasmm.serving.graph_audit import graph_problems
from tests.hostile.recipes import recipes, written
from tests.hostile.recipes.exports import FOREIGN_OPS, GRAPHS, OWNED, SECRET, copied, foreign_op, whole

FOLDERS = ("a-second-file", "a-linked-asset", "linked-weights", "linked-posts", "links-in-a-circle", "a-pipe")


def test_the_one_that_is_edited_is_whole(tmp_path):
    assert check_export(whole())["problems"] == []
    with kerasmm.load(copied(tmp_path).parent) as export:
        assert [found.id for found in export.search(tags=["green"], k=1)] == ["green"]
        asked = {"tags": np.array([["blue"]], object), "k": np.array([2**31 - 1], "int32")}
        assert export.answer("search_by_tags", asked)["ids"].shape == (1, 3)


@pytest.mark.parametrize("name", [*(name.replace("_", "-") for name in GRAPHS), *FOLDERS])
def test_what_leaves_the_folder_is_refused_before_it_is_loaded(tmp_path, monkeypatch, name):
    version = written(f"exports/{name}", tmp_path)
    before = {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")}
    monkeypatch.setattr("tensorflow.compat.v1.saved_model.load", lambda *_: pytest.fail("it was loaded"))
    with pytest.raises(UserError) as raised:
        kerasmm.load(version).search(tags=["red"])
    said = str(raised.value)
    assert str(version) in said and "\n" not in said and SECRET not in said
    try:
        assert check_export(version)["problems"]
    except UserError:
        assert name in FOLDERS
    assert {path: path.lstat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert not list(tmp_path.rglob(f"{OWNED}*"))


def test_every_recipe_is_tested():
    named = {name.removeprefix("exports/") for name in recipes() if name.startswith("exports/")}
    assert {name.replace("_", "-") for name in GRAPHS} | set(FOLDERS) <= named


@pytest.mark.parametrize("inside", [False, True], ids=["graph", "function"])
@pytest.mark.parametrize("op", FOREIGN_OPS)
def test_ops_of_files_and_processes_are_refused_anywhere(op, inside):
    message = saved_model_pb2.SavedModel.FromString((whole() / "saved_model.pb").read_bytes())
    foreign_op(message, op, inside)
    assert any(f"holds ops that no export has: {op}" in one for one in graph_problems(message.SerializeToString()))


def test_damaged_graphs_are_one_line(rng):
    content = (whole() / "saved_model.pb").read_bytes()
    for _ in range(20):
        damaged = bytearray(content)
        for place in rng.integers(0, len(content), 30):
            damaged[place] = rng.integers(0, 256)
        for one in graph_problems(bytes(damaged[: rng.integers(1, len(content))])):
            assert len(one) < 400 and "\n" not in one


def test_a_new_graph_is_told_of_once(tmp_path, monkeypatch, capsys):
    remembered = tmp_path / "cache" / "audited"
    monkeypatch.setattr(harmless, "audited_file", lambda: remembered)
    harmless.require_harmless(whole())
    said = capsys.readouterr().err
    assert said.startswith(f"audited {whole()}") and said.count("\n") == 1
    harmless.require_harmless(whole())
    assert capsys.readouterr().err == ""
    # Other rules make it new again; nobody is told who wants quiet.
    monkeypatch.setattr(harmless, "RULES", 10**6)
    harmless.require_harmless(whole(), quiet=True)
    harmless.require_harmless(whole())
    assert capsys.readouterr().err == ""
    assert remembered.read_text().count("\n") == 2


@pytest.mark.parametrize("content", [b"\xff" * 100, b"x" * 10**6, None], ids=["junk", "large", "folder"])
def test_a_memory_that_is_damaged_is_none(tmp_path, monkeypatch, capsys, content):
    remembered = tmp_path / "audited"
    remembered.mkdir() if content is None else remembered.write_bytes(content)
    monkeypatch.setattr(harmless, "audited_file", lambda: remembered)
    harmless.require_harmless(whole())
    assert capsys.readouterr().err.startswith("audited ")
