"""What an export keeps of its model, so that more posts can be embedded by the very weights that are served.

`assets.extra/model.json` has the configuration and the facts; vocabularies and weights are those of the SavedModel.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from kerasmm.console import UserError
from kerasmm.files.json_file import read_json
from kerasmm.files.reading import read_text
from kerasmm.files.within import within
from kerasmm.serving.checkpoint import Checkpoint
from kerasmm.settings import validated
from kerasmm.systems import Facts, System
from kerasmm.systems import system as system_named

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

MODEL_FILE = Path("assets.extra", "model.json")
FORMAT = 1
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What the keys of a checkpoint's variables end in."""


class _Recipe(BaseModel):
    """What `model.json` holds; the configuration is checked by its system."""

    model_config = ConfigDict(extra="allow", strict=True)
    format: int
    system: str
    seed: int
    config: dict[str, Any]
    features: Any
    measured: Any
    vocabularies: list[str]
    pictures: bool
    weights: list[int]


def recipe(system: Any, model: keras.Model, weights: Sequence[tf.Variable], pictures: bool) -> dict[str, Any] | None:
    """What `rebuilt` needs of a system; None for one that is no `System`, and so can't be made again by its name.

    Args:
        system: The system.
        model: Its trained model.
        weights: The variables as the SavedModel numbers them.
        pictures: Whether it embeds pictures, perhaps with texts; else texts alone.
    """
    if not isinstance(system, System):
        return None
    place = {id(variable): number for number, variable in enumerate(weights)}
    return {
        "format": FORMAT,
        "system": system.name,
        "seed": system.seed,
        "config": system.config.model_dump(mode="json"),
        "features": system.facts.features,
        "measured": system.facts.measured,
        "vocabularies": list(system.vocabularies),
        "pictures": pictures,
        "weights": [place[id(variable.value)] for variable in model.weights],
    }


def rebuilt(version: Path) -> tuple[System, keras.Model]:
    """The system of an export and its model, with the weights that are served.

    Args:
        version: `saved_models/<name>/<version>`.

    Raises:
        UserError: When the export keeps no recipe, or one that this version can't follow.
    """
    import tensorflow as tf

    content = read_recipe(version)
    try:
        words = {name: _vocabulary(version, name) for name in content["vocabularies"]}
        kind, facts = system_named(content["system"]), Facts(words, content["features"], content["measured"])
        config = validated(kind.Config, content["config"], str(version / MODEL_FILE))
        system = kind(config, facts, int(content["seed"]))
        model = system.build()
        reader = Checkpoint(version)
        kept = [reader.tensor(f"weights/{int(number)}{VALUE}") for number in content["weights"]]
        model.set_weights(kept)
    except (KeyError, TypeError, ValueError, AttributeError, tf.errors.OpError) as error:
        first = str(error).strip().split("\n")[0][:200]
        raise UserError(f"{version / MODEL_FILE}: its model can't be built ({first}); export again") from error
    return system, model


def read_recipe(version: Path) -> dict[str, Any]:
    """The content of `model.json`.

    Raises:
        UserError: When it is not there, damaged or newer.
    """
    path = version / MODEL_FILE
    if not path.is_file():
        raise UserError(f"{path}: not there, so this export can't embed more posts; export its run again")
    try:
        content = read_json(path, _Recipe, "recipe of a model").model_dump()
    except UserError as error:
        raise UserError(f"{path}: damaged ({str(error).removeprefix(f'{path}: ')}); export again") from error
    if content["format"] > FORMAT:
        raise UserError(f"{path}: format {content['format']} is newer than this kerasmm reads ({FORMAT})")
    return content


def _vocabulary(version: Path, name: str) -> list[str]:
    # By its last part: a file's content must not choose which file is read.
    path = within(version / "assets", f"{Path(name).name}.txt", version / MODEL_FILE)
    return read_text(path, what="vocabulary of the export").split("\n")[:-1]


def weights_digest(saved: Path) -> str:
    """SHA-256 over the weights of a SavedModel, without its indexes: the same in every version with the same weights."""
    reader = Checkpoint(saved)
    digest = hashlib.sha256()
    for key in sorted(key for key in reader.shapes if key.startswith("weights/")):
        value = reader.tensor(key)
        digest.update(f"{key} {value.dtype} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
