"""A setting that a comparison varies: each trained row once for each of its values, as in figure 7 of hashtag's paper."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasmm.console import UserError
from kerasmm.files.json_file import shortened
from kerasmm.files.yaml_file import loaded_yaml
from kerasmm.runs.comparison import slug
from kerasmm.systems.config import load_config

if TYPE_CHECKING:
    from kerasmm.systems.system import System

MOST_LETTERS = 60
"""Of a value, which is part of a folder's name."""

Curves = dict[str, list[Sequence[Mapping[str, float]]]]
"""Title of a row → for each value its figures, one mapping a seed."""


@dataclasses.dataclass(frozen=True)
class Varied:
    """A key of the configuration and the values that it takes; without a key nothing is varied.

    Args:
        key: Dotted, as `--set` takes it.
        changes: A value as titles name it → `key=value`.

    Example:

    >>> Varied.read("network.units=[8, 1],[16, 1]").rows("DMAN")
    {'DMAN, network.units=[8, 1]': ['network.units=[8, 1]'], 'DMAN, network.units=[16, 1]': ['network.units=[16, 1]']}
    >>> Varied().rows("DMAN")
    {'DMAN': []}
    """

    key: str = ""
    changes: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Varied:
        """What `--vary` takes: `key=value,value`, read as the items of a YAML list.

        Raises:
            UserError: When it is something else, or two values would have the same name.
        """
        key, equals, given = text.partition("=")
        key = key.strip()
        values = loaded_yaml(f"[{given}]", f"--vary {shortened(text)}", lines=False) if equals and key else []
        if not values:
            raise UserError(
                f"--vary takes key=value,value with a key that `kerasmm.fit --list-settings` shows, e.g. `a.b=1,2`. "
                f"Received: {shortened(repr(text))}"
            )
        changes: dict[str, str] = {}
        for value in values:
            said = _said(value)
            if slug(said) in map(slug, changes):
                raise UserError(f"--vary {shortened(text)}: two values would be called {slug(said)!r}; name each once")
            if len(said) > MOST_LETTERS:
                raise UserError(f"--vary {shortened(text)}: a value is longer than {MOST_LETTERS} letters")
            changes[said] = f"{key}={json.dumps(value, ensure_ascii=False)}"
        return cls(key, changes)

    def rows(self, row: str) -> dict[str, list[str]]:
        """The rows that a trained row becomes, by title, each with what is changed for it."""
        if not self.key:
            return {row: []}
        return {f"{row}, {self.key}={said}": [change] for said, change in self.changes.items()}

    def curves(self, rows: Sequence[str], found: Mapping[str, Sequence[Mapping[str, float]]], name: str = "") -> Curves:
        """The figures of trained rows, value by value.

        Args:
            rows: As they were asked for.
            found: What `Comparison.run` gave for them.
            name: Of the data set; "" where there is only one.
        """
        after = f", {name}" if name else ""
        return {row + after: [found[title] for title in self.rows(row)] for row in rows if self.key}

    def draw(self, kind: type[System], curves: Curves, output: Path) -> None:
        """Draws what the paper's protocol compares along the values, `vary_KEY.png`; nothing where nothing is varied."""
        if not self.key:
            return
        from kerasmm.drawing.bands import plot_along

        protocol, path = kind.Protocol, output / f"vary_{self.key}.png"
        plot_along(self.key, list(self.changes), curves, protocol.compared, path, protocol.compared_weights)


def read_varied(
    asked: Sequence[str], kind: type[System], config: Path | None, changes: Mapping[str, Sequence[str]]
) -> Varied:
    """What `--vary` asks for; every value is tried on the configuration of every trained row before one is trained.

    Args:
        asked: As often as the option was given.
        kind: The system's class.
        config: YAML file that all configurations share.
        changes: `key=value` by trained row.

    Raises:
        UserError: When it was given twice, no row is trained, or a configuration refuses a value.
    """
    if not asked:
        return Varied()
    if len(asked) > 1:
        raise UserError(f"--vary: one key can be varied at a time. Received: {' and '.join(asked)}")
    if not changes:
        raise UserError("--vary repeats trained rows, and --rows names baselines alone; see --list")
    varied = Varied.read(asked[0])
    for row, shared in changes.items():
        for own in varied.rows(row).values():
            try:
                load_config(kind.Config, config, [*shared, *own])
            except UserError as error:
                raise UserError(f"--vary {' '.join(own)} of row {row!r}: {error}") from error
    return varied


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
