"""Shared by all tests."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
# What a test compiles runs a few times: without optimisation XLA compiles it in a third of the time.
os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("random tests")
    group.addoption(
        "--seed", type=int, help="seed of random tests, as a failed one printed it; else each draws its own"
    )
    group.addoption(
        "--seeds", type=int, default=1, help="how many times to run each random test, each with another seed"
    )


def pytest_configure(config: pytest.Config) -> None:
    # Drawn once, before workers start, so that all of them collect the same tests.
    if config.option.seeds > 1 and config.option.seed is None:
        config.option.seed = fresh_seed()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    seeds = metafunc.config.option.seeds
    if seeds > 1 and "seed" in metafunc.fixturenames:
        drawn = np.random.SeedSequence(metafunc.config.option.seed).generate_state(seeds)
        metafunc.parametrize("seed", drawn.tolist(), indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Files with a slow test come last; workers take whole files, so that what a file's tests share is made once.
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path in slow)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A fresh seed; pytest shows the printed line where a test fails, and `--seed` gives it again."""
    given = getattr(request, "param", request.config.option.seed)
    chosen = fresh_seed() if given is None else given
    print(f"seed {chosen}: run this test again with --seed {chosen}")
    return chosen


def fresh_seed() -> int:
    return int(np.random.SeedSequence().generate_state(1)[0])


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture(scope="session", autouse=True)
def audited_elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Which graphs were audited is not remembered in the home of who runs the tests."""
    from kerasmm.serving import harmless

    path = tmp_path_factory.mktemp("cache") / "audited"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(harmless, "audited_file", lambda: path)
        yield


@pytest.fixture(scope="session", autouse=True)
def small_exports() -> Iterator[list[tuple[Any, str, Any]]]:
    """Exports are checked in this process, not in one that loads TensorFlow again, and their classifiers, like those of
    evaluations, trained for some epochs. `whole_exports` is for tests of the check and of the classifier.
    """
    changes: list[tuple[str, str, Any]] = [("kerasmm.serving.check", "_report", reported_here)]
    # Imported by a test that was collected, so that no other waits for Keras.
    if "keras" in sys.modules:
        changes.append(("kerasmm.evaluation.label_classifier", "EPOCHS", 5))
    with pytest.MonkeyPatch.context() as patch:
        whole = []
        for name, attribute, small in changes:
            module = importlib.import_module(name)
            whole.append((module, attribute, getattr(module, attribute)))
            patch.setattr(module, attribute, small)
        yield whole


@pytest.fixture
def whole_exports(small_exports: list[tuple[Any, str, Any]]) -> Iterator[None]:
    """Exports and classifiers as users get them."""
    with pytest.MonkeyPatch.context() as patch:
        for module, attribute, value in small_exports:
            patch.setattr(module, attribute, value)
        yield


@pytest.fixture(scope="module")
def loaded_once() -> Iterator[None]:
    """Every export that a file's tests ask stays loaded until all of them have asked."""
    from kerasmm.asking.loaded import LoadedExport

    load, loaded = LoadedExport._load, {}

    def load_once(export: LoadedExport) -> None:
        key = export.folder, (export.folder / "saved_model.pb").stat().st_mtime_ns
        if key not in loaded:
            load(export)
            loaded[key] = export._session, export._defs
        export._session, export._defs = loaded[key]

    def leave(export: LoadedExport) -> None:
        export._session = export._defs = None

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LoadedExport, "_load", load_once)
        patch.setattr(LoadedExport, "close", leave)
        yield
    for session, _ in loaded.values():
        session.close()


def reported_here(folder: Path) -> dict[str, Any]:
    from kerasmm.serving import check, session_check

    return session_check.report_of(folder, check.ALLOWED_OPS)


@pytest.fixture(scope="module")
def trained_here() -> Iterator[None]:
    """Rows of comparisons are trained in this process, not in ones that load TensorFlow again."""
    from kerasmm.console import guarded
    from kerasmm.fit import main

    def fit(arguments: Sequence[str]) -> tuple[int, str]:
        with contextlib.redirect_stderr(io.StringIO()) as errors:
            code = guarded(main, list(arguments))
        return code, errors.getvalue()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kerasmm.runs.comparison.fit_aside", fit)
        yield


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
