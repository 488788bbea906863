from __future__ import annotations

from pathlib import Path

import pytest

from kerasmm.systems import system
from kerasmm.systems.config import load_config

CONFIGS = sorted((Path(__file__).resolve().parents[1] / "configs").glob("*/*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_configuration_is_one_of_its_system_and_varies_something(path):
    kind = system(path.parent.name)
    assert load_config(kind.Config, path) != kind.Config()


def test_the_papers_configuration_is_there():
    assert "paper" in {path.stem for path in CONFIGS}


@pytest.mark.parametrize(("stem", "row"), [("triplet", "DMAN_Triplet"), ("triplet_text", "DMAN_Triplet+Text")])
def test_the_ablations_are_those_that_compare_trains(stem, row):
    kind = system("dman")
    (path,) = (path for path in CONFIGS if path.stem == stem and path.parent.name == "dman")
    changes = [f"{key}={value}" for key, value in kind.variants[row].items()]
    assert load_config(kind.Config, path) == load_config(kind.Config, None, changes)
