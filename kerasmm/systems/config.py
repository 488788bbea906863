"""Configurations: typed sections that every system shares, and how YAML, `--set` and defaults become one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kerasmm.console import UserError, nearest


class Section(BaseModel):
    """A part of a configuration: unknown keys are refused, values can't be changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Optimizer(Section):
    """How the parameters move."""

    name: Literal["sgd", "adam", "adamw"] = "sgd"
    learning_rate: float = Field(default=0.01, gt=0)
    schedule: Literal["constant", "cosine", "step"] = "constant"
    """`cosine` lets the learning rate fall to nothing over the epochs of the training; `step` lets it fall by
    `step_factor` every `step_epochs`."""
    step_epochs: int = Field(default=10, ge=1)
    """With `step` only."""
    step_factor: float = Field(default=0.1, gt=0, le=1)
    """With `step` only."""
    weight_decay: float | None = Field(default=None, ge=0)
    """Decoupled: each step takes this share of the learning rate off every parameter. Not the L2 penalty of a loss."""
    momentum: float = Field(default=0.9, ge=0, lt=1)
    """SGD only."""
    nesterov: bool = True
    """SGD only."""
    clip_norm: float | None = Field(default=None, gt=0)
    """Global norm that the gradient, summed over all replicas, is clipped to."""


class Training(Section):
    """What every training has."""

    epochs: int = Field(default=10, ge=1)
    batch_size: int = Field(default=32, ge=1)
    """Posts a step, over all replicas."""
    precision: Literal["float32", "mixed_bfloat16", "mixed_float16"] = "float32"
    optimizer: Optimizer = Optimizer()
    checkpoint_seconds: float = Field(default=120.0, ge=0)
    """A checkpoint at the end of each epoch, and in mid-epoch when the last one is older than this."""
    patience: int | None = Field(default=None, ge=1)
    """Stop after so many epochs without a better validation metric."""
    monitor: str = ""
    """The validation metric that picks the best model; empty: the system's own."""


class Encoder(Section):
    """Where picture features come from."""

    name: str | None = None
    """An encoder of `kerasmm.encoders`, e.g. `efficientnet_lite0`. Empty: the one whose features the data set holds, else
    `small`, trained from scratch."""
    weights: str | None = None
    """Path of a weights file; empty: the encoder's usual ones."""
    resize: Literal["squash", "crop"] = "squash"
    """How pictures come to the encoder's size, where no stored features say it: `crop` brings the shorter side to 8/7 of
    it and takes the centre."""
    trainable: bool | None = None
    """Fine-tune the encoder. Empty: only `small` is trained."""


class SystemConfig(Section):
    """What the configuration of every system has."""

    training: Training = Training()
    encoder: Encoder = Encoder()


C = TypeVar("C", bound=SystemConfig)


def load_config(kind: type[C], path: Path | None = None, changes: list[str] | None = None) -> C:
    """Makes a configuration from defaults, a YAML file and `key=value` changes, the later the stronger.

    Args:
        kind: The system's configuration class.
        path: YAML file; keys as in the class.
        changes: `training.epochs=5` …; values are read as YAML.

    Raises:
        UserError: For an unreadable file, an unknown key (with the nearest known one) or a wrong value.
    """
    # Laid over the system's own defaults: a section that names one key keeps the others.
    tree = _merged(kind().model_dump(), read_yaml(path) if path else {})
    for change in changes or []:
        key, equals, value = change.partition("=")
        if not equals or not key:
            raise UserError(f"--set {change}: expected key=value, e.g. training.epochs=5")
        _put(tree, key.strip().split("."), _value(change, value))
    return validated(kind, tree, str(path) if path and not changes else "configuration")


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping."""
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: can't be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not valid YAML ({error})") from error
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise UserError(f"{path}: expected keys and values. Received: {type(tree).__name__}")
    return tree


def validated(kind: type[C], tree: dict[str, Any], where: str) -> C:
    """Validates a tree of values; errors name the key."""
    try:
        return kind.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            raise UserError(f"{where}: unknown key {key!r}.{nearest(key, keys_of(kind))}") from error
        raise UserError(f"{where}: `{key}`: {first['msg']}. Received: {first['input']!r}") from error


def keys_of(kind: type[BaseModel], prefix: str = "") -> list[str]:
    """All dotted keys of a configuration class."""
    keys = []
    for name, field in kind.model_fields.items():
        keys.append(prefix + name)
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys += keys_of(field.annotation, f"{prefix}{name}.")
    return keys


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    both = {key for key in above if isinstance(above[key], dict) and isinstance(below.get(key), dict)}
    return {**below, **above, **{key: _merged(below[key], above[key]) for key in both}}


def _value(change: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise UserError(f"--set {change}: the value is not valid YAML") from error


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        child = tree.setdefault(part, {})
        if not isinstance(child, dict):
            raise UserError(f"--set {'.'.join(path)}: `{part}` is a value, not a section")
        tree = child
    tree[path[-1]] = value
