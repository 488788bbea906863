"""MODEL_CARD.md: what was trained on what and how well it does, written from the run's own figures."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kerasmm.evaluation.tables import Table, markdown
from kerasmm.files.writing import write_whole
from kerasmm.runs.ending import ending_lines
from kerasmm.runs.run import CARD
from kerasmm.systems.system import System


def write_model_card(
    folder: Path,
    system: System,
    content: Mapping[str, Any],
    manifest: Mapping[str, Any],
    tables: list[Table],
    split: str,
    ahead: Sequence[str] = (),
) -> None:
    """Writes the model card of a run.

    Args:
        folder: The run's folder.
        system: Its system.
        content: Its `run.json`.
        manifest: The manifest of its data set.
        tables: The tables of its evaluation.
        split: The split that they report on.
        ahead: What `Protocol.ahead` says of them.
    """
    counts = {name: sum(shard["records"] for shard in shards) for name, shards in manifest["splits"].items()}
    doc = (type(system).__doc__ or "").splitlines()[0]
    lines = [
        f"# {folder.name}: {system.name}",
        "",
        doc,
        "",
        "## Data",
        "",
        f"`{content['data']}`, source `{manifest['source']}`"
        + (
            " — **synthetic**: pictures and posts drawn by a program, so figures say nothing of real photos."
            if manifest["synthetic"]
            else "."
        ),
        "Posts: " + ", ".join(f"{name} {count:,}" for name, count in counts.items()) + ".",
        "Words: " + ", ".join(f"{name} {len(words):,}" for name, words in system.vocabularies.items()) + ".",
        "",
        f"## Figures on the {split} split",
        "",
        "Neither training nor the choice of the best epoch saw this split."
        if split.startswith("test")
        else "Not a test split.",
        "",
        *([markdown(tables)] if tables else []),
        *([*(f"- {line}." for line in ahead), ""] if ahead else []),
        *_served(system),
        "## Limits",
        "",
        "Learned from weak labels: tags say what authors chose to write, not what a picture shows, and carry their",
        "habits and prejudices. Words outside the vocabulary are unknown to the model.",
        "",
        "## How it was made",
        "",
        f"kerasmm {content['kerasmm']}, seed {content['seed']}"
        + (", deterministic" if content.get("deterministic") else "")
        + ":",
        "",
        "```",
        str(content.get("command", "")),
        "```",
        "",
        *([*(f"- {line}." for line in ending), ""] if (ending := ending_lines(folder)) else []),
        "```yaml",
        yaml.safe_dump(json.loads(system.config.model_dump_json()), sort_keys=False).rstrip(),
        "```",
        "",
    ]
    write_whole(folder / CARD, "\n".join(lines))


def _served(system: System) -> list[str]:
    """What an export answers by, where there was a choice."""
    said = [
        f"- `{signature}`{choice.said(signature).removeprefix(signature)}"
        for signature, choice in system.choices.items()
    ]
    return ["## What an export answers by", "", "Chosen on the validation split:", "", *said, ""] if said else []
