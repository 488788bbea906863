"""Settings: typed sections, and how defaults, YAML and `key=value` become one checked configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.fields import FieldInfo

from kerasmm.console import UserError, nearest
from kerasmm.files.json_file import shortened
from kerasmm.files.reading import read_text


class Section(BaseModel):
    """A part of a configuration: unknown keys are refused, values can't be changed afterwards.

    The docstring under a key is its meaning, which `--list-settings` shows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


S = TypeVar("S", bound=Section)

_LEVELS = 20
"""Sections inside one another, at most."""


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty mapping.

    Raises:
        UserError: When the file is missing, is no YAML within the bounds of `loaded_yaml`, or holds no mapping.
    """
    from kerasmm.files.yaml_file import YAML_BYTES, loaded_yaml

    content = loaded_yaml(read_text(Path(path), YAML_BYTES, "configuration file"), str(path))
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise UserError(f"{path}: expected a mapping of keys to values. Received: {type(content).__name__}")
    return {str(key): value for key, value in content.items()}


def assigned(assignment: str) -> dict[str, Any]:
    """What `--set` takes, as a nested mapping; the value is read as YAML.

    Raises:
        UserError: When it is no `key=value`, or the value no YAML.

    Example:

    >>> assigned("split.test=0.1")
    {'split': {'test': 0.1}}
    """
    from kerasmm.files.yaml_file import loaded_yaml

    key, equals, value = assignment.partition("=")
    names = key.strip().split(".")
    if not equals or not all(names) or len(names) > _LEVELS:
        raise UserError(
            "--set takes key=value with a key that --list-settings shows, e.g. `a.b=1`. "
            f"Received: {shortened(repr(assignment))}"
        )
    content: Any = loaded_yaml(value, f"--set {shortened(key)}", lines=False)
    for name in reversed(names):
        content = {name: content}
    return dict(content)


def merged(*layers: Mapping[str, Any]) -> dict[str, Any]:
    """Nested mappings laid over one another; later ones win, key by key."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            both = isinstance(value, Mapping) and isinstance(result.get(key), Mapping)
            result[key] = merged(result[key], value) if both else value
    return result


def validated(kind: type[S], content: Mapping[str, Any], where: str = "configuration") -> S:
    """The configuration that `content` describes.

    Args:
        kind: The configuration class.
        content: Nested keys and values; keys that are left out have their defaults.
        where: What `content` came from, for messages.

    Raises:
        UserError: For an unknown key, with the nearest known one, or a value of the wrong type or range.
    """
    try:
        return kind.model_validate(dict(content))
    except ValidationError as error:
        # An unknown key says more than the missing one that it should have been.
        first = min(error.errors(), key=lambda found: found["type"] != "extra_forbidden")
        path = tuple(map(str, first["loc"]))
        if first["type"] == "extra_forbidden":
            raise UserError(f"{where}: unknown key `{'.'.join(path)}`.{_nearest_key(kind, path)}") from error
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] in ("model_type", "dict_type"):
            message = f"must be a mapping with keys of {', '.join(_section_at(kind, path).model_fields)}"
        key = f"`{'.'.join(path)}`: " if path else ""
        raise UserError(f"{where}: {key}{message}. Received: {shortened(repr(first['input']))}") from error


def _nearest_key(kind: type[Section], path: tuple[str, ...]) -> str:
    """The known key that was meant: one of the same section, else one of another."""
    *above, last = path
    fields = _section_at(kind, tuple(above)).model_fields
    near = nearest(last, fields)
    if near and above:
        return near.replace("mean '", f"mean '{'.'.join(above)}.")
    return near or nearest(".".join(path), [key for key, _, _ in _fields(kind)])


def _section_at(kind: type[Section], path: tuple[str, ...]) -> type[Section]:
    for name in path:
        # A place in a list, or a key of somebody's own, is no field.
        kind = section_of(kind.model_fields[name]) or kind if name in kind.model_fields else kind
    return kind


def section_of(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, perhaps or always."""
    kinds = (field.annotation, *get_args(field.annotation))
    return next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Section)), None)


def _fields(kind: type[Section], prefix: str = "") -> Iterator[tuple[str, FieldInfo, type[Section]]]:
    """Every dotted key, sections before what they hold."""
    for name, field in kind.model_fields.items():
        yield prefix + name, field, kind
        if section := section_of(field):
            yield from _fields(section, f"{prefix}{name}.")
