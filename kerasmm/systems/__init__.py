"""Systems: a folder a paper. `system(name)` imports just the one that is asked for."""

from __future__ import annotations

import importlib

from kerasmm.console import UserError, nearest
from kerasmm.systems.signatures import Services, Signature, Signatures
from kerasmm.systems.system import Evaluator, Facts, Stage, System

__all__ = ["NAMES", "Evaluator", "Facts", "Services", "Signature", "Signatures", "Stage", "System", "system"]

_CLASSES = {
    "cmem": "kerasmm.systems.cmem.system:CMEM",
    "dman": "kerasmm.systems.dman.system:DMAN",
    "webly": "kerasmm.systems.webly.system:Webly",
}
NAMES = tuple(_CLASSES)


def system(name: str) -> type[System]:
    """The System of that name.

    Raises:
        UserError: For an unknown name.
    """
    if name not in _CLASSES:
        raise UserError(f"unknown model {name!r}; there are: {', '.join(NAMES)}.{nearest(name, NAMES)}")
    module, _, kind = _CLASSES[name].partition(":")
    found: type[System] = getattr(importlib.import_module(module), kind)
    return found
