"""Ways to tell what a post connotes, one file each; found by the name of `connotations.method`, imported when used."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING

from kerasmm.console import UserError, nearest

if TYPE_CHECKING:
    from data_prep.annotators.annotator import Annotator
    from data_prep.config import Connotations

ANNOTATORS: dict[str, str] = {
    "gazetteer": "data_prep.annotators.gazetteer:Gazetteer",
    "column": "data_prep.annotators.column:Column",
    "hashtags": "data_prep.annotators.frequent_hashtags:FrequentHashtags",
}
"""Name of every annotator → where its class is."""


def find(method: str) -> type[Annotator]:
    """The annotator of a `connotations.method`: a name of `ANNOTATORS`, or `package.module:Class` of your own.

    Raises:
        UserError: For an unknown name, with the nearest known one, or a class that isn't there or is no annotator.
    """
    from data_prep.annotators.annotator import Annotator

    where = ANNOTATORS.get(method, method)
    module, colon, name = where.partition(":")
    if not (colon and name and all(part.isidentifier() for part in module.split("."))):
        raise UserError(
            f"connotations.method: must be one of {', '.join(ANNOTATORS)}, or package.module:Class of your own annotator."
            f"{nearest(method, ANNOTATORS)} Received: {method!r}"
        )
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise UserError(f"connotations.method: {where}: {error}") from error
    if not (isinstance(found, type) and issubclass(found, Annotator)):
        raise UserError(f"connotations.method: {where}: is no `data_prep.annotators.annotator.Annotator`")
    return found


def annotator_of(config: Connotations, folder: Path) -> Annotator:
    """The configured annotator, with a folder for what it leaves to the workers."""
    assert config.method is not None
    return find(config.method)(config, folder)
