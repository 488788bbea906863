"""README's commands, run as they stand there, in an empty folder, on somebody's own posts."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    """Contents of the fenced blocks of a language; "" for those of none, which hold commands."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)
    return [content for language, content in fenced if language == kind]


def own_posts(folder: Path, count: int, example: dict) -> None:
    """Posts shaped like README's example: photos are noise, brighter where there is snow."""
    rng = np.random.default_rng(0)
    (folder / "pictures").mkdir(parents=True)
    with (folder / "posts.jsonl").open("w", encoding="utf-8") as file:
        for number in range(count):
            dog, snow = rng.random(2) < 0.5
            pixels = rng.integers(0, 120, (96, 128, 3)) + (120 if snow else 0)
            picture = example["image"].replace("7", str(number))
            PIL.Image.fromarray(pixels.astype("uint8")).save(folder / picture)
            tags = [*(["Dog"] if dog else []), *(["snow"] if snow else []), "walk"]
            labels = ["animal"] if dog else ["landscape"]
            post = {
                **example,
                "id": str(number),
                "image": picture,
                "tags": tags,
                "labels": labels,
                "text": f"{number}!",
            }
            file.write(json.dumps(post) + "\n")


def test_the_commands_lead_from_own_posts_to_an_answer(tmp_path):
    commands = [
        line.split("  #")[0].strip() for line in "".join(blocks("")).splitlines() if line.startswith("python -m")
    ]
    programs = [command.split()[2] for command in commands]
    assert programs == [
        "data_prep",
        "data_prep",
        "data_prep",
        *(f"kerasmm.{name}" for name in ("fit", "evaluate", "export", "search", "search", "attend", "classify")),
    ]
    own_posts(tmp_path / "my_posts", 120, json.loads(blocks("json")[0]))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    for command in commands:
        arguments = [sys.executable, *shlex.split(command)[1:]]
        done = subprocess.run(arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"{command}\n{done.stderr[-3000:]}"
    figures = json.loads((tmp_path / "figures.json").read_text())
    assert figures == json.loads((tmp_path / "runs" / "mine" / "evaluation.json").read_text())
    assert {"classification/mAP", "search/chance/p@10" if "search/p@10" in figures else "tag_search/p@10"} <= set(
        figures
    )
    assert "data:image/jpeg;base64" in (tmp_path / "found.html").read_text()
    for drawn in ("sheet.png", "look.png"):
        with PIL.Image.open(tmp_path / drawn) as picture:
            assert min(picture.size) > 300
    assert (tmp_path / "runs" / "mine" / "MODEL_CARD.md").exists()
    # fit exports to saved_models/dman, the export command to saved_models/mine.
    assert (tmp_path / "saved_models" / "mine" / "1" / "saved_model.pb").exists()


@pytest.mark.parametrize("block", blocks("python"))
def test_the_python_runs(block):
    exec(compile(block, "README.md", "exec"), {})


def test_names_what_is_there():
    for path in re.findall(r"`((?:configs|tests|benchmarks|data_prep|kerasmm)/[\w/.]+)`", README):
        assert (ROOT / path).exists(), path
