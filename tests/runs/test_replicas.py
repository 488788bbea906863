from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.systems.cmem.world import SETTINGS

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("loss", ["warp", "plsp"])
def test_two_replicas_take_the_steps_of_one_with_texts_and_a_penalty(tiny, seed, loss):
    """The penalty on the weights must count once, whatever the number of replicas."""
    changes = [*SETTINGS, f"loss.name={loss}", "penalty=0.01", "network.image_dropout=0", "network.text_dropout=0"]
    command = [sys.executable, "-m", "tests.runs.system_replicas", "cmem", str(tiny), str(seed % 100_000), *changes]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    assert answer["moved"] > 1e-3
    assert answer["two_and_one"] < 1e-5


@pytest.mark.parametrize("clip", ["1e6", "mixed", "1e-3"])
def test_two_replicas_take_the_steps_of_one(tiny, seed, clip):
    """A process for each case: MirroredStrategy objects of one process get in each other's way."""
    command = [sys.executable, "-m", "tests.runs.replicas", str(tiny), clip, str(seed % 100_000)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout.splitlines()[-1])
    clipped = [norm > answer["threshold"] for norm in answer["norms"]]
    # The case is what its name says; an always active clip would hide a wrong scale of the gradient.
    assert {"1e6": not any(clipped), "mixed": any(clipped) and not all(clipped), "1e-3": all(clipped)}[clip]
    assert answer["moved"] > 1e-4
    assert answer["one_and_reference"] < 1e-5
    assert answer["two_and_one"] < 1e-5
