"""Runs that somebody else edited."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.hostile.recipes import recipe
from tests.hostile.recipes.edits import broken, edits

FACTS = "run.json"


def whole(folder: Path) -> Path:
    """A run as a training begins it."""
    from kerasmm.data.dataset import Dataset
    from kerasmm.runs.run import write_run
    from kerasmm.systems import system
    from kerasmm.systems.config import load_config
    from tests.hostile.recipes.datasets import whole as whole_data

    dataset = Dataset(whole_data(folder / "data"))
    kind = system("dman")
    config = load_config(kind.Config)
    write_run(folder / "run", kind(config, kind.gather_facts(config, dataset), 1), dataset, {"command": "kerasmm fit"})
    return folder / "run"


@recipe
def edited_facts(folder: Path) -> Path:
    """Runs whose `run.json` has one thing changed, each in a folder of its own."""
    base = whole(folder / "base")
    content = json.loads((base / FACTS).read_text("utf-8"))
    for name, text in ({name: text.encode() for name, text in edits(content)} | broken()).items():
        shutil.copytree(base, folder / name)
        (folder / name / FACTS).write_bytes(text)
    shutil.rmtree(folder / "base")
    return folder


@recipe
def weights_elsewhere(folder: Path) -> Path:
    """A run whose weights are a link to a file of somebody's."""
    whole(folder)
    (folder / "secret.h5").write_bytes(b"mine")
    (folder / "run" / "best.weights.h5").symlink_to(folder / "secret.h5")
    return folder / "run"
