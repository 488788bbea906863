"""Installed from a wheel it is whole: built and installed offline, used in an empty folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

import kerasmm
from tests.tiny import tiny_dataset

ROOT = Path(__file__).resolve().parents[1]


def call(*command: object, folder: Path) -> str:
    """What a command prints, in a folder, without anything of the repository on Python's path."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(
        [*map(str, command)], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-1000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, so that nothing is left in the repository and nothing of an earlier build goes in."""
    source = tmp_path_factory.mktemp("source")
    for name in ("kerasmm", "data_prep"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    call(*pip, "--wheel-dir", source / "dist", source, folder=source)
    (built,) = (source / "dist").glob("*.whl")
    return built


def test_holds_every_file_of_the_packages(wheel):
    packages = [path for name in ("kerasmm", "data_prep") for path in (ROOT / name).rglob("*")]
    files = {str(path.relative_to(ROOT)) for path in packages if path.is_file() and path.suffix != ".pyc"}
    assert "kerasmm/configs/dman/few_posts.yaml" in files
    with zipfile.ZipFile(wheel) as held:
        assert {name for name in held.namelist() if ".dist-info/" not in name} == files


@pytest.mark.slow
def test_trains_and_answers_in_an_empty_folder(wheel, tmp_path):
    environment, folder = tmp_path / "environment", tmp_path / "empty"
    folder.mkdir()
    venv.EnvBuilder(symlinks=True).create(environment)
    python, command = environment / "bin" / "python", environment / "bin" / "kerasmm"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    call(*pip, wheel, folder=folder)
    # After it, so that pip sees no other kerasmm: what this environment holds is there without a download.
    own = sysconfig.get_path("purelib", vars={"base": str(environment)})
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(own) / "borrowed.pth").write_text("".join(f"{path}\n" for path in borrowed))
    where = call(python, "-c", "import kerasmm, data_prep; print(kerasmm.__file__, data_prep.__file__)", folder=folder)
    assert all(Path(path).is_relative_to(own) for path in where.split())
    assert call(command, "--version", folder=folder).startswith(f"kerasmm {kerasmm.__version__}")

    training = ["--config", "few_posts", "--set", "training.epochs=1", "--no-evaluate", "--quiet"]
    data = tiny_dataset(tmp_path / "data", train=40, other=8, features=False)
    call(command, "fit", "--model", "dman", "--data", data, *training, folder=folder)
    configuration = yaml.safe_load((folder / "runs" / "dman" / "config.yaml").read_text())
    assert configuration["network"]["attention_scale"] == 4.0  # as few_posts.yaml says
    found = call(command, "search", "--model", "saved_models/dman", "--tag", "red", "-k", "3", "--json", folder=folder)
    assert len(json.loads(found)["results"]) == 3
