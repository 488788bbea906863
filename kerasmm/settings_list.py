"""The list of settings: every key of a configuration with its default, what it may be and what it means."""

from __future__ import annotations

import dataclasses
import sys
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from kerasmm.console import show
from kerasmm.settings import Section, section_of


@dataclasses.dataclass(frozen=True)
class Setting:
    """A key of a configuration, for people.

    Args:
        key: Dotted, as `--set` takes it.
        default: Its value as YAML; empty for a section, and for a key that its section can't do without.
        values: What it may be.
        meaning: What it does.
    """

    key: str
    default: str
    values: str
    meaning: str


def listed(config: Section | type[Section], prefix: str = "") -> list[Setting]:
    """All keys of a configuration class with their defaults, or of a configuration with its values.

        Sections are flattened to dotted keys and stand before what they hold.

        Args:
            config: The class, or a configuration.
            prefix: Comes before every key.

        Example:

        >>> from kerasmm.console import show
    from kerasmm.settings import Section
        >>> class Words(Section):
        ...     most: int = 1000
        >>> [(setting.key, setting.default) for setting in listed(Words, "tags.")]
        [('tags.most', '1000')]
    """
    kind = config if isinstance(config, type) else type(config)
    settings = []
    for name, field in kind.model_fields.items():
        default = None if field.is_required() else field.get_default(call_default_factory=True)
        value = default if isinstance(config, type) else getattr(config, name)
        section, key = section_of(field), prefix + name
        meaning = " ".join((field.description or (section and section.__doc__) or "").split())
        if section is None:
            shown = "" if isinstance(config, type) and field.is_required() else _as_yaml(value)
            settings.append(Setting(key, shown, _values(field), meaning))
        else:
            values = "a section" if field.annotation is section else "a section, or null"
            settings.append(Setting(key, "null" if value is None else "", values, meaning))
            settings += listed(section if value is None else value, f"{key}.")
    return settings


def print_settings(settings: list[Setting]) -> None:
    """Prints a table on a terminal; elsewhere a line for each setting: key, default, values, meaning, by tabs."""
    if not sys.stdout.isatty():
        for setting in settings:
            show("\t".join(dataclasses.astuple(setting)))
        return
    from rich.table import Table
    from rich.text import Text

    from kerasmm.terminal import Terminal

    table = Table("key", "default", "values", "meaning", box=None, pad_edge=False, header_style="bold")
    for setting in settings:
        is_section = setting.values.startswith("a section")
        style = "bold" if is_section else ""
        table.add_row(*(Text(cell, style) for cell in dataclasses.astuple(setting)))
    Terminal().print(table)


def _as_yaml(value: Any) -> str:
    import yaml

    plain = list(value) if isinstance(value, tuple) else value
    return str(yaml.safe_dump(plain, default_flow_style=True, width=10_000)).removesuffix("...\n").strip()


_NAMES = {int: "integer", float: "number", str: "text", bool: "true or false", type(None): "null"}


def _values(field: FieldInfo) -> str:
    first, *others = _alternatives(field.annotation)
    return ", or ".join([_bounded(first, field), *others])


def _bounded(name: str, field: FieldInfo) -> str:
    bounds = [
        f"{sign} {getattr(bound, key)}"
        for bound in field.metadata
        for key, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if hasattr(bound, key)
    ]
    return " ".join([name, ", ".join(bounds)]).strip()


def _alternatives(annotation: Any) -> list[str]:
    if get_origin(annotation) in (Union, UnionType):
        return [name for kind in get_args(annotation) for name in _alternatives(kind)]
    if get_origin(annotation) is Literal:
        return [", ".join(map(str, get_args(annotation)))]
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        return [_bounded(_alternatives(kind)[0], mark) for mark in marks if isinstance(mark, FieldInfo)]
    if get_origin(annotation) in (list, tuple):
        return [f"list of {_alternatives(get_args(annotation)[0])[0]}"]
    if get_origin(annotation) is dict:
        return [f"mapping to {_alternatives(get_args(annotation)[1])[0]}"]
    return [_NAMES.get(annotation, str(annotation))]
