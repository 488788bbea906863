"""Systems: a folder a paper. `system(name)` imports just the one that is asked for."""

from __future__ import annotations

import importlib

from kerasmm.console import UserError, nearest
from kerasmm.systems.protocol import Evaluator, Protocol
from kerasmm.systems.signatures import Services, Signature, Signatures
from kerasmm.systems.system import Facts, Stage, System

__all__ = [
    "Evaluator",
    "Facts",
    "Protocol",
    "Services",
    "Signature",
    "Signatures",
    "Stage",
    "System",
    "names",
    "register",
    "system",
]

_CLASSES = {
    "cmem": "kerasmm.systems.cmem.system:CMEM",
    "dman": "kerasmm.systems.dman.system:DMAN",
    "hashtag": "kerasmm.systems.hashtag.system:Hashtag",
    "webly": "kerasmm.systems.webly.system:Webly",
}


def names() -> tuple[str, ...]:
    """What `--model` takes."""
    return tuple(_CLASSES)


def register(name: str, where: str) -> None:
    """Makes a System of one's own known to the commands of this process, under `--model name`.

    Args:
        name: Also the default name of its runs and exports: letters, digits, `-` and `_`.
        where: `package.module:Class`; imported when the system is first asked for.

    Raises:
        ValueError: For a name that is taken by another class or can't name a folder, or a `where` without a class.

    Example:

    >>> register("mean_colour", "my_package.mean_colour:MeanColour")  # doctest: +SKIP
    >>> kerasmm.fit.main(["--model", "mean_colour", "--data", "data/shapes"])  # doctest: +SKIP
    """
    if not name.replace("-", "a").replace("_", "a").isalnum() or not name.isascii():
        raise ValueError(f"`name` must be letters, digits, '-' and '_'. Received: name={name!r}")
    module, colon, kind = where.partition(":")
    if not (module and colon and kind):
        raise ValueError(f"`where` must be 'package.module:Class'. Received: where={where!r}")
    if _CLASSES.get(name, where) != where:
        raise ValueError(f"`name` is taken by {_CLASSES[name]}. Received: name={name!r}")
    _CLASSES[name] = where


def system(name: str) -> type[System]:
    """The System of that name.

    Raises:
        UserError: For an unknown name.
    """
    if name not in _CLASSES:
        raise UserError(f"unknown model {name!r}; there are: {', '.join(names())}.{nearest(name, names())}")
    module, _, kind = _CLASSES[name].partition(":")
    found: type[System] = getattr(importlib.import_module(module), kind)
    return found
