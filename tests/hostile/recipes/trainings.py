"""What somebody may have a training begin with: settings, and a cluster to train on."""

from __future__ import annotations

import json
from pathlib import Path

from tests.hostile.recipes import recipe

STEPS = (".inf", "-.inf", ".nan", "1e999", "-1", "0", "1" + "0" * 400, "!!float abc", "[1.0]", "{a: 1}")


@recipe
def steps_of_no_size(folder: Path) -> Path:
    """Configurations whose learning rate is no number, or none that a step can have."""
    for number, step in enumerate(STEPS):
        path = folder / f"{number}.yaml"
        path.write_text(f"training:\n  optimizer:\n    learning_rate: {step}\n", encoding="utf-8")
    return folder


@recipe
def epochs_without_end(folder: Path) -> Path:
    """Configurations with counts of 10³⁰, of no number and below one."""
    for number, count in enumerate(("1" + "0" * 30, ".nan", "-1", "0", "1.5", "1e30")):
        for key in ("epochs", "batch_size"):
            path = folder / f"{key}-{number}.yaml"
            path.write_text(f"training:\n  {key}: {count}\n", encoding="utf-8")
    return folder


@recipe
def clusters_that_are_none(folder: Path) -> Path:
    """Values of `TF_CONFIG`: no JSON, wrong types, hosts that nobody knows, a task that isn't there."""
    task = {"type": "worker", "index": 0}
    lists = [
        "localhost:1",
        [7],
        ["localhost"],
        ["localhost:0"],
        ["localhost:1e3"],
        [":1"],
        ["no-such-host.invalid:1"],
        [],
    ]
    contents = [json.dumps({"cluster": {"worker": own}, "task": task}) for own in lists]
    tasks = [
        None,
        {},
        [],
        {**task, "index": 10**30},
        {**task, "index": -1},
        {**task, "index": "one"},
        {**task, "type": []},
    ]
    contents += [json.dumps({"cluster": {"worker": ["localhost:1"]}, "task": own}) for own in tasks]
    contents += ["{", "[" * 100_000, "null", '"', "\x1b[2J"]
    for number, content in enumerate(contents):
        (folder / f"{number}.json").write_text(content, encoding="utf-8")
    return folder
