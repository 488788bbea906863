"""Where a stage of a training stands, as its checkpoints hold it."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

_Count = Annotated[int, Field(ge=0)]


class State(BaseModel):
    """What is kept beside the variables; older versions knew less."""

    epoch: _Count
    step: _Count
    steps: _Count
    saves: _Count
    since_best: _Count
    finished: bool
    best: float | None
    rows: list[dict[str, float | str]]
    figures: dict[str, float]
    monitor: str = ""
    why: str = ""
    ended: str = ""
