"""Systems: one file a paper. `system(name)` imports just the one that is asked for."""

from __future__ import annotations

import importlib

from kerasmm.console import UserError, nearest
from kerasmm.systems.system import Evaluator, Facts, Services, Signature, Stage, System

__all__ = ["NAMES", "Evaluator", "Facts", "Services", "Signature", "Stage", "System", "system"]

_CLASSES = {"cmem": "CMEM", "dman": "DMAN", "webly": "Webly"}
NAMES = tuple(_CLASSES)


def system(name: str) -> type[System]:
    """The System of that name.

    Raises:
        UserError: For an unknown name.
    """
    if name not in _CLASSES:
        raise UserError(f"unknown model {name!r}; there are: {', '.join(NAMES)}.{nearest(name, NAMES)}")
    found: type[System] = getattr(importlib.import_module(f"{__name__}.{name}"), _CLASSES[name])
    return found
