"""What an export keeps of its model, so that more posts can be embedded by the very weights that are served.

`assets.extra/model.json` has the configuration and the facts; vocabularies and weights are those of the SavedModel.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasmm.console import UserError
from kerasmm.settings import validated
from kerasmm.systems import Facts, System
from kerasmm.systems import system as system_named

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

MODEL_FILE = Path("assets.extra", "model.json")
FORMAT = 1
CHECKPOINT = Path("variables", "variables")
VALUE = "/.ATTRIBUTES/VARIABLE_VALUE"
"""What the keys of a checkpoint's variables end in."""


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
        reader = tf.train.load_checkpoint(str(version / CHECKPOINT))
        kept = [reader.get_tensor(f"weights/{int(number)}{VALUE}") for number in content["weights"]]
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
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if content["format"] > FORMAT:
            raise UserError(f"{path}: format {content['format']} is newer than this kerasmm reads ({FORMAT})")
    except (ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: damaged ({error!r}); export again") from error
    return content


def _vocabulary(version: Path, name: str) -> list[str]:
    # By its last part: a file's content must not choose which file is read.
    return (version / "assets" / f"{Path(name).name}.txt").read_text(encoding="utf-8").split("\n")[:-1]


def weights_digest(saved: Path) -> str:
    """SHA-256 over the weights of a SavedModel, without its indexes: the same in every version with the same weights."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(saved / CHECKPOINT))
    digest = hashlib.sha256()
    for key in sorted(key for key in reader.get_variable_to_shape_map() if key.startswith("weights/")):
        value = np.asarray(reader.get_tensor(key))
        digest.update(f"{key} {value.dtype} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
