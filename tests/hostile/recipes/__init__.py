"""Recipes of hostile files: each a small function that writes one file or folder and says where it lies.

A recipe needs nothing but the standard library and what it imports itself, so that listing them costs nothing. A new
module of recipes is found by its name in `MODULES`; it needn't be there.

Example:

>>> from tests.hostile.recipes import recipe
>>> @recipe  # doctest: +SKIP
... def a_thousand_frames(folder: Path) -> Path:
...     \"\"\"A picture that claims a thousand frames.\"\"\"
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from pathlib import Path

MODULES = ("exports", "pictures", "posts", "folders", "datasets", "runs", "settings", "trainings", "requests", "users")

Recipe = Callable[[Path], Path]
"""Takes an empty folder, writes into it, and returns what is to be given to a command."""

_RECIPES: dict[str, Recipe] = {}


def recipe(write: Recipe) -> Recipe:
    """Registers a recipe as `<module>/<function>`, with dashes for underscores."""
    name = f"{write.__module__.rpartition('.')[2]}/{write.__name__.strip('_').replace('_', '-')}"
    if name in _RECIPES:
        raise ValueError(f"two recipes are called {name!r}")
    _RECIPES[name] = write
    return write


def recipes() -> dict[str, Recipe]:
    """All recipes by name, in the order of their modules."""
    for module in MODULES:
        if importlib.util.find_spec(f"{__name__}.{module}"):
            importlib.import_module(f"{__name__}.{module}")
    return dict(_RECIPES)


def written(name: str, folder: Path) -> Path:
    """Writes one recipe into a folder of its own below `folder`; returns what it wrote."""
    place = folder / name
    place.mkdir(parents=True)
    return recipes()[name](place)
