"""`import kerasmm` opens everything, and takes no time."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import kerasmm
from kerasmm.console import UserError

ROOT = Path(__file__).resolve().parents[1]

IMPORT = """
import resource, sys
before = resource.getrusage(resource.RUSAGE_SELF).ru_utime
import kerasmm
assert resource.getrusage(resource.RUSAGE_SELF).ru_utime - before < 0.05
dir(kerasmm), kerasmm.losses, kerasmm.models, kerasmm.data
heavy = {"keras", "tensorflow", "jax", "numpy", "pydantic", "yaml", "rich"} & set(sys.modules)
assert not heavy, heavy
kerasmm.losses.PLSPLoss, kerasmm.models.dman, kerasmm.data.Post, kerasmm.text.word_ids
"""


def test_one_import_is_enough_and_takes_no_time():
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([sys.executable, "-c", IMPORT], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_dir_names_every_package_and_all_of_it_is_there():
    packages = {path.parent.name for path in (ROOT / "kerasmm").glob("*/__init__.py")}
    assert set(dir(kerasmm)) == packages | {"__version__", "load", "open_dataset"}
    for name in packages:
        assert getattr(kerasmm, name) is importlib.import_module(f"kerasmm.{name}")


def test_another_name_is_refused():
    with pytest.raises(AttributeError, match="module 'kerasmm' has no attribute 'lossses'"):
        kerasmm.lossses  # noqa: B018


def test_a_data_set_is_opened(tiny):
    dataset = kerasmm.open_dataset(str(tiny))
    assert [post.id for post in dataset.posts("test")] == [f"test-{number}" for number in range(40)]


def test_a_folder_without_data_set_is_named(tmp_path):
    with pytest.raises(UserError, match=rf"{tmp_path / 'dataset.json'}: no data set here"):
        kerasmm.open_dataset(tmp_path)
