from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasmm.console import UserError
from kerasmm.data import open_dataset, read_manifest
from tests.tiny import tiny_posts, write_dataset

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path):
    return write_dataset(tmp_path / "data", {"train": tiny_posts(3, 0)})


def change(folder, **fields):
    path = folder / "dataset.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_survives_the_disk(folder):
    manifest = read_manifest(folder)
    manifest.write(folder)
    assert read_manifest(folder) == manifest
    assert manifest.records("train") == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"schema_version": 2}, "`schema_version` is 2, this kerasmm reads up to 1; upgrade"),
        ({"schema_version": "one"}, "`schema_version` must be a positive integer"),
        ({"colour": "red"}, "`colour`: Extra inputs"),
        ({"splits": {"train": [{"name": "x"}]}}, r"`splits.train.0.bytes`: Field required"),
        (
            {"splits": {"train": [{"name": "../x", "bytes": 1, "sha256": "", "records": 1}]}},
            "names '../x'; expected a name within",
        ),
        ({"files": [{"name": "/etc/passwd", "bytes": 1, "sha256": ""}]}, "names '/etc/passwd'; expected a name within"),
    ],
)
def test_refuses_what_it_cannot_honour_and_names_the_field(folder, fields, message):
    change(folder, **fields)
    with pytest.raises(UserError, match=message):
        read_manifest(folder)


def test_refuses_a_folder_without_a_data_set(tmp_path):
    with pytest.raises(UserError, match="no data set here; build one with"):
        read_manifest(tmp_path)


def test_refuses_half_a_manifest(folder):
    path = folder / "dataset.json"
    path.write_text(path.read_text()[:100])
    with pytest.raises(UserError, match="not valid JSON"):
        read_manifest(folder)


def test_refuses_a_changed_vocabulary(folder):
    path = folder / "vocabularies" / "tags.txt"
    path.write_text(path.read_text().replace("red", "rad"))
    with pytest.raises(UserError, match=r"tags.txt: SHA-256 differs"):
        open_dataset(folder).vocabulary("tags")


def test_names_the_field_that_a_model_needs(folder):
    with pytest.raises(UserError, match="no post of split 'train' has the field 'sentences'"):
        open_dataset(folder).require(["tags", "sentences"])


def test_names_and_commands_of_any_script_survive_an_ascii_locale(folder):
    program = (
        "import locale, sys; from pathlib import Path; from kerasmm.data import read_manifest; "
        "assert locale.getencoding() != 'utf-8', locale.getencoding(); folder = Path(sys.argv[1]); "
        "read_manifest(folder).model_copy(update={'command': ['build', chr(0x96ea)]}).write(folder)"
    )
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program, str(folder)]
    subprocess.run(command, env={**os.environ, **ascii_only}, check=True, timeout=60)
    assert read_manifest(folder).command == ["build", "\u96ea"]
