"""The words of another data set: new posts for a model that was trained on it, read as its own posts were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from data_prep.config import BuildConfig, Image, Split
from data_prep.write.vectors import is_vector_file
from kerasmm.console import UserError
from kerasmm.data.dataset import Dataset
from kerasmm.settings import merged

_AS_BEFORE = ("image", "annotate")
"""Sections that say what a post becomes: a model that learned from posts read so must be given posts read so."""

USERS = "users"
"""The vocabulary of users."""

_OF_METHODS = {"gazetteer": ("concepts", "threshold", "names"), "column": ("annotations", "column")}
"""Keys of `connotations` that go with a method."""


def in_given_words(defaults: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of a build with `vocabularies_of`.

    Posts are read as those of the old data set were (`image`, `annotate`, `connotations`, and its stored features unless
    others are asked for). None is dropped that has a picture: nothing else is needed of it, nothing pruned or collected, copies
    stay, and all posts are in one split, `train`.

    Args:
        defaults: The source's own.
        given: What the user gave; `vocabularies_of` names the folder.

    Raises:
        UserError: When there is no such data set, or words are to be cut, too.
    """
    folder = given["vocabularies_of"]
    for key in ("tags", "labels", "users"):
        if key in given:
            raise UserError(
                f"`{key}` cuts a vocabulary, and `vocabularies_of` takes those of {folder}; give one of both"
            )
    old = Dataset(Path(str(folder))).manifest.config
    kept = {section: old[section] for section in _AS_BEFORE if isinstance(old.get(section), Mapping)}
    connotations = old.get("connotations") or {}
    if method := connotations.get("method"):
        kept["connotations"] = {key: connotations[key] for key in ("method", *_OF_METHODS.get(method, ()))}
    stored, asked = old.get("features"), given.get("features")
    encoder = asked.get("encoder") if isinstance(asked, Mapping) else None
    # Vectors of a file are those of the old posts.
    if (
        isinstance(stored, Mapping)
        and encoder in (None, stored.get("encoder"))
        and not is_vector_file(stored.get("encoder"))
    ):
        kept["features"] = dict(stored)
    read = merged(defaults, kept)
    pictures = merged(read, given).get("image", {}).get("required", Image().required)
    everything = {
        "needs": ["image"] if pictures else [],
        "prune": {},
        "collect": {},
        "split": Split(test=0, validation=0).model_dump(),
        "links": {"most": 0},
    }
    # Whole sections, not key by key: a source's numbers of posts, say, go with its own method of splitting.
    if "split" in given:
        everything["split"] = defaults.get("split", {})
    return {**read, **everything}


def given_users(config: BuildConfig) -> list[str] | None:
    """The vocabulary of users of the data set that `config.vocabularies_of` names, where it has one."""
    old = Dataset(Path(str(config.vocabularies_of)))
    return old.vocabulary(USERS) if USERS in old.manifest.vocabularies else None
