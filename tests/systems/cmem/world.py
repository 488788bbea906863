"""A tiny run of CMEM: pictures of four colours, tweets that name them, and three of the colours as connotations."""

from __future__ import annotations

from pathlib import Path

from kerasmm.console import guarded
from kerasmm.fit import main as fit
from tests.tiny import tiny_dataset

SETTINGS = (
    *("network.units=8", "network.dimension=8", "network.character_dimension=8"),
    *("training.epochs=1", "training.batch_size=16", "text.characters=40"),
)


def tiny_cmem(folder: Path, data: Path, *changes: str, export: bool = False) -> Path:
    """A run of one epoch in a folder of its name; its export, where one is wanted, is `folder / "export"`."""
    settings = [part for setting in (*SETTINGS, *changes) for part in ("--set", setting)]
    target = ["--output", str(folder / "export")] if export else ["--no-export"]
    arguments = ["--quiet", "--model", "cmem", "--data", str(data), "--run", str(folder), "--no-evaluate"]
    assert guarded(fit, [*arguments, *target, *settings]) == 0
    return folder


def cmem_data(folder: Path) -> Path:
    """A data set without stored features: pictures go through the encoder that is trained from scratch."""
    return tiny_dataset(folder, train=48, other=16, features=False)
