"""The benchmarks compare what is the same: counts by hand, losses and records of both sides on small sizes."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasmm.data.post import Post

FOLDER = Path(__file__).parents[2] / "benchmarks"
needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="torch is in the extra `benchmarks`")


@pytest.fixture
def benchmark_module(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module


def run(*arguments):
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("name", ["dman_step", "images", "batches", "memory_of_training"])
def test_help_shows_an_example(name):
    done = run(FOLDER / f"{name}.py", "--help")
    assert done.returncode == 0, done.stderr
    assert f"python benchmarks/{name}.py" in done.stdout


def test_operations_and_bytes_of_a_step(benchmark_module):
    dman_step = benchmark_module("dman_step")
    operations, moved = dman_step.counted(argparse.Namespace(batch=3, words=5, features=7, regions=4))
    # 6 pictures. Scores and sums over regions: 4·7·5 products, each forward and for one gradient; three kernels a word
    # of 7·128, 128·32 and 32·1, forward and for two gradients; a product is a multiplication and an addition.
    kernels = 5 * (7 * 128 + 128 * 32 + 32)
    assert operations == 6 * 2 * (2 * 2 * 140 + 3 * kernels)
    # Kernels eight times; what goes into and out of the layers, 7 + 128 + 32 + 1 a word and picture, five times.
    assert moved == 4 * (8 * (35 + kernels) + 5 * 6 * 5 * 168)


@needs_torch
def test_both_training_steps_have_the_same_losses():
    done = run(FOLDER / "dman_step.py", "--check", "--words", 20, "--features", 32, "--batch", 8)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("same losses of the first steps:")


@needs_torch
def test_the_peer_reads_what_was_written(benchmark_module):
    post = Post(id="a", tags=("snow", "dog"), links=("b", "c"), features=np.arange(6, dtype="float16").reshape(2, 3))
    read = benchmark_module("batches_torch").example_class().FromString(post.to_bytes()).features.feature
    assert list(read["tags"].bytes_list.value) == [b"snow", b"dog"]
    assert list(read["links"].bytes_list.value) == [b"b", b"c"]
    np.testing.assert_array_equal(np.frombuffer(read["image/features"].bytes_list.value[0], "<f2"), np.arange(6))
