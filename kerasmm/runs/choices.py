"""`choices.json` of a run: what its export answers by, where a system has several ways; see `Protocol.choose`."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

from kerasmm.console import UserError
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
    if not path.is_file():
        return {}
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        choices = {signature: Choice(**one) for signature, one in content.items()}
        for one in choices.values():
            # Raises where something that is said of it is missing.
            one.said(one.titles[one.chosen])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged, {error!r}; remove it, and `--resume` the run to choose again") from error
    return choices
