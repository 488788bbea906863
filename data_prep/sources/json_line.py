"""One line of JSON, as people write it: what is wrong with it, when something is."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

from data_prep.sources.lines import Line
from data_prep.sources.post_fields import Faulty


def parsed(text: str) -> Any:
    """The value.

    Raises:
        Faulty: When it is no JSON, or an object has a key twice: which of the two is meant, nobody knows.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise Faulty("not valid JSON") from error


def is_spread(found: Iterable[Line]) -> bool:
    """Whether one JSON value seems to go over all lines of a file, as programs print it for people."""
    filled = (line.text.strip() for line in found if line.text.strip())
    first, second, *_ = [*itertools.islice(filled, 2), "", ""]
    return "".join(first.split()) in ("[", "[{") or (first == "{" and second.startswith('"'))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise Faulty("a key given twice in one JSON object")
    return content
