"""The model card of a version of an export: whose posts it finds, and which posts its weights saw."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

CARD_FILE = Path("assets.extra", "MODEL_CARD.md")


def version_card(about: Mapping[str, Any]) -> str:
    """Markdown of the card.

    Args:
        about: The content of `signatures.json`, with its `changes`.
    """
    weights = about.get("weights", {})
    trained = f"data set `{weights['trained_on']}`" if weights.get("trained_on") else "a data set that is not recorded"
    lines = [
        f"# {about['name']}: {about['system']}",
        "",
        f"Finds {about['posts']:,} posts." if "posts" in about else "",
        "",
        "## Weights",
        "",
        f"Weights `{weights.get('sha256', 'not recorded')}`, trained on {trained} (SHA-256 each, of the weights and of",
        "`dataset.json`). Posts that were added later were seen by no training. **Posts that were removed or forgotten have left",
        "the index, not the weights**: where they were training posts, these weights learned from them, and only a training",
        "without them, and another export, forgets them there, too.",
        "",
        "## Changes",
        "",
    ]
    for change in about.get("changes", []):
        parts = [f"{change['added']:,} posts added", f"{change['replaced']:,} embedded again"]
        if change.get("data"):
            parts.append(f"of data set `{change['data']}`")
        parts.append(f"{change['removed']:,} removed")
        if change.get("forgotten") is not None:
            trained_on = change["forgotten_of_training"]
            seen = (
                f"{trained_on:,} of them training posts, which the weights still saw"
                if trained_on
                else "none of training"
            )
            parts.append(f"one user forgotten: {change['forgotten']:,} posts, {seen}")
        lines.append(f"- version after {change['of']}: {', '.join(parts)}.")
    return "\n".join([*lines, ""])
