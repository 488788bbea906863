"""An export of another's touches nothing outside of its folder."""

from __future__ import annotations

import contextlib
import json
import sqlite3

import numpy as np
import pytest
from tensorflow.core.protobuf import saved_model_pb2

import kerasmm
from kerasmm import export, index, search
from kerasmm.console import UserError, guarded
from kerasmm.serving import harmless
from kerasmm.serving.check import SIGNATURES_FILE, WARMUP, check_export
from kerasmm.serving.graph_audit import graph_problems
from tests.hostile.recipes import recipes, written
from tests.hostile.recipes.exports import FOREIGN_OPS, GRAPHS, foreign_op
from tests.hostile.recipes.small_export import OWNED, SECRET, copied, whole

FOLDERS = ("a-second-file", "a-linked-asset", "linked-weights", "linked-posts", "links-in-a-circle", "a-pipe")


def test_the_one_that_is_edited_is_whole(tmp_path):
    assert check_export(whole())["problems"] == []
    with kerasmm.load(copied(tmp_path).parent) as opened:
        assert [found.id for found in opened.search(tags=["green"], k=1)] == ["green"]
        asked = {"tags": np.array([["blue"]], object), "k": np.array([2**31 - 1], "int32")}
        assert opened.answer("search_by_tags", asked)["ids"].shape == (1, 3)


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


def json_edit(change):
    def edit(path):
        about = json.loads(path.read_text())
        change(about)
        path.write_text(json.dumps(about))

    return edit


def sql_edit(*statements):
    def edit(path):
        with contextlib.closing(sqlite3.connect(path)) as file:
            for statement in statements:
                file.execute(statement)
            file.commit()

    return edit


DAMAGES = {
    "deep": (SIGNATURES_FILE, lambda path: path.write_text("[" * 100_000)),
    "not-utf8": (SIGNATURES_FILE, lambda path: path.write_bytes(b'{"a": "\xff"}')),
    "signature-of-a-number": (SIGNATURES_FILE, json_edit(lambda about: about["signatures"].update(search_by_tags=7))),
    "shape-of-text": (
        SIGNATURES_FILE,
        json_edit(lambda about: about["signatures"]["search_by_tags"]["inputs"]["tags"].update(shape="x")),
    ),
    "input-of-no-type": (
        SIGNATURES_FILE,
        json_edit(lambda about: about["signatures"]["search_by_tags"]["inputs"]["k"].update(dtype="\x1b[31m")),
    ),
    "input-without-a-shape": (
        SIGNATURES_FILE,
        json_edit(lambda about: about["signatures"]["search_by_tags"]["inputs"]["tags"].pop("shape")),
    ),
    "input-of-another-shape": (
        SIGNATURES_FILE,
        json_edit(lambda about: about["signatures"]["search_by_tags"]["inputs"]["tags"].update(shape=[None, None, 7])),
    ),
    "input-that-nobody-knows": (
        SIGNATURES_FILE,
        json_edit(
            lambda about: about["signatures"]["search_by_tags"]["inputs"].update(x={"dtype": "string", "shape": [None]})
        ),
    ),
    "vocabularies-of-lists": (SIGNATURES_FILE, json_edit(lambda about: about.update(vocabularies={"tags": [1]}))),
    "signature-that-is-not-there": (
        SIGNATURES_FILE,
        json_edit(lambda about: about.update(signatures={"other": about["signatures"]["search_by_tags"]})),
    ),
    "words-not-utf8": ("assets/tags.txt", lambda path: path.write_bytes(b"red\n\xff\n")),
    "posts-no-database": ("assets.extra/posts.sqlite", lambda path: path.write_bytes(b"junk" * 500)),
    "posts-gone": ("assets.extra/posts.sqlite", lambda path: path.unlink()),
    "posts-without-table": ("assets.extra/posts.sqlite", sql_edit("drop table posts")),
    "tags-of-numbers": ("assets.extra/posts.sqlite", sql_edit("update posts set tags = '[[1]]'")),
    "text-of-a-number": ("assets.extra/posts.sqlite", sql_edit("update posts set text = x'ff'")),
    "posts-without-end": (
        "assets.extra/posts.sqlite",
        sql_edit(
            "alter table posts rename to were",
            "create view posts as with recursive endless(i) as (select 1 union all select i + 1 from endless) "
            "select were.* from were, endless where i < 0",
        ),
    ),
    "text-that-is-computed": (
        "assets.extra/posts.sqlite",
        sql_edit(
            "drop table posts",
            "create table posts (id, split, text as (hex(zeroblob(400000000))), tags, labels, thumbnail, author)",
            "insert into posts (id, split, tags, labels) values ('red', 'train', '[]', '[]')",
        ),
    ),
    "text-of-a-hundred-megabytes": (
        "assets.extra/posts.sqlite",
        sql_edit("update posts set text = replace(hex(zeroblob(50000000)), '0', 'a') where id = 'red'"),
    ),
    "tags-deep": ("assets.extra/posts.sqlite", sql_edit(f"update posts set tags = '{'[' * 100_000}'")),
    "weights-index-cut": ("variables/variables.index", lambda path: path.write_bytes(path.read_bytes()[:60])),
    "weights-cut": (
        "variables/variables.data-00000-of-00001",
        lambda path: path.write_bytes(path.read_bytes()[:10]),
    ),
    "weights-gone": ("variables/variables.data-00000-of-00001", lambda path: path.unlink()),
    "warm-up-cut": (WARMUP, lambda path: path.write_bytes(path.read_bytes()[:30])),
    "warm-up-empty": (WARMUP, lambda path: path.write_bytes(b"")),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_file_is_one_line_of_every_command(tmp_path, capsys, name):
    part, damage = DAMAGES[name]
    version = copied(tmp_path)
    damage(version / part)
    codes = []
    for main, arguments in (
        (search.main, ["--model", str(version), "--tag", "red", "--json", "--quiet"]),
        (index.main, ["--model", str(version), "--remove", "green", "--quiet"]),
        (export.main, ["--check", str(version), "--quiet"]),
    ):
        codes.append(guarded(main, arguments))
        said = capsys.readouterr().err
        assert codes[-1] in (0, 2), said
        assert not said or (said.startswith("error: ") and said.count("\n") == 1 and str(tmp_path) in said)
        assert said.rstrip("\n").isprintable()
    # Whoever reads the file says so; the others needn't.
    assert 2 in codes
    assert [path.name for path in version.parent.iterdir() if path.name.startswith(".")] == []
