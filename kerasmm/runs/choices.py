"""`choices.json` of a run: what its export answers by, where a system has several ways; see `Protocol.choose`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from kerasmm.console import UserError
from kerasmm.files.json_file import read_json
from kerasmm.files.reading import is_regular
from kerasmm.systems.protocol import Choice

CHOICES = "choices.json"


def choices_text(choices: Mapping[str, Choice]) -> str:
    """The content of the file."""
    content = {signature: dataclasses.asdict(one) for signature, one in choices.items()}
    return json.dumps(content, ensure_ascii=False, indent=1) + "\n"


def read_choices(folder: Path) -> dict[str, Choice]:
    """The choices of a run, by signature; none of one that is older, or not trained to its end.

    Raises:
        UserError: When the file is damaged.
    """
    path = folder / CHOICES
    if not is_regular(path):
        return {}
    choices = read_json(path, dict[str, Choice], "file of choices")
    for signature, one in choices.items():
        if one.chosen not in one.titles:
            raise UserError(f"{path}: `{signature}.titles`: {one.chosen!r} is missing")
    return choices
