"""`training.json` of a run: which metric picked its epochs, and why each stage ended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from pydantic import BaseModel

from kerasmm.files.json_file import read_json
from kerasmm.files.reading import is_regular
from kerasmm.files.writing import write_whole
from kerasmm.systems.protocol import FEW_QUERIES, Protocol, queries

ENDING = "training.json"


def why_monitor(protocol: Protocol, figures: Mapping[str, float], monitor: str) -> str:
    """Why another metric than the system's own picks the best model, in a line; "" where it is the own one.

    Args:
        protocol: Of the system.
        figures: As its `validate` gives them.
        monitor: As its `monitored` gave it.
    """
    if monitor == protocol.monitor:
        return ""
    return (
        f"{monitor} ({queries(figures, monitor):,} queries) picks the best epoch, since {protocol.monitor} has "
        f"{queries(figures, protocol.monitor)} on the validation split, fewer than {FEW_QUERIES}; "
        "training.monitor sets another"
    )


def write_ending(folder: Path, monitor: str, why: str, ended: Mapping[str, str]) -> None:
    """Writes what is known of a training that came to its end.

    Args:
        folder: The run's folder.
        monitor: The metric that picked the epochs.
        why: As `why_monitor` says it.
        ended: Why it ended, by stage.
    """
    content = {"monitor": monitor, "why": why, "ended": dict(ended)}
    write_whole(folder / ENDING, json.dumps(content, ensure_ascii=False, indent=1) + "\n")


def monitored(folder: Path) -> str:
    """The metric that picked the best epoch; "" of an older run.

    Raises:
        UserError: When the file is damaged.
    """
    ending = _read(folder)
    return ending.monitor if ending else ""


def ending_lines(folder: Path) -> list[str]:
    """What the file says, in lines for people; none of an older run.

    Raises:
        UserError: When the file is damaged.
    """
    ending = _read(folder)
    if ending is None:
        return []
    first = ending.why or f"{ending.monitor} on the validation split picks the best epoch"
    return [first, *(f"{stage}: {reason}" for stage, reason in ending.ended.items())]


class _Ending(BaseModel):
    monitor: str
    why: str
    ended: dict[str, str]


def _read(folder: Path) -> _Ending | None:
    """What the file says; None of an older run."""
    path = folder / ENDING
    return read_json(path, _Ending, "file of a training's end") if is_regular(path) else None
