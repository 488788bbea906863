from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.systems.cmem.world import SETTINGS

ROOT = Path(__file__).resolve().parents[2]
PICTURES = {
    "model": "dman",
    "changes": ["network.dropout=0", "training.batch_size=16", "network.units=[8, 1]"],
    "steps": 6,
}
TEXTS = {
    "model": "cmem",
    "changes": [*SETTINGS, "penalty=0.01", "network.image_dropout=0", "network.text_dropout=0"],
    "steps": 3,
    "clip": None,
}


def test_two_replicas_take_the_steps_of_one(tiny, seed):
    """With texts and a penalty on the weights, which must count once, and with clipped gradients: never, now and then,
    always (which alone would hide a wrong scale of the gradient).
    """
    cases = [{**PICTURES, "clip": clip} for clip in (1e6, "median", 1e-3)]
    cases += [{**TEXTS, "changes": [*TEXTS["changes"], f"loss.name={loss}"]} for loss in ("warp", "plsp")]
    command = [sys.executable, "-m", "tests.runs.replicas", str(tiny), str(seed % 100_000), json.dumps(cases)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    answers = json.loads(done.stdout.splitlines()[-1])
    clipped = [[norm > answer["threshold"] for norm in answer["norms"]] for answer in answers[:3]]
    assert not any(clipped[0])
    assert any(clipped[1]) and not all(clipped[1])
    assert all(clipped[2])
    for case, answer in zip(cases, answers, strict=True):
        assert answer["moved"] > 1e-4, case
        assert answer["one_and_reference"] < 1e-5, case
        assert answer["two_and_one"] < 1e-5, case
