"""Shared by all tests."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def seed() -> int:
    """A fresh seed; pytest shows the printed line where a test fails."""
    entropy = int(np.random.SeedSequence().generate_state(1)[0])
    print(f"seed {entropy}")
    return entropy


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, Any]]]:
    """Gives the axes of the last plot, by title."""
    import matplotlib.pyplot as plt

    close = plt.close
    monkeypatch.setattr(plt, "close", lambda figure: None)
    yield lambda: {axis.get_title(): axis for axis in plt.gcf().axes}
    close("all")


@pytest.fixture
def shared_data() -> Path:
    """Real data beside the project; see pyproject's marker."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"no real data at {SHARED_DATA}")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny data set with features; tests must not write into it."""
    from tests.tiny import tiny_dataset

    return tiny_dataset(tmp_path_factory.mktemp("tiny") / "data")
